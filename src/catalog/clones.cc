// What shallow clones were made from.
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {

using metastore::Row;
using metastore::Session;

Result<void> StoreCatalog::AddCloneSources(const TableId& clone, const std::vector<CloneSource>& sources) {
  return store_.Write([&](Session& session) -> Result<void> {
    for (const CloneSource& source : sources) {
      NL_ASSIGN_OR_RETURN(const std::string stored, source.managed ? locations_.ManagedToStored(source.location)
                                                                   : locations_.ExternalToStored(source.location));
      if (!metastore::IsStorableText(source.named)) {
        return MakeError(ErrorCode::kInvalidArgument, "a location must be UTF-8");
      }
      NL_RETURN_IF_ERROR(
          session.Execute("DELETE FROM clone_sources WHERE clone_id = ? AND named = ?", {clone.value(), source.named}));
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO clone_sources (clone_id, source_id, location, managed, named) VALUES (?, ?, ?, ?, ?)",
          {clone.value(), source.source.value(), stored, int64_t{source.managed}, source.named}));
    }
    return {};
  });
}

Result<std::vector<CloneSource>> StoreCatalog::ListCloneSources(const TableId& clone) {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT source_id, location, managed, named FROM clone_sources "
                                                       "WHERE clone_id = ? ORDER BY named",
                                                       {clone.value()}));
  std::vector<CloneSource> sources;
  for (const Row& row : rows) {
    const bool managed = NumberAt(row, 2) != 0;
    sources.push_back({.source = TableId(TextAt(row, 0)),
                       .location = locations_.ToAbsolute(TextAt(row, 1), managed),
                       .managed = managed,
                       .named = TextAt(row, 3)});
  }
  return sources;
}

Result<std::vector<std::pair<TableRecord, CloneSource>>> StoreCatalog::ListClonesOf(const TableRecord& source) {
  NL_ASSIGN_OR_RETURN(const std::string stored, source.managed ? locations_.ManagedToStored(source.location)
                                                               : locations_.ExternalToStored(source.location));
  // By place and not by id: a table at a LOCATION may have been registered anew.
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          "SELECT c.clone_id, coalesce(t.schema_name, ''), coalesce(t.name, ''), coalesce(t.location, ''), "
          "coalesce(t.managed, 1), c.source_id, c.named "
          "FROM clone_sources c LEFT JOIN (SELECT r.id, s.name AS schema_name, r.name, r.location, r.managed "
          "FROM relations r JOIN schemas s ON s.id = r.schema_id UNION ALL "
          "SELECT id, schema_name, name, location, managed FROM dropped_tables) t ON t.id = c.clone_id "
          "WHERE c.location = ? ORDER BY c.clone_id",
          {stored}));
  std::vector<std::pair<TableRecord, CloneSource>> clones;
  for (const Row& row : rows) {
    const bool managed = NumberAt(row, 4) != 0;
    TableRecord table;
    table.id = TableId(TextAt(row, 0));
    table.schema_name = TextAt(row, 1);
    table.name = TextAt(row, 2);
    if (!table.name.empty()) table.location = locations_.ToAbsolute(TextAt(row, 3), managed);
    table.managed = managed;
    clones.emplace_back(std::move(table), CloneSource{.source = TableId(TextAt(row, 5)),
                                                      .location = source.location,
                                                      .managed = source.managed,
                                                      .named = TextAt(row, 6)});
  }
  return clones;
}

}  // namespace neurolake::catalog
