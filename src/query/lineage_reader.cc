#include "query/lineage_reader.h"

#include <boost/json.hpp>

#include "common/text.h"
#include "query/access.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::LineageEdge;
using catalog::LineageEnd;

constexpr size_t kPageRows = 1000;
constexpr int64_t kEdgesAtOnce = 100;
constexpr size_t kEndsMax = 1024;

json::array ParseArray(const std::string& text) {
  boost::system::error_code problem;
  json::value value = json::parse(text, problem);
  return problem || !value.is_array() ? json::array() : std::move(value.get_array());
}

json::value OrNull(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }
json::value OrNull(int64_t version) { return version < 0 ? json::value(nullptr) : json::value(version); }

}  // namespace

bool LineageReader::Knows(std::string_view relation) { return relation == "lineage" || relation == "column_lineage"; }

Result<void> LineageReader::LoadNames() {
  if (std::exchange(loaded_, true)) return {};
  Access access(catalog_, ctx_);
  NL_ASSIGN_OR_RETURN(const auto tables, catalog_.ListTables(std::nullopt));
  if (!tables.empty() && tables[0].lake_has_grants) NL_RETURN_IF_ERROR(access.LoadGrants());
  for (const auto& table : tables) {
    NL_ASSIGN_OR_RETURN(const bool known, access.Knows(table));
    names_[table.id.value()] = {table.schema_name + "." + table.name, known};
  }
  NL_ASSIGN_OR_RETURN(const auto views, catalog_.ListViews(std::nullopt));
  for (const auto& view : views) {
    NL_ASSIGN_OR_RETURN(const bool known, access.Knows(view));
    names_[view.id] = {view.schema_name + "." + view.name, known};
    if (known) views_.insert(view.schema_name + "." + view.name);
  }
  NL_ASSIGN_OR_RETURN(const auto dropped, catalog_.ListDroppedTables());
  for (const auto& one : dropped) {
    names_.emplace(one.table.id.value(), Named{.name = {}, .visible = ctx_.principal().Has(Right::kCreate)});
  }
  return {};
}

LineageReader::Named LineageReader::Find(const LineageEnd& end) const {
  const auto found = names_.find(end.id);
  Named named = found == names_.end() ? Named{} : found->second;
  if (found == names_.end()) named.visible = ctx_.principal().Has(Right::kManage);
  if (named.name.empty()) named.name = end.name;
  return named;
}

std::string LineageReader::VisibleViews(const std::string& via_json) const {
  json::array visible;
  for (const auto& view : ParseArray(via_json)) {
    if (!view.is_string()) continue;
    if (ctx_.principal().Has(Right::kManage) || views_.contains(std::string(view.get_string())))
      visible.push_back(view);
  }
  return json::serialize(visible);
}

void LineageReader::AppendRows(const LineageEdge& edge, bool columns, std::vector<std::string>& rows) const {
  const bool own = ctx_.principal().Has(Right::kManage) || edge.principal == ctx_.principal().name;
  json::value source;
  if (edge.source.kind == "file") {
    if (own) source = edge.source.name;
  } else {
    const Named named = Find(edge.source);
    if (!named.visible) return;
    source = named.name;
  }
  const Named target = Find(edge.target);
  if (!target.visible) return;
  const json::array head = {FormatTimestamp(edge.at),
                            own ? OrNull(edge.statement.value()) : json::value(nullptr),
                            own ? OrNull(edge.principal) : json::value(nullptr),
                            edge.operation,
                            edge.source.kind,
                            OrNull(edge.source.id),
                            source,
                            OrNull(edge.source.version),
                            edge.target.kind,
                            OrNull(edge.target.id),
                            target.name,
                            OrNull(edge.target.version)};
  if (!columns) {
    json::array row = head;
    row.push_back(json::value(VisibleViews(edge.via_json)));
    rows.push_back(json::serialize(row));
    return;
  }
  for (const auto& column : ParseArray(edge.columns_json)) {
    if (!column.is_array() || column.get_array().size() != 4) continue;
    json::array row = head;
    for (const auto& value : column.get_array()) row.push_back(value);
    rows.push_back(json::serialize(row));
  }
}

Result<std::vector<std::string>> LineageReader::Read(const std::string& relation, int64_t offset) {
  std::vector<std::string> rows;
  if (!ctx_.principal().Has(Right::kRead) || offset < 0) return rows;
  NL_RETURN_IF_ERROR(LoadNames());
  std::optional<catalog::LineagePosition> after;
  int64_t skipped = offset;
  if (const auto known = ends_.find({relation, offset}); known != ends_.end()) {
    after = known->second;
    skipped = 0;
  }
  // Whole edges, so that a page ends where one does.
  while (rows.size() < kPageRows) {
    NL_ASSIGN_OR_RETURN(const auto edges, catalog_.ListLineage(after, kEdgesAtOnce));
    if (edges.empty()) return rows;
    for (const auto& [position, edge] : edges) {
      after = position;
      AppendRows(edge, relation == "column_lineage", rows);
      const auto taken = std::min<int64_t>(skipped, static_cast<int64_t>(rows.size()));
      rows.erase(rows.begin(), rows.begin() + taken);
      skipped -= taken;
      if (rows.size() >= kPageRows) break;
    }
    NL_RETURN_IF_ERROR(ctx_.CheckAlive());
  }
  if (ends_.size() >= kEndsMax) ends_.clear();
  ends_[{relation, offset + static_cast<int64_t>(rows.size())}] = *after;
  return rows;
}

}  // namespace neurolake::query
