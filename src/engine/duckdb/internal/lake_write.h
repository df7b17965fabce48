#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/duckdb/internal/change_capture.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/parquet_output.h"
#include "engine/duckdb/internal/row_deletions.h"

namespace neurolake::engine::duckdb {

/// The table that a statement creates or replaces together with its rows.
struct TableMaking {
  tables::delta::Protocol protocol;
  tables::delta::Metadata metadata;
  std::vector<tables::delta::DomainMetadata> domains;
  std::optional<RelationName> register_as;  ///< Empty when the name is there already.
};

/// Rows that a MERGE's clauses took, by what was done.
struct MergeCounts {
  int64_t inserted = 0;
  int64_t updated_matched = 0, updated_by_source = 0;
  int64_t deleted_matched = 0, deleted_by_source = 0;
  int64_t updated() const { return updated_matched + updated_by_source; }
  MergeCounts& operator+=(const MergeCounts& other);
};

struct AppendBuffer;

/// One writing statement: what its operators share. A plan runs once.
struct WriteJob {
  WriteTarget target;
  std::string operation;  ///< As Delta names it.
  std::map<std::string, std::string> parameters;
  std::optional<TableMaking> making;

  RowDeletions deletions;
  std::vector<uint32_t> whole_files;       ///< Of a DELETE: files of which every row goes, none of them in `deletions`.
  bool rows_move = false;                  ///< OPTIMIZE of a table whose rows keep ids: they come with the rows.
  bool rows_may_match_twice = false;       ///< DELETE, and a MERGE that does nothing else to matched rows.
  std::unique_ptr<ChangeCapture> changes;  ///< Null unless the table keeps a change data feed.
  std::mutex mutex;
  std::set<std::string> nan_columns;         ///< Physical names; under `mutex`.
  std::map<size_t, int64_t> identity_marks;  ///< Column to the last value given; under `mutex`.
  MergeCounts merge;                         ///< Under `mutex`.
  std::shared_ptr<AppendBuffer> append;      ///< Null unless the rows may be handed over. See lake_append.h.
  ExpectationFindings findings;              ///< Under `mutex`, and the two below.
  int64_t rejected_inserts = 0;
  int64_t rejected_updates = 0;
  std::vector<WrittenFile> written;  ///< By operators that write files themselves; under `mutex`.
};

/// Passes rows on to the Parquet writer: takes off the two row-id columns at the end and notes them for deletion, if
/// there are any; enforces NOT NULL; refuses infinite dates, which the format cannot hold; and notes columns with NaN.
class LakeRowCheck final : public native::PhysicalOperator {
 public:
  LakeRowCheck(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, native::vector<native::LogicalType> types,
               native::PhysicalOperator& child);
  native::string GetName() const override { return "LAKE_ROW_CHECK"; }
  bool ParallelOperator() const override { return true; }
  bool RequiresFinalExecute() const override { return true; }
  native::unique_ptr<native::OperatorState> GetOperatorState(native::ExecutionContext& context) const override;
  native::OperatorResultType Execute(native::ExecutionContext& context, native::DataChunk& input,
                                     native::DataChunk& chunk, native::GlobalOperatorState& global,
                                     native::OperatorState& state) const override;
  native::OperatorFinalizeResultType FinalExecute(native::ExecutionContext& context, native::DataChunk& chunk,
                                                  native::GlobalOperatorState& global,
                                                  native::OperatorState& state) const override;

 private:
  std::shared_ptr<WriteJob> job_;
};

/// The end of INSERT, UPDATE and CREATE TABLE AS: takes the rows of file statistics and stages the version in the
/// transaction. Gives the number of rows written.
class LakeFileSink final : public native::PhysicalOperator {
 public:
  LakeFileSink(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, native::PhysicalOperator& child);
  native::string GetName() const override { return "LAKE_WRITE"; }
  bool IsSink() const override { return true; }
  /// Else an operator below that is a source of its own (ClusteredFiles) would be run by one thread.
  bool ParallelSink() const override { return true; }
  bool IsSource() const override { return true; }
  native::unique_ptr<native::GlobalSinkState> GetGlobalSinkState(native::ClientContext& context) const override;
  native::SinkResultType Sink(native::ExecutionContext& context, native::DataChunk& chunk,
                              native::OperatorSinkInput& input) const override;
  native::SinkFinalizeType Finalize(native::Pipeline& pipeline, native::Event& event, native::ClientContext& context,
                                    native::OperatorSinkFinalizeInput& input) const override;

 protected:
  native::SourceResultType GetDataInternal(native::ExecutionContext& context, native::DataChunk& chunk,
                                           native::OperatorSourceInput& input) const override;

 private:
  std::shared_ptr<WriteJob> job_;
};

/// The end of DELETE: takes rows that hold row ids at `row_id_columns`.
class LakeDeleteSink final : public native::PhysicalOperator {
 public:
  LakeDeleteSink(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, std::vector<native::idx_t> row_id_columns,
                 native::PhysicalOperator& child);
  native::string GetName() const override { return "LAKE_DELETE"; }
  bool IsSink() const override { return true; }
  bool IsSource() const override { return true; }
  bool ParallelSink() const override { return true; }
  native::unique_ptr<native::GlobalSinkState> GetGlobalSinkState(native::ClientContext& context) const override;
  native::unique_ptr<native::LocalSinkState> GetLocalSinkState(native::ExecutionContext& context) const override;
  native::SinkResultType Sink(native::ExecutionContext& context, native::DataChunk& chunk,
                              native::OperatorSinkInput& input) const override;
  native::SinkCombineResultType Combine(native::ExecutionContext& context,
                                        native::OperatorSinkCombineInput& input) const override;
  native::SinkFinalizeType Finalize(native::Pipeline& pipeline, native::Event& event, native::ClientContext& context,
                                    native::OperatorSinkFinalizeInput& input) const override;

 protected:
  native::SourceResultType GetDataInternal(native::ExecutionContext& context, native::DataChunk& chunk,
                                           native::OperatorSourceInput& input) const override;

 private:
  std::shared_ptr<WriteJob> job_;
  std::vector<native::idx_t> row_id_columns_;
};

/// child → row check → Parquet files → sink. `child` gives the table's columns in order, as files hold them
/// (PlanStored, CellWriter), and row ids after them for an UPDATE.
native::PhysicalOperator& PlanWrite(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                    std::shared_ptr<WriteJob> job, native::PhysicalOperator& child);

int64_t NowMilliseconds(StatementState& statement);

/// Stages a job's outcome in the transaction and returns how many rows the statement changed: of an UPDATE or DELETE
/// those deleted, of a MERGE all its clauses took, else those written.
int64_t StageWrite(native::ClientContext& context, WriteJob& job, const std::vector<WrittenFile>& files);

}  // namespace neurolake::engine::duckdb
