#pragma once
#include "engine/duckdb/internal/lake_scan.h"

namespace neurolake::engine::duckdb {

/// Bounds of a column over `files`, from the log, for DuckDB's planner; null when they are not known for sure.
/// DuckDB builds on them (a hash table without buckets for a narrow range …), so only those that we wrote ourselves and
/// that text keeps exactly are used: integers and dates of managed tables.
native::unique_ptr<native::BaseStatistics> LogStatistics(const LakeScan& scan, const std::vector<uint32_t>& files,
                                                         native::column_t column);

}  // namespace neurolake::engine::duckdb
