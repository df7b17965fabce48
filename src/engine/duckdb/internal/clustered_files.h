#pragma once
#include <memory>

#include "engine/duckdb/internal/lake_write.h"

namespace neurolake::engine::duckdb {

/// Plans the writing of `rows`, whose columns are the table's in order, to Parquet files that each hold a stretch of
/// the curve of the statement's intent (WriteIntent::curve). The files end up in `job->written`.
///
/// Rows are not sorted. They are dealt out to stretches of the curve, cut by a sample, as they come; then, stretch by
/// stretch and several at a time, to the row groups of files, cut by the places that are really there. So a row is
/// moved twice, whatever their number, only what does not fit into memory goes to disk and back, and a thread writes
/// files of its own. Rows of one row group are in no order, which nothing that prunes can tell.
native::PhysicalOperator& PlanClusteredFiles(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                             std::shared_ptr<WriteJob> job, native::PhysicalOperator& rows);

}  // namespace neurolake::engine::duckdb
