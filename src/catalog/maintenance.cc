// Dropped tables and statistics: what the commands that look after tables keep in the metadata store.
#include <algorithm>

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
/// In the place of the time: the table's files are being deleted.
constexpr int64_t kClaimed = 0;

std::string ById() { return fmt::format("{}WHERE id = ? AND dropped > {}", kSelectDropped, kClaimed); }

template <typename Locations>
DroppedTable ToDropped(const Row& row, const Locations& locations) {
  const bool managed = NumberAt(row, 4) != 0;
  return {{TableId(TextAt(row, 0)), TextAt(row, 1), TextAt(row, 2), locations.ToAbsolute(TextAt(row, 3), managed),
           managed, PrincipalId(TextAt(row, 5)), TextAt(row, 6), TimeAt(row, 7), false, false, false},
          TimeAt(row, 8)};
}

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
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(fmt::format("{}WHERE dropped > {} ORDER BY dropped DESC, id",
                                                                   kSelectDropped, kClaimed)));
  std::vector<DroppedTable> tables;
  for (const Row& row : rows) tables.push_back(ToDropped(row, locations_));
  return tables;
}

Result<DroppedTable> StoreCatalog::FindDroppedTable(const std::string& schema, const std::string& name) {
  const std::string wanted_schema = NameToFind(schema);
  const std::string wanted_name = NameToFind(name);
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(fmt::format("{}WHERE schema_name = ? AND name = ? AND dropped > {} "
                                                  "ORDER BY dropped DESC, id LIMIT 1",
                                                  kSelectDropped, kClaimed),
                                      {wanted_schema, wanted_name}));
  if (!rows.empty()) return ToDropped(rows[0], locations_);
  return MakeError(ErrorCode::kNotFound, "no dropped table that could come back: {}.{}", wanted_schema, wanted_name);
}

Result<DroppedTable> StoreCatalog::FindDroppedTable(const TableId& id) {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(ById(), {id.value()}));
  if (!rows.empty()) return ToDropped(rows[0], locations_);
  return MakeError(ErrorCode::kNotFound, "no dropped table that could come back, id: {}", id.value());
}

Result<TableRecord> StoreCatalog::UndropTable(const TableId& id) {
  TableRecord table;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto rows, session.Query(ById(), {id.value()}));
    if (rows.empty()) {
      return MakeError(ErrorCode::kNotFound, "no dropped table that could come back, id: {}", id.value());
    }
    table = ToDropped(rows[0], locations_).table;
    NL_RETURN_IF_ERROR(InsertTable(session, table));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM dropped_tables WHERE id = ?", {id.value()}));
    return {};
  }));
  return table;
}

Result<std::vector<TableRecord>> StoreCatalog::ClaimDroppedTables(WallTime before) {
  std::vector<TableRecord> claimed;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    claimed.clear();
    // A table with a name is nobody's to delete.
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM dropped_tables WHERE id IN (SELECT id FROM relations)"));
    NL_RETURN_IF_ERROR(session.Execute(
        // What shallow clones are made from stays, and can come back, as long as one of them can be read.
        // That holds for what they themselves are made from, too, as they can come back.
        fmt::format("UPDATE dropped_tables SET dropped = {} WHERE dropped < CAST(? AS BIGINT) AND id NOT IN "
                    "(WITH RECURSIVE kept (id) AS (SELECT id FROM relations UNION SELECT id FROM dropped_tables WHERE "
                    "dropped >= CAST(? AS BIGINT) UNION SELECT d.id FROM kept k JOIN clone_sources c ON c.clone_id = "
                    "k.id JOIN dropped_tables d ON d.location = c.location) SELECT id FROM kept)",
                    kClaimed),
        {ToValue(before), ToValue(before)}));
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query(fmt::format("{}WHERE dropped = {} ORDER BY id", kSelectDropped, kClaimed)));
    NL_ASSIGN_OR_RETURN(const auto live, session.Query("SELECT location FROM relations WHERE kind = 'table'"));
    for (const Row& row : rows) {
      const std::string location = TextAt(row, 3);
      // Whatever led there: the files of a table with a name stay. It waits until that table is gone.
      const bool shared =
          std::ranges::any_of(live, [&](const Row& table) { return Overlap(TextAt(table, 0), location); });
      if (!shared) claimed.push_back(ToDropped(row, locations_).table);
    }
    return {};
  }));
  return claimed;
}

Result<void> StoreCatalog::ForgetDroppedTable(const TableId& id) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM dropped_tables WHERE id = ?", {id.value()}));
    NL_RETURN_IF_ERROR(session.Execute(
        "DELETE FROM table_statistics WHERE table_id = ? AND table_id NOT IN (SELECT id FROM relations)",
        {id.value()}));
    NL_RETURN_IF_ERROR(session.Execute(
        "DELETE FROM clone_sources WHERE clone_id = ? AND clone_id NOT IN (SELECT id FROM relations)", {id.value()}));
    for (const char* table : {"expectations", "expectation_results", "policies", "allowed_purposes", "minimum_groups",
                              "pii_findings", "statistics_floors", "statistics_holds"}) {
      NL_RETURN_IF_ERROR(session.Execute(
          fmt::format("DELETE FROM {} WHERE table_id = ? AND table_id NOT IN (SELECT id FROM relations)", table),
          {id.value()}));
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "DELETE FROM tags WHERE relation_id = ? AND relation_id NOT IN (SELECT id FROM relations)", {id.value()}));
    return {};
  });
}

Result<int64_t> StatisticsFloor(Session& session, const TableId& table) {
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT COALESCE(MAX(version), 0) FROM (SELECT version FROM "
                                                     "statistics_floors WHERE table_id = ? UNION ALL SELECT version "
                                                     "FROM statistics_holds WHERE table_id = ?) AS floors",
                                                     {table.value(), table.value()}));
  return NumberAt(rows.at(0), 0);
}

Result<void> StoreCatalog::SaveStatistics(const TableStatistics& statistics) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto table, session.Query("SELECT 1 FROM relations WHERE id = ? AND kind = 'table'",
                                                        {statistics.table.value()}));
    if (table.empty()) return MakeError(ErrorCode::kNotFound, "the table of the statistics is not there any more");
    NL_ASSIGN_OR_RETURN(const int64_t floor, StatisticsFloor(session, statistics.table));
    if (statistics.version < floor) {
      return MakeError(ErrorCode::kConflict,
                       "statistics of version {} are not kept, as values of the table were encrypted or erased for "
                       "version {}: run it again when that is there",
                       statistics.version, floor);
    }
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
