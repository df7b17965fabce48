#pragma once
#include <string>

#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/parquet_output.h"

namespace neurolake::engine::duckdb {

/// Reads a data file's own rows on `connection`, deleted ones too, with its columns by physical name and cast to the
/// table's types; a column that the file lacks, since it is younger, is NULL. The last column is the row's number.
native::unique_ptr<native::QueryResult> ReadDataFile(native::Connection& connection, const WriteTarget& target,
                                                     const std::string& path);

}  // namespace neurolake::engine::duckdb
