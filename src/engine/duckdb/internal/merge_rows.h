#pragma once
#include <memory>
#include <string>
#include <vector>

#include "duckdb/common/enums/merge_action_type.hpp"
#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// One WHEN clause of a MERGE. Expressions refer to the columns of what the join gives.
struct MergeClause {
  native::MergeActionCondition kind = native::MergeActionCondition::WHEN_MATCHED;
  native::MergeActionType action = native::MergeActionType::MERGE_DO_NOTHING;
  native::unique_ptr<native::Expression> condition;  ///< Null: always.
  /// Of UPDATE and INSERT: every column of the table in order, of its type.
  native::vector<native::unique_ptr<native::Expression>> values;
  std::string message;  ///< Of ERROR: the statement's own literal, if there is one.
};

/// Where the join's rows say what they are.
struct MergeColumns {
  native::idx_t row_id_start = 0;  ///< The row-id columns; NULL where no row of the table matched.
  native::idx_t row_id_count = 2;
  native::optional_idx source_marker;  ///< NULL where no row of the source matched; absent: one always did.
};

/// Turns rows of a MERGE's join into rows to write: each gets the first clause of its kind whose condition holds. Gives
/// the table's columns and the row-id columns, NULL for inserted rows; notes the rows of DELETE clauses in the job.
/// Rows that no clause wants are dropped.
class LakeMergeRows final : public native::PhysicalOperator {
 public:
  LakeMergeRows(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, native::vector<native::LogicalType> types,
                std::vector<MergeClause> clauses, MergeColumns columns, native::PhysicalOperator& child);
  native::string GetName() const override { return "LAKE_MERGE"; }
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
  std::vector<MergeClause> clauses_;
  MergeColumns columns_;
};

}  // namespace neurolake::engine::duckdb
