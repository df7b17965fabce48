#include "engine/duckdb/internal/stretch_files.h"

#include <fcntl.h>

#include "common/descriptor.h"
#include "common/ids.h"
#include "storage/path.h"

namespace neurolake::engine::duckdb {
namespace {

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

StretchFiles::StretchFiles(native::ClientContext& context, WriteJob& job, Options options)
    : context_(context), job_(job), options_(std::move(options)) {}

void StretchFiles::Begin(int64_t rows) {
  Finish();
  const int64_t pieces = PiecesOf(rows, options_.limits.file_rows);
  piece_rows_ = std::max<int64_t>(1, (rows + pieces - 1) / pieces);
}

void StretchFiles::Append(std::vector<RowCollection> groups) {
  int64_t rows = 0;
  for (const RowCollection& group : groups) rows += group.Count();
  if (rows == 0) return;
  ThrowIfInterrupted(context_);
  // Twice as many as wanted, where a cell has them, rather than another copy. Flat rows may have more columns.
  const auto* collected = groups[0].collected();
  if (groups.size() == 1 && (collected == nullptr || collected->ColumnCount() == options_.types.size()) &&
      rows <= 2 * options_.limits.group_rows && file_rows_ + rows <= piece_rows_) {
    AppendGroup(std::move(groups[0]));
    return;
  }
  const int64_t group_rows = EvenPiece(std::min(rows, piece_rows_), options_.limits.group_rows);
  for (RowCollection& group : groups) {
    if (group.Count() > 0) Cut(std::move(group), group_rows);
  }
  AppendCutRows();
}

void StretchFiles::Cut(RowCollection rows, int64_t group_rows) {
  if (!cut_rows_) {
    auto layout = options_.flat ? std::make_shared<const FlatLayout>(options_.types) : nullptr;
    cut_rows_.emplace(
        context_,
        RowScatter::Options{.types = options_.types, .layout = std::move(layout), .targets = 1, .used_soon = true});
  }
  const std::vector<uint32_t> targets(STANDARD_VECTOR_SIZE);
  native::DataChunk taken;
  taken.InitializeEmpty(options_.types);
  Consume(std::move(rows), [&](native::DataChunk& chunk) {
    ThrowIfInterrupted(context_);
    const auto size = static_cast<int64_t>(chunk.size());
    for (int64_t first = 0; first < size;) {
      const int64_t room = std::min(group_rows, piece_rows_ - file_rows_) - cut_row_count_;
      const int64_t count = std::min(size - first, room);
      for (native::idx_t i = 0; i < options_.types.size(); ++i) taken.data[i].Reference(chunk.data[i]);
      taken.SetCardinality(chunk.size());
      if (count < size) {
        taken.Slice(native::SelectionVector(static_cast<native::idx_t>(first), static_cast<native::idx_t>(count)),
                    static_cast<native::idx_t>(count));
      }
      cut_rows_->Add(taken, targets);
      cut_row_count_ += count;
      first += count;
      if (count == room) AppendCutRows();
    }
  });
}

void StretchFiles::AppendCutRows() {
  if (cut_row_count_ == 0) return;
  cut_row_count_ = 0;
  AppendGroup(cut_rows_->Take(0));
}

void StretchFiles::AppendGroup(RowCollection group) {
  const int64_t rows = group.Count();
  if (!flat_writer_ && !writer_) OpenFile();
  if (flat_writer_) {
    flat_writer_->AppendRowGroup(group.TakeFlat());
  } else {
    writer_->AppendRowGroup(group.TakeCollected());
  }
  file_rows_ += rows;
  if (file_rows_ >= piece_rows_) Finish();
}

void StretchFiles::OpenFile() {
  // Opening asks the catalogue, which is the statement's and not the thread's.
  std::lock_guard lock(job_.mutex);
  const std::string path = fmt::format("{}/part-{}.parquet", options_.directory, NewUuid());
  if (options_.flat) {
    flat_writer_.emplace(context_, job_.target, options_.types, path);
  } else {
    writer_.emplace(context_, job_.target, path);
  }
}

void StretchFiles::Finish() {
  AppendCutRows();
  file_rows_ = 0;
  if (!flat_writer_ && !writer_) return;
  WrittenFile file = flat_writer_ ? flat_writer_->Finish() : writer_->Finish();
  flat_writer_.reset();
  writer_.reset();
  BeginWriteback(file.path);
  std::lock_guard lock(job_.mutex);
  job_.written.push_back(std::move(file));
}

}  // namespace neurolake::engine::duckdb
