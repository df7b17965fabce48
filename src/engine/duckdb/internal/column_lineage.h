#pragma once
#include "engine/duckdb/internal/bound_plan.h"

namespace neurolake::engine::duckdb {

/// Where the columns of `plan` come from. Reads the plan as the binder made it: sub-queries are joins by then, nothing
/// is pushed down or folded. An operator it does not know counts as computing every column from every one it reads, so
/// that a dependence may be too much and never too little.
plan::LineageDigest TraceLineage(BoundPlan& plan);

/// The same of a view that is being created: `query` is the plan of its SELECT.
plan::LineageDigest TraceViewLineage(BoundPlan& query, const native::CreateViewInfo& view);

}  // namespace neurolake::engine::duckdb
