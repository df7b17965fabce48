#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// DuckDB's binder puts what a MERGE's clauses assign into a projection over the join, where it is computed for every
/// row. Moves it into the clauses, so that a value is computed for the rows of its clause alone: a cast that only makes
/// sense where the clause's condition holds must not fail elsewhere. Does nothing to other statements.
void DeferMergeValues(native::LogicalOperator& root);

}  // namespace neurolake::engine::duckdb
