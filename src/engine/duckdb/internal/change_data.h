#pragma once
#include <memory>
#include <vector>

#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Makes `job` remember what it changes if its table keeps a change data feed and the statement cannot be told from the
/// files it adds and removes alone: an UPDATE, MERGE or DELETE, or any statement of an explicit transaction.
void CaptureChanges(native::ClientContext& context, WriteJob& job);

/// Passes rows on as they are (the table's columns, then row ids of an UPDATE or MERGE, if any), and writes them to
/// files of changes too: as inserted where they have no row id, else as what an update made.
class LakeChangeRows final : public native::PhysicalOperator {
 public:
  LakeChangeRows(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, native::PhysicalOperator& child);
  native::string GetName() const override { return "LAKE_CHANGE_DATA"; }
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

/// Puts a job's files of changes into `write`: those of new rows, and one for each data file that `rows` were taken
/// from, read again for it. A DELETE of whole files needs none: readers take the rows of a removed file for deleted.
void StageChanges(native::ClientContext& context, WriteJob& job, const std::vector<RowDeletions::FileRows>& rows,
                  const DeletionOutcome& outcome, int64_t now_ms, LakeWrite& write);

}  // namespace neurolake::engine::duckdb
