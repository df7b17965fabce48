#pragma once
#include <map>
#include <string>

#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/lake_write.h"

namespace neurolake::engine::duckdb {

/// A table about to be made: its place asked for, its first (or next) metadata ready.
struct CreatedTable {
  TableEntry table;
  SnapshotPointer base;  ///< What OR REPLACE replaces; null for a new table.
  tables::delta::DataType schema;
  TableMaking making;
  std::string operation;
  std::map<std::string, std::string> parameters;
  bool skip = false;           ///< IF NOT EXISTS met a table: nothing to do.
  bool register_only = false;  ///< WITH (location = …) at a Delta table: `base` is its newest version.
};

/// The column name with which the front parser says "no columns": CREATE TABLE t LOCATION '…' arrives as
/// CREATE TABLE t ("_" BOOLEAN) WITH (location = '…'), since DuckDB's grammar wants a column.
inline constexpr const char* kNoColumns = "_";

/// Checks a CREATE TABLE (what cannot be stored is refused by name), asks the provider for the table's place, and makes
/// protocol and metadata. Names `location` and `comment` of WITH (…) are ours; all others are table properties.
/// Throws kNotSupported, kInvalidArgument, kAlreadyExists, kNotFound, and what the provider says.
CreatedTable PrepareCreation(native::ClientContext& context, native::SchemaCatalogEntry& schema,
                             native::CreateTableInfo& info, bool with_rows);

/// What of `info` a lake table cannot have, by name.
Result<void> CheckCreation(native::CreateTableInfo& info);

}  // namespace neurolake::engine::duckdb
