#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/internal/lake_catalog.h"

namespace neurolake::engine::duckdb {

inline constexpr const char* kInformationSchema = "information_schema";

/// A table that the principal may know of, and what its log says of it in this statement.
struct KnownTable {
  TableEntry entry;
  std::shared_ptr<const tables::delta::Snapshot> snapshot;  ///< Null: it cannot be read.
};
/// nullopt: it is gone, or hidden. `own` is any entry of the lake. Throws what look-ups throw.
std::optional<KnownTable> FindKnownTable(native::ClientContext& context, native::TableCatalogEntry& own,
                                         const RelationName& name);

/// Whether relation `name` of `information_schema` is made here, of tables' own schemas, instead of by the server.
bool MakesInformation(const std::string& name);

/// What a query asks for at most; names as the catalogue has them.
struct InformationScope {
  std::optional<std::string> schema;
  std::optional<std::string> table;
};

/// Rows of such a relation, JSON arrays in the order of its columns: of the tables and views that the principal may
/// know of, without columns that it may not read; what tells of one of those is left out or NULL. What cannot be read,
/// as a view of a table that was dropped, has no rows. Reads the log of each table in `scope`, and binds each view; on
/// the statement's thread, not beside others. `own` is any entry of the lake.
std::vector<std::string> InformationRows(native::ClientContext& context, native::TableCatalogEntry& own,
                                         const std::string& name, const InformationScope& scope);

}  // namespace neurolake::engine::duckdb
