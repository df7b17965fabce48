#include <numeric>

#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/lake_scan.h"
#include "engine/duckdb/internal/object_file_system.h"
#include "engine/duckdb/internal/read_conditions.h"
#include "storage/path.h"
#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr const char* kSnapshotIndex = "snapshot_index";
constexpr int64_t kModifiedMax = 253'402'300'799'000;  ///< In ms: the end of the year 9999.

}  // namespace

uint32_t SnapshotIndex(const native::OpenFileInfo& info) {
  NL_CHECK(info.extended_info != nullptr);
  return info.extended_info->options.at(kSnapshotIndex).GetValue<uint32_t>();
}

void LakeScan::AddReading(Reading reading) {
  std::lock_guard lock(readings_mutex_);
  readings_.push_back(std::move(reading));
}

std::vector<LakeScan::Reading> LakeScan::readings() const {
  std::lock_guard lock(readings_mutex_);
  return readings_;
}

native::shared_ptr<LakeFileList> LakeFileList::All(std::shared_ptr<LakeScan> scan) {
  auto files = std::make_shared<std::vector<uint32_t>>(scan->snapshot->files().size());
  std::iota(files->begin(), files->end(), 0U);
  return native::make_shared_ptr<LakeFileList>(std::move(scan), std::move(files),
                                               std::make_shared<tables::delta::ReadPredicate>());
}

std::shared_ptr<const tables::delta::ReadPredicate> LakeFileList::Narrowed(
    const std::function<void(tables::delta::ReadPredicate&)>& narrow) const {
  if (predicate_ == nullptr) return nullptr;
  auto narrowed = std::make_shared<tables::delta::ReadPredicate>(*predicate_);
  narrow(*narrowed);
  return narrowed->size() == predicate_->size() ? predicate_ : narrowed;
}

native::unique_ptr<native::MultiFileList> LakeFileList::ComplexFilterPushdown(
    native::ClientContext&, const native::MultiFileOptions&, native::MultiFilePushdownInfo& info,
    native::vector<native::unique_ptr<native::Expression>>& filters) const {
  if (filters.empty() || files_->empty()) return nullptr;
  auto kept = std::make_shared<std::vector<uint32_t>>(
      scan_->pruner->Prune(*files_, filters, info.table_index, info.column_ids));
  auto predicate = Narrowed([&](tables::delta::ReadPredicate& narrowed) {
    AddConditions(filters, info.table_index, info.column_ids, scan_->snapshot->schema(), narrowed);
  });
  if (kept->size() == files_->size() && predicate == predicate_) return nullptr;
  scan_->files_kept = static_cast<int64_t>(kept->size());
  return native::make_uniq<LakeFileList>(scan_, std::move(kept), std::move(predicate));
}

native::unique_ptr<native::MultiFileList> LakeFileList::DynamicFilterPushdown(
    native::ClientContext&, const native::MultiFileOptions&, const native::vector<native::string>&,
    const native::vector<native::LogicalType>&, const native::vector<native::column_t>& column_ids,
    native::TableFilterSet& filters) const {
  std::vector<FilePruner::ColumnFilter> columns;
  for (const auto& [position, filter] : filters.filters) {
    if (position >= column_ids.size() || native::IsVirtualColumn(column_ids[position])) continue;
    columns.push_back({column_ids[position], filter.get()});
  }
  if (columns.empty() || files_->empty()) return nullptr;
  auto kept = std::make_shared<std::vector<uint32_t>>(scan_->pruner->Prune(*files_, columns));
  auto predicate = Narrowed([&](tables::delta::ReadPredicate& narrowed) {
    for (const auto& [column, filter] : columns) AddConditions(column, *filter, scan_->snapshot->schema(), narrowed);
  });
  if (kept->size() == files_->size() && predicate == predicate_) return nullptr;
  return native::make_uniq<LakeFileList>(scan_, std::move(kept), std::move(predicate));
}

native::vector<native::OpenFileInfo> LakeFileList::GetAllFiles() const {
  native::vector<native::OpenFileInfo> files;
  for (size_t i = 0; i < files_->size(); ++i) files.push_back(GetFile(i));
  return files;
}

native::FileExpandResult LakeFileList::GetExpandResult() const {
  // Never SINGLE_FILE: then one thread would do all of the file's row groups, for we have opened no reader to count
  // them.
  return files_->empty() ? native::FileExpandResult::NO_FILES : native::FileExpandResult::MULTIPLE_FILES;
}

native::OpenFileInfo LakeFileList::GetFile(native::idx_t index) const {
  if (index >= files_->size()) return {};
  const auto& file = scan_->snapshot->files()[(*files_)[index]];
  native::OpenFileInfo info(ValueOrThrow(scan_->snapshot->PathOf(file.path)));
  info.extended_info = native::make_shared_ptr<native::ExtendedOpenFileInfo>();
  auto& options = info.extended_info->options;
  options[kSnapshotIndex] = native::Value::UINTEGER((*files_)[index]);
  options["has_deletes"] =
      native::Value::BOOLEAN(file.deletion_vector.has_value() || scan_->table->change_rows() != nullptr);
  if (storage::IsUrl(info.path)) {
    // A data file never changes, so what the log says of it saves a request for each.
    options[kKnownFileSize] = native::Value::UBIGINT(static_cast<uint64_t>(std::max<int64_t>(0, file.size_bytes)));
    // A log may say anything.
    const int64_t micros = std::clamp<int64_t>(file.modification_time_ms, 0, kModifiedMax) * 1000;
    options[kKnownModified] = native::Value::TIMESTAMP(native::timestamp_t(micros));
  }
  return info;
}

native::unique_ptr<native::NodeStatistics> LakeFileList::GetCardinality(native::ClientContext&) const {
  // A sample is enough for an estimate, and parsing every file's statistics is not cheap.
  constexpr size_t kSampleMax = 256;
  constexpr int64_t kBytesPerRowGuess = 64;
  const size_t step = std::max<size_t>(1, files_->size() / kSampleMax);
  int64_t rows = 0;
  size_t seen = 0;
  for (size_t i = 0; i < files_->size(); i += step, ++seen) {
    const auto& snapshot = *scan_->snapshot;
    const uint32_t file = (*files_)[i];
    rows += snapshot.LiveRows(file).value_or(snapshot.files().size_bytes(file) / kBytesPerRowGuess);
  }
  const double scale = seen == 0 ? 1.0 : static_cast<double>(files_->size()) / static_cast<double>(seen);
  return native::make_uniq<native::NodeStatistics>(
      static_cast<native::idx_t>(std::max<double>(0.0, static_cast<double>(rows) * scale)));
}

std::optional<int64_t> LakeFileList::ExactRowCount() const {
  int64_t rows = 0;
  for (uint32_t index : *files_) {
    auto count = scan_->snapshot->LiveRows(index);
    if (!count.has_value()) return std::nullopt;
    rows += *count;
  }
  return rows;
}

native::unique_ptr<native::MultiFileList> LakeFileList::Copy() const {
  return native::make_uniq<LakeFileList>(scan_, files_, predicate_);
}

}  // namespace neurolake::engine::duckdb
