#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// lake_curve('zorder' | 'hilbert', [[bound, …], …], value, …): where a row lies on a curve through all values' ranges,
/// UBIGINT, whose 64 bits are filled from the top. Each value's column is cut into ranges by its bounds, given as texts
/// of its type and in order; taken from samples, they make ranges of about equally many rows however values are spread.
/// NULL is before all of them. For the product's own statements, such as OPTIMIZE.
native::ScalarFunction LakeCurveFunction();

}  // namespace neurolake::engine::duckdb
