#include "catalog/internal/names.h"
#include "catalog/internal/relations.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "catalog/internal/store_semantic_models.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

SchemaRecord ToSchema(const Row& row) {
  return {SchemaId(TextAt(row, 0)), TextAt(row, 1), TextAt(row, 2), TimeAt(row, 3)};
}

}  // namespace

Result<std::string> SchemaIdOf(Session& session, const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT id FROM schemas WHERE name = ?", {name}));
  if (rows.empty()) return MakeError(ErrorCode::kSchemaNotFound, "there is no such schema: {}", name);
  return TextAt(rows[0], 0);
}

Result<std::optional<RelationHead>> FindRelation(Session& session, const std::string& schema_id,
                                                 const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT id, kind FROM relations WHERE schema_id = ? AND name = ?",
                                                     {schema_id, name}));
  if (rows.empty()) return std::nullopt;
  return RelationHead{TextAt(rows[0], 0), TextAt(rows[0], 1)};
}

std::unexpected<Error> RelationExists(const RelationHead& relation, std::string_view schema, std::string_view name) {
  return MakeError(ErrorCode::kAlreadyExists, "there is a {} of this name already: {}.{}", relation.kind, schema, name);
}

Result<SchemaRecord> StoreCatalog::CreateSchema(const std::string& name, bool if_not_exists,
                                                const std::string& comment) {
  NL_ASSIGN_OR_RETURN(const auto checked, CheckedSchemaName(name));
  SchemaRecord schema{SchemaId(NewUuid()), checked, metastore::MakeStorable(comment), clock_.Now()};
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query("SELECT id, name, comment, created FROM schemas WHERE name = ?", {checked}));
    if (!rows.empty()) {
      if (!if_not_exists)
        return MakeError(ErrorCode::kAlreadyExists, "there is a schema of this name already: {}", checked);
      schema = ToSchema(rows[0]);
      return {};
    }
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas (id, name, comment, created) VALUES (?, ?, ?, ?)",
                                       {schema.id.value(), schema.name, schema.comment, ToValue(schema.created)}));
    return {};
  }));
  return schema;
}

Result<void> StoreCatalog::DropSchema(const std::string& name, bool if_exists, bool cascade) {
  NL_ASSIGN_OR_RETURN(const auto checked, CheckedSchemaName(name));
  if (checked == "main") return MakeError(ErrorCode::kInvalidArgument, "the default schema cannot be dropped: main");
  return store_.Write([&](Session& session) -> Result<void> {
    const auto id = SchemaIdOf(session, checked);
    if (!id.has_value()) {
      if (if_exists && id.error().code() == ErrorCode::kSchemaNotFound) return {};
      return std::unexpected(id.error());
    }
    NL_ASSIGN_OR_RETURN(const auto count, session.Query("SELECT COUNT(*) FROM relations WHERE schema_id = ?", {*id}));
    if (NumberAt(count.at(0), 0) > 0 && !cascade) {
      return MakeError(ErrorCode::kDependentObjects,
                       "the schema is not empty, CASCADE drops its tables and views too: {}", checked);
    }
    NL_RETURN_IF_ERROR(DropSemanticModelsOf(session, *id, cascade));
    NL_RETURN_IF_ERROR(CheckNoExpectationNeeds(session, "schema_id = ?", *id));
    // A table that comes back would come without its protection.
    NL_ASSIGN_OR_RETURN(const auto scoped,
                        session.Query("SELECT name FROM tag_policies WHERE schema_id = ? LIMIT 1", {*id}));
    if (!scoped.empty()) {
      return MakeError(ErrorCode::kDependentObjects, "a policy by tag is of the schema, drop that first: {}",
                       TextAt(scoped[0], 0));
    }
    NL_ASSIGN_OR_RETURN(const auto ruled,
                        session.Query("SELECT name FROM pii_rules WHERE schema_id = ? LIMIT 1", {*id}));
    if (!ruled.empty()) {
      return MakeError(ErrorCode::kDependentObjects, "a rule for personal data is of the schema, drop that first: {}",
                       TextAt(ruled[0], 0));
    }
    NL_RETURN_IF_ERROR(RememberDropped(session, "r.schema_id = ?", *id, clock_.Now()));
    NL_RETURN_IF_ERROR(session.Execute(
        "DELETE FROM tags WHERE relation_id IN (SELECT id FROM relations WHERE schema_id = ? AND kind = 'view')",
        {*id}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM relations WHERE schema_id = ?", {*id}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM schemas WHERE id = ?", {*id}));
    return {};
  });
}

Result<std::optional<SchemaRecord>> StoreCatalog::FindSchema(const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT id, name, comment, created FROM schemas WHERE name = ?",
                                                       {NameToFind(name)}));
  if (rows.empty()) return std::nullopt;
  return ToSchema(rows[0]);
}

Result<std::vector<SchemaRecord>> StoreCatalog::ListSchemas() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce("SELECT id, name, comment, created FROM schemas ORDER BY name"));
  std::vector<SchemaRecord> schemas;
  for (const Row& row : rows) schemas.push_back(ToSchema(row));
  return schemas;
}

}  // namespace neurolake::catalog
