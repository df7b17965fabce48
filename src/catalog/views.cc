#include <boost/json.hpp>

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

std::string ToJson(const std::vector<std::string>& names) {
  boost::json::array array;
  for (const std::string& name : names) array.emplace_back(name);
  return boost::json::serialize(array);
}

Result<std::vector<std::string>> FromJson(const std::string& text) {
  boost::system::error_code failed;
  const auto parsed = boost::json::parse(text, failed);
  std::vector<std::string> names;
  if (!failed && parsed.is_array()) {
    for (const auto& name : parsed.get_array()) {
      if (name.is_string()) names.emplace_back(name.get_string());
    }
    if (names.size() == parsed.get_array().size()) return names;
  }
  return MakeError(ErrorCode::kCorruption, "the metadata store holds a view whose column names cannot be read");
}

}  // namespace

Result<void> StoreCatalog::CreateView(const ViewRecord& view, bool or_replace, bool if_not_exists) {
  NL_ASSIGN_OR_RETURN(const auto schema, CheckedSchemaName(view.schema_name));
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("view", view.name));
  if (or_replace && if_not_exists) {
    return MakeError(ErrorCode::kInvalidArgument, "OR REPLACE and IF NOT EXISTS cannot go together");
  }
  for (const std::string& column : view.column_names) NL_RETURN_IF_ERROR(CheckedName("column", column));
  const std::string columns = ToJson(view.column_names);
  const std::string id = NewUuid();
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto schema_id, SchemaIdOf(session, schema));
    NL_ASSIGN_OR_RETURN(const auto taken, FindRelation(session, schema_id, name));
    if (taken && taken->kind == "view" && if_not_exists) return {};
    if (taken && (taken->kind != "view" || !or_replace)) return RelationExists(*taken, schema, name);
    if (taken) {
      NL_RETURN_IF_ERROR(session.Execute("UPDATE relations SET view_sql = ?, view_columns = ?, owner = ? WHERE id = ?",
                                         {view.sql, columns, view.owner.value(), taken->id}));
      return {};
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO relations (id, schema_id, name, kind, managed, view_sql, view_columns, owner, comment, created) "
        "VALUES (?, ?, ?, 'view', 0, ?, ?, ?, '', ?)",
        {id, schema_id, name, view.sql, columns, view.owner.value(), ToValue(view.created)}));
    return {};
  });
}

Result<void> StoreCatalog::DropView(const std::string& schema, const std::string& name, bool if_exists) {
  return DropRelation("view", schema, name, if_exists);
}

Result<std::vector<ViewRecord>> StoreCatalog::ReadViews(std::string_view condition, const std::vector<Value>& values) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("SELECT s.name, r.name, r.view_sql, r.view_columns, r.owner, r.created, r.id, "
                                  "(SELECT count(*) FROM (SELECT 1 FROM grants LIMIT 1) g) "
                                  "FROM relations r JOIN schemas s ON s.id = r.schema_id "
                                  "WHERE r.kind = 'view' {} ORDER BY s.name, r.name",
                                  condition),
                      values));
  std::vector<ViewRecord> views;
  views.reserve(rows.size());
  for (const Row& row : rows) {
    NL_ASSIGN_OR_RETURN(auto columns, FromJson(TextAt(row, 3)));
    views.push_back({TextAt(row, 0), TextAt(row, 1), TextAt(row, 2), std::move(columns), PrincipalId(TextAt(row, 4)),
                     TimeAt(row, 5), TextAt(row, 6), NumberAt(row, 7) > 0});
  }
  return views;
}

Result<std::optional<ViewRecord>> StoreCatalog::FindView(const std::string& schema, const std::string& name) {
  NL_ASSIGN_OR_RETURN(auto views, ReadViews("AND s.name = ? AND r.name = ?", {NameToFind(schema), NameToFind(name)}));
  if (views.empty()) return std::nullopt;
  return std::move(views[0]);
}

Result<std::vector<ViewRecord>> StoreCatalog::ListViews(const std::optional<std::string>& schema) {
  if (!schema) return ReadViews("", {});
  return ReadViews("AND s.name = ?", {NameToFind(*schema)});
}

}  // namespace neurolake::catalog
