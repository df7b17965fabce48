#pragma once
#include <string>

#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/parquet_output.h"

namespace neurolake::engine::duckdb {

/// Binds an expression over the target's columns, to be evaluated on rows that have them in order. Functions in it go
/// through the statement's gate. Throws kBindError and its kin, kNotSupported for sub-queries.
native::unique_ptr<native::Expression> BindRowExpression(native::ClientContext& context, const WriteTarget& target,
                                                         const std::string& sql, const native::LogicalType& type);

/// Adds an operator over `child`, which gives the target's columns in order, that refuses the statement unless
/// `predicate` is true for each row. Functions in it go through the statement's gate. Throws kBindError and its kin,
/// kNotSupported for sub-queries.
native::PhysicalOperator& PlanRowPredicate(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                           const WriteTarget& target, const std::string& predicate,
                                           native::PhysicalOperator& child);

/// Adds an operator over `child`, which gives the target's columns in order, that refuses the statement unless the
/// table's row policies let its principal write each row. Nothing where none applies.
native::PhysicalOperator& PlanPolicyCheck(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                          const WriteTarget& target, native::PhysicalOperator& child);

}  // namespace neurolake::engine::duckdb
