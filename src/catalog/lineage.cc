#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::MakeStorable;
using metastore::Row;
using metastore::Value;

constexpr std::string_view kColumns =
    "id, at, statement_id, principal, operation, source_kind, source_id, source_name, source_version, target_kind, "
    "target_id, target_name, target_version, via, column_rows";
constexpr size_t kColumnCount = 15;
/// Rows in one statement: both stores bound how many parameters it may have.
constexpr size_t kRowsAtOnce = 50;
constexpr int64_t kForgottenAtOnce = 2000;

LineageEdge ToEdge(const Row& row) {
  LineageEdge edge;
  edge.at = TimeAt(row, 1);
  edge.statement = StatementId(TextAt(row, 2));
  edge.principal = TextAt(row, 3);
  edge.operation = TextAt(row, 4);
  edge.source = {TextAt(row, 5), TextAt(row, 6), TextAt(row, 7), NumberAt(row, 8)};
  edge.target = {TextAt(row, 9), TextAt(row, 10), TextAt(row, 11), NumberAt(row, 12)};
  edge.via_json = TextAt(row, 13);
  edge.columns_json = TextAt(row, 14);
  return edge;
}

std::string Placeholders(size_t rows, size_t columns) {
  std::string row = "(";
  for (size_t i = 0; i < columns; ++i) row += i == 0 ? "?" : ", ?";
  row += ")";
  std::string text;
  for (size_t i = 0; i < rows; ++i) text += (i == 0 ? "" : ", ") + row;
  return text;
}

}  // namespace

Result<void> StoreCatalog::AddLineage(const std::vector<LineageEdge>& edges) {
  for (size_t begin = 0; begin < edges.size(); begin += kRowsAtOnce) {
    const size_t count = std::min(kRowsAtOnce, edges.size() - begin);
    std::vector<Value> values;
    for (size_t i = begin; i < begin + count; ++i) {
      const LineageEdge& edge = edges[i];
      values.insert(values.end(),
                    {fmt::format("{}:{:05}", edge.statement.value(), i), ToValue(edge.at),
                     MakeStorable(edge.statement.value()), MakeStorable(edge.principal), MakeStorable(edge.operation),
                     edge.source.kind, edge.source.id, MakeStorable(edge.source.name), edge.source.version,
                     edge.target.kind, edge.target.id, MakeStorable(edge.target.name), edge.target.version,
                     MakeStorable(edge.via_json), MakeStorable(edge.columns_json)});
    }
    NL_RETURN_IF_ERROR(store_.WriteRelaxed(fmt::format("INSERT INTO lineage ({}) VALUES {} ON CONFLICT (id) DO NOTHING",
                                                       kColumns, Placeholders(count, kColumnCount)),
                                           values));
  }
  return {};
}

Result<std::vector<std::pair<LineagePosition, LineageEdge>>> StoreCatalog::ListLineage(
    const std::optional<LineagePosition>& after, int64_t limit) {
  std::vector<Value> values;
  if (after) values = {ToValue(after->at), ToValue(after->at), after->id};
  values.emplace_back(limit);
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(fmt::format("SELECT {} FROM lineage {} ORDER BY at DESC, id DESC LIMIT ?",
                                                  kColumns, after ? "WHERE at < ? OR (at = ? AND id < ?)" : ""),
                                      values));
  std::vector<std::pair<LineagePosition, LineageEdge>> edges;
  edges.reserve(rows.size());
  for (const Row& row : rows) edges.emplace_back(LineagePosition{TimeAt(row, 1), TextAt(row, 0)}, ToEdge(row));
  return edges;
}

Result<int64_t> StoreCatalog::ForgetLineage(WallTime keep_after) {
  int64_t forgotten = 0;
  for (;;) {
    NL_ASSIGN_OR_RETURN(const auto now_forgotten,
                        store_.WriteRelaxed("DELETE FROM lineage WHERE id IN (SELECT id FROM lineage WHERE at < ? "
                                            "LIMIT ?)",
                                            {ToValue(keep_after), kForgottenAtOnce}));
    forgotten += now_forgotten;
    if (now_forgotten < kForgottenAtOnce) return forgotten;
  }
}

Result<void> StoreCatalog::AddEvents(const std::vector<OutboxEvent>& events) {
  for (const OutboxEvent& event : events) {
    NL_RETURN_IF_ERROR(
        store_.WriteRelaxed("INSERT INTO event_outbox (id, created, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                            {event.id, ToValue(event.created), MakeStorable(event.body)}));
  }
  return {};
}

Result<std::vector<OutboxEvent>> StoreCatalog::ListEvents(int64_t limit) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT id, created, body FROM event_outbox ORDER BY created, id LIMIT ?", {limit}));
  std::vector<OutboxEvent> events;
  events.reserve(rows.size());
  for (const Row& row : rows) events.push_back({TextAt(row, 0), TimeAt(row, 1), TextAt(row, 2)});
  return events;
}

Result<void> StoreCatalog::RemoveEvents(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    NL_RETURN_IF_ERROR(store_.WriteRelaxed("DELETE FROM event_outbox WHERE id = ?", {id}));
  }
  return {};
}

Result<int64_t> StoreCatalog::CountEvents() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT count(*) FROM event_outbox"));
  return NumberAt(rows.at(0), 0);
}

}  // namespace neurolake::catalog
