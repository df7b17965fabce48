#pragma once
#include <string>

#include "engine/duckdb/lake_provider.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// A CREATE TABLE statement that makes an equal, empty table: columns, partitions, comment, properties. For a table
/// outside the lake, whose log says all that, the statement that registers it.
std::string CreateTableText(const TableEntry& table, const tables::delta::Snapshot& snapshot);

}  // namespace neurolake::engine::duckdb
