#include "engine/duckdb/internal/lake_write.h"

#include "engine/duckdb/internal/change_data.h"
#include "engine/duckdb/internal/lake_append.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_rules.h"
#include "engine/duckdb/internal/operation_parameters.h"
#include "engine/duckdb/internal/record_count.h"
#include "engine/duckdb/internal/write_intent.h"

namespace neurolake::engine::duckdb {

namespace {

struct FileSinkState final : native::GlobalSinkState {
  std::mutex mutex;
  std::vector<WrittenFile> files;  ///< Under `mutex`.
  int64_t rows_changed = 0;
};

struct DeleteSinkState final : native::GlobalSinkState {
  int64_t rows_changed = 0;
};

struct DeleteLocalState final : native::LocalSinkState {
  RowDeletions::Local rows;
};

native::SourceResultType GiveCount(int64_t count, native::DataChunk& chunk) {
  chunk.SetCardinality(1);
  chunk.SetValue(0, 0, native::Value::BIGINT(count));
  return native::SourceResultType::FINISHED;
}

}  // namespace

LakeFileSink::LakeFileSink(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, native::PhysicalOperator& child)
    : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, {native::LogicalType::BIGINT}, 1),
      job_(std::move(job)) {
  children.push_back(child);
}

native::unique_ptr<native::GlobalSinkState> LakeFileSink::GetGlobalSinkState(native::ClientContext&) const {
  return native::make_uniq<FileSinkState>();
}

native::SinkResultType LakeFileSink::Sink(native::ExecutionContext&, native::DataChunk& chunk,
                                          native::OperatorSinkInput& input) const {
  auto& state = input.global_state.Cast<FileSinkState>();
  std::lock_guard lock(state.mutex);
  for (native::idx_t row = 0; row < chunk.size(); ++row) state.files.push_back(ReadWrittenFile(chunk, row));
  return native::SinkResultType::NEED_MORE_INPUT;
}

native::SinkFinalizeType LakeFileSink::Finalize(native::Pipeline&, native::Event&, native::ClientContext& context,
                                                native::OperatorSinkFinalizeInput& input) const {
  auto& state = input.global_state.Cast<FileSinkState>();
  std::ranges::move(job_->written, std::back_inserter(state.files));
  state.rows_changed = StageWrite(context, *job_, state.files);
  return native::SinkFinalizeType::READY;
}

native::SourceResultType LakeFileSink::GetDataInternal(native::ExecutionContext&, native::DataChunk& chunk,
                                                       native::OperatorSourceInput&) const {
  return GiveCount(sink_state->Cast<FileSinkState>().rows_changed, chunk);
}

LakeDeleteSink::LakeDeleteSink(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job,
                               std::vector<native::idx_t> row_id_columns, native::PhysicalOperator& child)
    : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, {native::LogicalType::BIGINT}, 1),
      job_(std::move(job)),
      row_id_columns_(std::move(row_id_columns)) {
  children.push_back(child);
}

native::unique_ptr<native::GlobalSinkState> LakeDeleteSink::GetGlobalSinkState(native::ClientContext&) const {
  return native::make_uniq<DeleteSinkState>();
}

native::unique_ptr<native::LocalSinkState> LakeDeleteSink::GetLocalSinkState(native::ExecutionContext&) const {
  return native::make_uniq<DeleteLocalState>();
}

native::SinkResultType LakeDeleteSink::Sink(native::ExecutionContext&, native::DataChunk& chunk,
                                            native::OperatorSinkInput& input) const {
  RowDeletions::Add(input.local_state.Cast<DeleteLocalState>().rows, chunk.data[row_id_columns_[0]],
                    chunk.data[row_id_columns_[1]], chunk.size());
  return native::SinkResultType::NEED_MORE_INPUT;
}

native::SinkCombineResultType LakeDeleteSink::Combine(native::ExecutionContext&,
                                                      native::OperatorSinkCombineInput& input) const {
  job_->deletions.Merge(std::move(input.local_state.Cast<DeleteLocalState>().rows));
  return native::SinkCombineResultType::FINISHED;
}

native::SinkFinalizeType LakeDeleteSink::Finalize(native::Pipeline&, native::Event&, native::ClientContext& context,
                                                  native::OperatorSinkFinalizeInput& input) const {
  input.global_state.Cast<DeleteSinkState>().rows_changed = StageWrite(context, *job_, {});
  return native::SinkFinalizeType::READY;
}

native::SourceResultType LakeDeleteSink::GetDataInternal(native::ExecutionContext&, native::DataChunk& chunk,
                                                         native::OperatorSourceInput&) const {
  return GiveCount(sink_state->Cast<DeleteSinkState>().rows_changed, chunk);
}

MergeCounts& MergeCounts::operator+=(const MergeCounts& other) {
  inserted += other.inserted;
  updated_matched += other.updated_matched;
  updated_by_source += other.updated_by_source;
  deleted_matched += other.deleted_matched;
  deleted_by_source += other.deleted_by_source;
  return *this;
}

int64_t NowMilliseconds(StatementState& statement) {
  const auto now = statement.context->clock().Now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

namespace {

/// As Spark names them.
void AddMergeMetrics(const WriteJob& job, const DeletionOutcome& deleted, int64_t files_written, int64_t bytes_written,
                     std::map<std::string, int64_t>& metrics) {
  const MergeCounts& rows = job.merge;
  metrics["numTargetRowsInserted"] += rows.inserted;
  metrics["numTargetRowsUpdated"] += rows.updated();
  metrics["numTargetRowsMatchedUpdated"] += rows.updated_matched;
  metrics["numTargetRowsNotMatchedBySourceUpdated"] += rows.updated_by_source;
  metrics["numTargetRowsDeleted"] += deleted.rows - rows.updated();
  // A row that several source rows delete is deleted once.
  metrics["numTargetRowsMatchedDeleted"] += deleted.rows - rows.updated() - rows.deleted_by_source;
  metrics["numTargetRowsNotMatchedBySourceDeleted"] += rows.deleted_by_source;
  metrics["numTargetRowsCopied"] += deleted.rows_copied;
  metrics["numOutputRows"] += rows.inserted + rows.updated() + deleted.rows_copied;
  metrics["numTargetFilesAdded"] += deleted.files_added + files_written;
  metrics["numTargetFilesRemoved"] += deleted.files_removed;
  metrics["numTargetBytesAdded"] += bytes_written;
  metrics["numTargetDeletionVectorsAdded"] += deleted.vectors_added;
  metrics["numTargetDeletionVectorsUpdated"] += deleted.vectors_updated;
  metrics["numTargetDeletionVectorsRemoved"] += deleted.vectors_removed;
}

void AddMetrics(const WriteJob& job, const DeletionOutcome& deleted, const std::vector<WrittenFile>& files,
                std::map<std::string, int64_t>& metrics) {
  int64_t rows = 0, bytes = 0;
  for (const WrittenFile& file : files) {
    rows += file.row_count;
    bytes += file.size_bytes;
  }
  const auto written = static_cast<int64_t>(files.size());
  if (job.operation == "MERGE") {
    AddMergeMetrics(job, deleted, written, bytes, metrics);
    return;
  }
  if (job.operation == "DELETE" || job.operation == "UPDATE") {
    metrics[job.operation == "DELETE" ? "numDeletedRows" : "numUpdatedRows"] += deleted.rows;
    metrics["numRemovedFiles"] += deleted.files_removed;
    metrics["numAddedFiles"] += deleted.files_added + written;
    metrics["numCopiedRows"] += deleted.rows_copied;
    metrics["numDeletionVectorsAdded"] += deleted.vectors_added;
    metrics["numDeletionVectorsUpdated"] += deleted.vectors_updated;
    metrics["numDeletionVectorsRemoved"] += deleted.vectors_removed;
    return;
  }
  metrics["numFiles"] += written;
  metrics["numOutputRows"] += rows;
  metrics["numOutputBytes"] += bytes;
}

/// A creation brings its protocol and metadata; a replacement also retires all files of the version before.
void StageMaking(const TableMaking& making, LakeWrite& write, int64_t now_ms) {
  write.protocol = making.protocol;
  write.metadata = making.metadata;
  write.domains = making.domains;
  write.register_as = making.register_as;
  write.commit_when_empty = true;
  if (write.base == nullptr) return;
  write.ForgetFiles();
  for (const auto& file : write.base->files()) write.Remove(file, now_ms);
  write.metrics["numRemovedFiles"] = static_cast<int64_t>(write.base->files().size());
}

}  // namespace

namespace {

/// Whole files go, with rows that the principal may not see, or by values that a mask hides; and what comes in their
/// place may be masks of what they had.
void RefuseReplacingHidden(const WriteIntent& intent, const TableEntry& table) {
  if (intent.replace == WriteIntent::Replace::kNothing || !intent.data_change || table.policy == nullptr) return;
  ThrowLakeError(Error(ErrorCode::kPermissionDenied,
                       fmt::format("a policy of the table applies to you, so what is not yours to see cannot be "
                                   "replaced with the rest; use DELETE and INSERT: {}.{}",
                                   table.schema_name, table.table_name)));
}

/// The live rows of files that go as a whole. Which they are matters to a change data feed alone.
void AddWholeFiles(StatementState& statement, const WriteJob& job, std::vector<RowDeletions::FileRows>& deletions) {
  for (const uint32_t index : job.whole_files) {
    const auto& file = job.target.base->files()[index];
    const auto rows = static_cast<uint64_t>(RecordCount(file).value_or(0));
    const auto live = static_cast<uint64_t>(LiveRecordCount(file).value_or(0));
    RowDeletions::FileRows all{.file_index = index, .runs = {}, .row_count = live};
    tables::delta::DeletedRows gone;
    if (job.changes && file.deletion_vector) {
      gone = ValueOrThrow(tables::delta::ReadDeletionVector(*statement.store, job.target.table.location,
                                                            *file.deletion_vector, job.target.base->foreign_roots()));
    }
    uint64_t next = 0;
    for (const uint64_t row : gone) {
      if (row > next) all.runs.push_back({next, row - next});
      next = row + 1;
    }
    if (rows > next) all.runs.push_back({next, rows - next});
    deletions.push_back(std::move(all));
  }
}

}  // namespace

int64_t StageWrite(native::ClientContext& context, WriteJob& job, const std::vector<WrittenFile>& files) {
  auto& catalog = native::Catalog::GetCatalog(context, LakeCatalog::kName);
  LakeTransaction& transaction = LakeTransaction::Get(context, catalog);
  const int64_t now_ms = NowMilliseconds(transaction.statement());
  const bool changes_rows = job.operation == "DELETE" || job.operation == "UPDATE";
  bool duplicates = false;
  auto deletions = job.deletions.Take(&duplicates);
  AddWholeFiles(transaction.statement(), job, deletions);
  if (duplicates && !job.rows_may_match_twice) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                         fmt::format("{} matches a row of the table more than once; make the match unique",
                                     job.operation == "MERGE" ? "MERGE" : "UPDATE … FROM")));
  }
  LakeWrite& write = transaction.BeginWrite(job.target.table, job.target.base);
  if (!job.findings.counts.empty()) {
    write.expectations = transaction.Expectations(job.target.table.id);
    StageExpectations(transaction.statement(), job, write);
  }
  // Several statements of one transaction become one version, named after the last that did something.
  if (write.operation.empty() || !files.empty() || !deletions.empty() || job.making) {
    write.operation = job.operation;
    write.parameters = job.parameters;
    if (transaction.statement().names_cells) RedactPredicates(write.parameters);
  }
  int64_t rows = 0;
  write.append = TakeAppend(context, job, rows);
  if (job.making) StageMaking(*job.making, write, now_ms);
  NoteIdentityMarks(job, write);
  const DeletionOutcome deleted = ApplyDeletions(context, job.target, write, deletions, now_ms);
  StageChanges(context, job, deletions, deleted, now_ms, write);
  const auto& intent = transaction.statement().grants.write;
  std::vector<tables::delta::AddFile> added;
  for (const WrittenFile& file : files) {
    rows += file.row_count;
    if (file.row_count == 0) continue;
    added.push_back(
        ValueOrThrow(DescribeIntended(intent ? &*intent : nullptr, file, job.target.layout, job.nan_columns, now_ms)));
  }
  write.adds.insert(write.adds.end(), added.begin(), added.end());
  // A row that is written anew without being taken away, or the other way round, would be silent corruption.
  if (job.operation == "UPDATE") NL_CHECK(rows == deleted.rows);
  if (job.operation == "MERGE") NL_CHECK(rows == job.merge.inserted + job.merge.updated());
  AddMetrics(job, deleted, files, write.metrics);
  if (intent) {
    // Rows that others add meanwhile would have been replaced too: it is as if all had been read.
    if (intent->replace != WriteIntent::Replace::kNothing) transaction.MarkRead(job.target.table.id);
    RefuseReplacingHidden(*intent, job.target.table);
    // What brings no row that may stay replaces none.
    const StatementState& state = transaction.statement();
    const bool all_dropped = files.empty() && state.rows_dropped > 0 && state.rows_quarantined == 0;
    // Nor those that the DELETE before took away, of one statement with it.
    if (all_dropped && !intent->row_predicate.empty()) write.ForgetFiles();
    if (!all_dropped) ApplyWriteIntent(*intent, job.target.base, job.target.layout, added, now_ms, write);
  }
  int64_t changed = changes_rows ? deleted.rows : rows;
  if (job.operation == "MERGE") changed = job.merge.inserted + deleted.rows;
  transaction.FinishStatementWrite(changed);
  return changed;
}

}  // namespace neurolake::engine::duckdb
