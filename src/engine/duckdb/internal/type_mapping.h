#pragma once
#include <string>

#include "common/result.h"
#include "engine/duckdb/internal/native.h"
#include "tables/delta/schema.h"

namespace neurolake::engine::duckdb {

/// The Delta type a column of `type` gets. Widened: UTINYINT → short, USMALLINT → integer, UINTEGER → long,
/// UBIGINT → decimal(20,0), HUGEINT → decimal(38,0), ENUM, UUID and JSON → string, TIMESTAMP_S/MS/NS → timestamp_ntz,
/// fixed-size arrays → array, NULL → integer. TIMESTAMP WITH TIME ZONE is Delta's `timestamp`, TIMESTAMP its
/// `timestamp_ntz`.
/// Errors: kNotSupported naming `column`, its type and what to use instead (TIME, INTERVAL, BIT, UNION …).
Result<tables::delta::DataType> ToDeltaType(const native::LogicalType& type, const std::string& column);

/// The engine type that a Delta column is read as; the inverse of the above on what it gives.
native::LogicalType ToDuckDbType(const tables::delta::DataType& type);

}  // namespace neurolake::engine::duckdb
