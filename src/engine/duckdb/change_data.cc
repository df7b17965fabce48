#include "engine/duckdb/internal/change_data.h"

#include "common/ids.h"
#include "common/text.h"
#include "engine/duckdb/internal/data_file_rows.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/statement_state.h"
#include "tables/delta/change_feed.h"
#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::AddFile;
using Partition = std::vector<std::pair<std::string, std::optional<std::string>>>;

constexpr const char* kInserted = "insert";
constexpr const char* kUpdated = "update_postimage";
constexpr const char* kBeforeUpdate = "update_preimage";
constexpr const char* kDeleted = "delete";
constexpr size_t kOpenFilesMax = 32;  // Of one thread: each may hold a row group in memory.

/// The table as files of changes have it: one column more.
WriteTarget WithChangeType(WriteTarget target) {
  tables::delta::StructField type;
  type.name = tables::delta::kChangeType;
  target.layout.schema.fields.push_back(std::move(type));
  target.row_ids.reset();  // Change data has none.
  return target;
}

/// One file of changes being written, all its rows of one partition.
class ChangeFile {
 public:
  ChangeFile(native::ClientContext& context, const WriteTarget& target, Partition partition)
      : writer_(context, target, NewPath(context, target)), partition_(std::move(partition)) {
    rows_.InitializeEmpty(DataFileWriter::Types(target));
  }

  /// `columns` are those of a data file: no partition columns, nor the change type.
  void Append(const std::vector<native::Vector*>& columns, const native::SelectionVector& rows, native::idx_t count,
              const char* change_type) {
    if (count == 0) return;
    for (size_t i = 0; i < columns.size(); ++i) {
      rows_.data[i].Reinterpret(*columns[i]);  // Mapped columns have other names inside.
      rows_.data[i].Slice(rows, count);
    }
    rows_.data[columns.size()].Reference(native::Value(change_type));
    rows_.SetCardinality(count);
    writer_.Append(rows_);
  }

  WrittenFile Finish() {
    WrittenFile file = writer_.Finish();
    file.partition = partition_;
    return file;
  }

 private:
  static std::string NewPath(native::ClientContext& context, const WriteTarget& target) {
    const std::string directory = target.layout.location + "/_change_data";
    ValueOrThrow(StatementState::Get(context).store->MakeDirectory(directory));
    return fmt::format("{}/cdc-{}.parquet", directory, NewUuid());
  }

  DataFileWriter writer_;
  Partition partition_;
  native::DataChunk rows_;
};

struct ChangeRowsState final : native::OperatorState {
  std::optional<WriteTarget> target;
  std::map<std::string, std::unique_ptr<ChangeFile>> files;  // By partition.
  std::vector<WrittenFile> finished;

  void FinishAll() {
    for (auto& [key, file] : files) finished.push_back(file->Finish());
    files.clear();
  }
};

/// The rows of one partition in a chunk.
struct PartitionRows {
  Partition values;
  std::vector<native::idx_t> rows;
};

std::map<std::string, PartitionRows> ByPartition(native::DataChunk& chunk, const FileLayout& layout) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < layout.schema.fields.size(); ++i) {
    if (layout.IsPartition(layout.schema.fields[i].name)) columns.push_back(i);
  }
  std::map<std::string, PartitionRows> result;
  for (native::idx_t row = 0; row < chunk.size(); ++row) {
    std::string key;
    Partition values;
    for (const size_t column : columns) {
      const native::Value value = chunk.GetValue(column, row);
      std::optional<std::string> text;
      if (!value.IsNull()) text = value.ToString();
      key += text ? fmt::format("v{}:{}", text->size(), *text) : "n";
      values.emplace_back(layout.schema.fields[column].physical_name(), std::move(text));
    }
    auto& partition = result[key];
    if (partition.rows.empty()) partition.values = std::move(values);
    partition.rows.push_back(row);
  }
  return result;
}

native::SelectionVector Selection(const std::vector<native::idx_t>& rows) {
  native::SelectionVector selection(std::max<size_t>(1, rows.size()));
  for (size_t i = 0; i < rows.size(); ++i) selection.set_index(i, rows[i]);
  return selection;
}

bool Contains(const std::vector<RowDeletions::Run>& runs, uint64_t row) {
  const auto after = std::ranges::upper_bound(runs, row, {}, &RowDeletions::Run::first);
  if (after == runs.begin()) return false;
  const RowDeletions::Run& run = *std::prev(after);
  return row < run.first + run.count;
}

/// Whether any of the rows from `first` to `last` is in `runs`.
bool Overlaps(const std::vector<RowDeletions::Run>& runs, uint64_t first, uint64_t last) {
  if (Contains(runs, first)) return true;
  const auto after = std::ranges::upper_bound(runs, first, {}, &RowDeletions::Run::first);
  return after != runs.end() && after->first <= last;
}

/// The rows that were taken from one data file, as they were.
WrittenFile WriteOldRows(native::ClientContext& context, native::Connection& connection, const WriteTarget& target,
                         const RowDeletions::FileRows& taken, const std::vector<RowDeletions::Run>& deleted,
                         bool all_deleted) {
  const AddFile& file = target.base->files()[taken.file_index];
  const std::string source = ValueOrThrow(target.base->PathOf(file.path));
  auto rows = ReadDataFile(connection, target, source);
  ChangeFile changes(context, WithChangeType(target), {});
  while (auto chunk = rows->Fetch()) {
    if (chunk->size() == 0) break;
    if (context.IsInterrupted()) throw native::InterruptException();
    auto& numbers = chunk->data.back();
    numbers.Flatten(chunk->size());
    const auto* values = native::FlatVector::GetData<int64_t>(numbers);
    const auto first = static_cast<uint64_t>(values[0]), last = static_cast<uint64_t>(values[chunk->size() - 1]);
    if (first <= last && !Overlaps(taken.runs, first, last)) continue;
    std::vector<native::idx_t> gone, before_update;
    for (native::idx_t i = 0; i < chunk->size(); ++i) {
      const auto row = static_cast<uint64_t>(values[i]);
      if (!Contains(taken.runs, row)) continue;
      (all_deleted || Contains(deleted, row) ? gone : before_update).push_back(i);
    }
    std::vector<native::Vector*> columns;
    for (native::idx_t i = 0; i + 1 < chunk->ColumnCount(); ++i) columns.push_back(&chunk->data[i]);
    changes.Append(columns, Selection(gone), gone.size(), kDeleted);
    changes.Append(columns, Selection(before_update), before_update.size(), kBeforeUpdate);
  }
  if (rows->HasError()) rows->GetErrorObject().Throw();
  return changes.Finish();
}

/// Within a version there is no order of changes, so a row has one of them at most: files that the transaction wrote
/// itself stay as they are. Throws kNotSupported.
void CheckChangedOnce(const WriteJob& job, const std::vector<RowDeletions::FileRows>& rows, const LakeWrite& write) {
  std::set<std::string_view> before;
  if (write.base != nullptr) {
    const auto& files = write.base->files();
    for (size_t i = 0; i < files.size(); ++i) before.insert(files.path(i));
  }
  for (const RowDeletions::FileRows& taken : rows) {
    if (before.contains(job.target.base->files()[taken.file_index].path)) continue;
    ThrowLakeError(
        Error(ErrorCode::kNotSupported,
              fmt::format("a transaction cannot change rows of a file that it wrote itself while the table's change "
                          "data feed is on, as a version tells of one change of a row; commit before: {}.{}",
                          job.target.table.schema_name, job.target.table.table_name)));
  }
}

tables::delta::AddCdcFile Describe(const WrittenFile& file, const WriteTarget& target, int64_t now_ms) {
  AddFile described = ValueOrThrow(DescribeFile(file, target.layout, {}, now_ms));
  return {.path = std::move(described.path),
          .partition_values = std::move(described.partition_values),
          .size_bytes = described.size_bytes,
          .tags = {}};
}

}  // namespace

void CaptureChanges(native::ClientContext& context, WriteJob& job) {
  if (job.target.base == nullptr || job.making) return;
  const auto& intent = StatementState::Get(context).grants.write;
  if (intent && !intent->data_change) return;  // The same rows in other files.
  if (!EqualsIgnoringCase(job.target.base->Property("delta.enableChangeDataFeed"), "true")) return;
  const StatementState& statement = StatementState::Get(context);
  if (statement.grants.write && !statement.grants.write->data_change) return;  // The same rows in other files.
  if (job.operation == "WRITE" && !statement.explicit_transaction) return;
  job.changes = std::make_unique<ChangeCapture>();
}

LakeChangeRows::LakeChangeRows(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job,
                               native::PhysicalOperator& child)
    : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, child.types, child.estimated_cardinality),
      job_(std::move(job)) {
  children.push_back(child);
}

native::unique_ptr<native::OperatorState> LakeChangeRows::GetOperatorState(native::ExecutionContext&) const {
  auto state = native::make_uniq<ChangeRowsState>();
  state->target = WithChangeType(job_->target);
  return state;
}

native::OperatorResultType LakeChangeRows::Execute(native::ExecutionContext& context, native::DataChunk& input,
                                                   native::DataChunk& chunk, native::GlobalOperatorState&,
                                                   native::OperatorState& operator_state) const {
  auto& state = operator_state.Cast<ChangeRowsState>();
  chunk.Reference(input);
  const FileLayout& layout = job_->target.layout;
  const size_t width = layout.schema.fields.size();
  native::UnifiedVectorFormat row_ids;
  const bool has_row_ids = input.ColumnCount() > width;
  if (has_row_ids) input.data[width].ToUnifiedFormat(input.size(), row_ids);
  for (auto& [key, partition] : ByPartition(input, layout)) {
    std::vector<native::idx_t> inserted, updated;
    for (const native::idx_t row : partition.rows) {
      const bool updates = has_row_ids && row_ids.validity.RowIsValid(row_ids.sel->get_index(row));
      (updates ? updated : inserted).push_back(row);
    }
    if (state.files.size() >= kOpenFilesMax && !state.files.contains(key)) state.FinishAll();
    auto& file = state.files[key];
    if (file == nullptr) {
      file = std::make_unique<ChangeFile>(context.client, *state.target, std::move(partition.values));
    }
    std::vector<native::Vector*> columns;
    for (size_t i = 0; i < width; ++i) {
      if (!layout.IsPartition(layout.schema.fields[i].name)) columns.push_back(&input.data[i]);
    }
    file->Append(columns, Selection(inserted), inserted.size(), kInserted);
    file->Append(columns, Selection(updated), updated.size(), kUpdated);
  }
  return native::OperatorResultType::NEED_MORE_INPUT;
}

native::OperatorFinalizeResultType LakeChangeRows::FinalExecute(native::ExecutionContext&, native::DataChunk&,
                                                                native::GlobalOperatorState&,
                                                                native::OperatorState& operator_state) const {
  auto& state = operator_state.Cast<ChangeRowsState>();
  state.FinishAll();
  std::lock_guard lock(job_->changes->mutex);
  for (WrittenFile& file : state.finished) job_->changes->files.push_back(std::move(file));
  state.finished.clear();
  return native::OperatorFinalizeResultType::FINISHED;
}

void StageChanges(native::ClientContext& context, WriteJob& job, const std::vector<RowDeletions::FileRows>& rows,
                  const DeletionOutcome& outcome, int64_t now_ms, LakeWrite& write) {
  if (job.changes == nullptr) return;
  const bool in_part = outcome.vectors_added + outcome.vectors_updated + outcome.files_added > 0;
  const bool explicit_transaction = StatementState::Get(context).explicit_transaction;
  if (job.operation == "DELETE" && !in_part && !explicit_transaction) return;
  if (explicit_transaction) CheckChangedOnce(job, rows, write);
  bool duplicates = false;
  std::map<uint64_t, std::vector<RowDeletions::Run>> deleted;
  for (auto& file : job.changes->deleted.Take(&duplicates)) deleted[file.file_index] = std::move(file.runs);
  const WriteTarget target = WithChangeType(job.target);
  WriteTarget read = job.target;
  read.row_ids.reset();
  // A connection of its own: this one is running the statement. Memory limit and file rights are the instance's.
  native::Connection connection(*context.db);
  for (const RowDeletions::FileRows& taken : rows) {
    const WrittenFile written =
        WriteOldRows(context, connection, read, taken, deleted[taken.file_index], job.operation == "DELETE");
    const std::string root = job.target.layout.location + "/";
    NL_CHECK(written.path.starts_with(root));
    write.changes.push_back({.path = written.path.substr(root.size()),
                             .partition_values = job.target.base->files()[taken.file_index].partition_values,
                             .size_bytes = written.size_bytes,
                             .tags = {}});
  }
  for (const WrittenFile& file : job.changes->files) {
    if (file.row_count > 0) write.changes.push_back(Describe(file, target, now_ms));
  }
}

}  // namespace neurolake::engine::duckdb
