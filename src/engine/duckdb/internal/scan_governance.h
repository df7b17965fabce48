#pragma once
#include <map>

#include "engine/duckdb/internal/bound_plan.h"
#include "plan/stages.h"

namespace neurolake::engine::duckdb {

/// Marks each lake scan of `plan` as governed and rewrites it to projection(masks)(filter(scan)) where its decision
/// says so. Throws kInternal for a scan without a decision; kBindError for a policy that does not fit the table.
void ApplyDecisions(native::ClientContext& context, BoundPlan& plan,
                    const std::map<uint64_t, plan::ScanDecision>& decisions);

}  // namespace neurolake::engine::duckdb
