#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Makes the conversions of what an INSERT or an UPDATE writes tell the column they are for when they fail, and the
/// type that it has; DuckDB tells the value. Does nothing to other statements.
void NameConversions(native::LogicalOperator& root);

}  // namespace neurolake::engine::duckdb
