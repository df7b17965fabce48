#pragma once
#include <string>

#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Adds an operator over `child`, which gives `table`'s columns in order, that refuses the statement unless `predicate`
/// is true for each row. Functions in it go through the statement's gate. Throws kBindError and its kin, kNotSupported
/// for sub-queries.
native::PhysicalOperator& PlanRowPredicate(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                           const LakeTableEntry& table, const std::string& predicate,
                                           native::PhysicalOperator& child);

}  // namespace neurolake::engine::duckdb
