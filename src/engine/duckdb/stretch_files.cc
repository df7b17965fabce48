#include "engine/duckdb/internal/stretch_files.h"

#include <fcntl.h>

#include "common/descriptor.h"
#include "common/ids.h"
#include "storage/path.h"

namespace neurolake::engine::duckdb {
namespace {

int64_t CountOf(const RowCollection& rows) { return rows == nullptr ? 0 : static_cast<int64_t>(rows->Count()); }

/// The size of the fewest pieces of about one size that have at most `piece_max` of `rows`.
int64_t EvenPiece(int64_t rows, int64_t piece_max) {
  const int64_t pieces = std::max<int64_t>(1, (rows + piece_max - 1) / piece_max);
  return std::max<int64_t>(1, (rows + pieces - 1) / pieces);
}

/// Lets the disk begin with a finished file while others are made: the commit waits for all of them to be durable.
void BeginWriteback(const std::string& path) {
  if (storage::IsUrl(path)) return;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return;  // Whatever is wrong, the commit finds it.
  (void)::sync_file_range(file.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

}  // namespace

void ThrowIfInterrupted(native::ClientContext& context) {
  if (context.IsInterrupted()) throw native::InterruptException();
}

StretchFiles::StretchFiles(native::ClientContext& context, WriteJob& job, std::string directory,
                           native::vector<native::LogicalType> types, const GroupLimits& limits)
    : context_(context), job_(job), directory_(std::move(directory)), types_(std::move(types)), limits_(limits) {}

void StretchFiles::Begin(int64_t rows) {
  Finish();
  const int64_t pieces = PiecesOf(rows, limits_.file_rows);
  piece_rows_ = std::max<int64_t>(1, (rows + pieces - 1) / pieces);
}

void StretchFiles::Append(std::vector<RowCollection> groups) {
  int64_t rows = 0;
  for (const RowCollection& group : groups) rows += CountOf(group);
  if (rows == 0) return;
  ThrowIfInterrupted(context_);
  // Twice as many as wanted, where a cell has them, rather than another copy.
  if (groups.size() == 1 && groups[0]->ColumnCount() == types_.size() && rows <= 2 * limits_.group_rows &&
      file_rows_ + rows <= piece_rows_) {
    group_ = std::move(groups[0]);
    AppendGroup();
    return;
  }
  const int64_t group_rows = EvenPiece(std::min(rows, piece_rows_), limits_.group_rows);
  for (RowCollection& group : groups) {
    if (CountOf(group) > 0) Cut(std::move(group), group_rows);
  }
  AppendGroup();
}

void StretchFiles::Cut(RowCollection rows, int64_t group_rows) {
  native::DataChunk taken;
  taken.InitializeEmpty(types_);
  Consume(std::move(rows), [&](native::DataChunk& chunk) {
    ThrowIfInterrupted(context_);
    const auto size = static_cast<int64_t>(chunk.size());
    for (int64_t first = 0; first < size;) {
      const int64_t room = std::min(group_rows, piece_rows_ - file_rows_) - CountOf(group_);
      const int64_t count = std::min(size - first, room);
      for (native::idx_t i = 0; i < types_.size(); ++i) taken.data[i].Reference(chunk.data[i]);
      taken.SetCardinality(chunk.size());
      if (count < size) {
        taken.Slice(native::SelectionVector(static_cast<native::idx_t>(first), static_cast<native::idx_t>(count)),
                    static_cast<native::idx_t>(count));
      }
      if (group_ == nullptr) group_ = native::make_uniq<native::ColumnDataCollection>(context_, types_);
      group_->Append(taken);
      first += count;
      if (count == room) AppendGroup();
    }
  });
}

void StretchFiles::AppendGroup() {
  const int64_t rows = CountOf(group_);
  if (rows == 0) return;
  if (!writer_) {
    // Opening asks the catalogue, which is the statement's and not the thread's.
    std::lock_guard lock(job_.mutex);
    writer_.emplace(context_, job_.target, fmt::format("{}/part-{}.parquet", directory_, NewUuid()));
  }
  writer_->AppendRowGroup(std::move(group_));
  file_rows_ += rows;
  if (file_rows_ >= piece_rows_) Finish();
}

void StretchFiles::Finish() {
  AppendGroup();
  file_rows_ = 0;
  if (!writer_) return;
  WrittenFile file = writer_->Finish();
  writer_.reset();
  BeginWriteback(file.path);
  std::lock_guard lock(job_.mutex);
  job_.written.push_back(std::move(file));
}

}  // namespace neurolake::engine::duckdb
