#pragma once
#include <map>

#include "engine/duckdb/internal/bound_plan.h"
#include "plan/stages.h"

namespace neurolake::engine::duckdb {

/// Marks each lake scan of `plan` as governed and rewrites it to masks(barrier(filter(scan))) where its decision says
/// so; then moves the query's own conditions that are leak-proof below the barriers. For plans that were not optimised
/// yet. Throws kInternal for a scan without a decision; kPermissionDenied for a policy that does not fit the table.
void ApplyDecisions(native::ClientContext& context, BoundPlan& plan,
                    const std::map<uint64_t, plan::ScanDecision>& decisions);

}  // namespace neurolake::engine::duckdb
