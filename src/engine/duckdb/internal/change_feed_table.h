#pragma once
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// The unit of the AT clause that table_changes() becomes; its value is "<from> <to>", see change_feed_table.cc.
inline constexpr const char* kChangesUnit = "changes";

/// Registers table_changes('schema.table', from [, to]), which stands for the table's change feed between two versions
/// or times, both included; `to` is the newest where it is missing. It becomes a reference to the table, so gates, the
/// governor and pruning treat it as one.
void RegisterTableChanges(native::ClientContext& context);

/// The feed that an AT clause of unit `kChangesUnit` asks for, as a relation to scan. Throws what ReadChangeFeed says.
native::unique_ptr<native::CatalogEntry> MakeChangeFeed(native::ClientContext& context, LakeCatalog& catalog,
                                                        LakeSchemaEntry& schema, TableEntry table,
                                                        const native::Value& range);

}  // namespace neurolake::engine::duckdb
