// Dropped tables and statistics: what the commands that look after tables keep in the metadata store.
#include "catalog/internal/names.h"
#include "catalog/internal/relations.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr std::string_view kSelectDropped =
    "SELECT id, schema_name, name, location, managed, owner, comment, created, dropped FROM dropped_tables ";

}  // namespace

Result<void> RememberDropped(Session& session, const std::string& condition, const Value& condition_value,
                             WallTime now) {
  // A table that came back and goes again is the same one.
  NL_RETURN_IF_ERROR(
      session.Execute("DELETE FROM dropped_tables WHERE id IN (SELECT r.id FROM relations r WHERE " + condition + ")",
                      {condition_value}));
  NL_RETURN_IF_ERROR(session.Execute(
      "INSERT INTO dropped_tables (id, schema_name, name, location, managed, owner, comment, created, dropped) "
      "SELECT r.id, s.name, r.name, r.location, r.managed, r.owner, r.comment, r.created, CAST(? AS BIGINT) "
      "FROM relations r JOIN schemas s ON s.id = r.schema_id WHERE r.kind = 'table' AND " +
          condition,
      {ToValue(now), condition_value}));
  return {};
}

Result<std::vector<DroppedTable>> StoreCatalog::ListDroppedTables() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(fmt::format("{}ORDER BY dropped DESC, id", kSelectDropped)));
  std::vector<DroppedTable> tables;
  for (const Row& row : rows) {
    const bool managed = NumberAt(row, 4) != 0;
    tables.push_back(
        {{TableId(TextAt(row, 0)), TextAt(row, 1), TextAt(row, 2), locations_.ToAbsolute(TextAt(row, 3), managed),
          managed, PrincipalId(TextAt(row, 5)), TextAt(row, 6), TimeAt(row, 7)},
         TimeAt(row, 8)});
  }
  return tables;
}

Result<TableRecord> StoreCatalog::UndropTable(const std::string& schema, const std::string& name,
                                              const std::optional<TableId>& id) {
  const std::string wanted_schema = NameToFind(schema);
  const std::string wanted_name = NameToFind(name);
  NL_ASSIGN_OR_RETURN(const auto dropped, ListDroppedTables());
  for (const DroppedTable& candidate : dropped) {
    const bool found = id ? candidate.table.id == *id
                          : candidate.table.schema_name == wanted_schema && candidate.table.name == wanted_name;
    if (!found) continue;
    // The name first: a crash between the two leaves a record that the next UNDROP or DROP of the table replaces.
    NL_RETURN_IF_ERROR(AddTable(candidate.table));
    NL_RETURN_IF_ERROR(ForgetDroppedTable(candidate.table.id));
    return candidate.table;
  }
  return MakeError(ErrorCode::kNotFound, "no dropped table that could come back: {}.{}", wanted_schema, wanted_name);
}

Result<void> StoreCatalog::ForgetDroppedTable(const TableId& id) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM dropped_tables WHERE id = ?", {id.value()}));
    NL_RETURN_IF_ERROR(session.Execute(
        "DELETE FROM table_statistics WHERE table_id = ? AND table_id NOT IN (SELECT id FROM relations)",
        {id.value()}));
    return {};
  });
}

Result<void> StoreCatalog::SaveStatistics(const TableStatistics& statistics) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto table, session.Query("SELECT 1 FROM relations WHERE id = ? AND kind = 'table'",
                                                        {statistics.table.value()}));
    if (table.empty()) return MakeError(ErrorCode::kNotFound, "the table of the statistics is not there any more");
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM table_statistics WHERE table_id = ?", {statistics.table.value()}));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO table_statistics (table_id, version, made, table_row, column_rows) VALUES (?, ?, ?, ?, ?)",
        {statistics.table.value(), statistics.version, ToValue(statistics.made),
         metastore::MakeStorable(statistics.table_row), metastore::MakeStorable(statistics.column_rows)}));
    return {};
  });
}

Result<std::vector<std::pair<TableRecord, TableStatistics>>> StoreCatalog::ListStatistics() {
  NL_ASSIGN_OR_RETURN(const auto tables, ReadTables("", {}));
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT table_id, version, made, table_row, column_rows FROM table_statistics"));
  std::vector<std::pair<TableRecord, TableStatistics>> found;
  for (const TableRecord& table : tables) {
    const auto row = std::ranges::find_if(rows, [&](const Row& one) { return TextAt(one, 0) == table.id.value(); });
    if (row == rows.end()) continue;
    found.emplace_back(table, TableStatistics{.table = table.id,
                                              .version = NumberAt(*row, 1),
                                              .made = TimeAt(*row, 2),
                                              .table_row = TextAt(*row, 3),
                                              .column_rows = TextAt(*row, 4)});
  }
  return found;
}

}  // namespace neurolake::catalog
