// Semantic models and their versions, in the metadata store.
#include "catalog/semantic_models.h"

#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_semantic_models.h"
#include "catalog/object_grants.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::MakeStorable;
using metastore::Row;
using metastore::Session;
using metastore::Value;

std::unexpected<Error> Gone() { return MakeError(ErrorCode::kNotFound, "the semantic model is not there any more"); }

Result<void> CheckFree(Session& session, const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT 1 FROM semantic_models WHERE name = ?", {name}));
  if (taken.empty()) return {};
  return MakeError(ErrorCode::kAlreadyExists, "the name of a semantic model is taken: {}", name);
}

Result<void> InsertVersion(Session& session, const std::string& id, int64_t number,
                           const SemanticModelVersion& version) {
  NL_RETURN_IF_ERROR(session.Execute(
      "INSERT INTO semantic_model_versions (model_id, version, body, digest, restored, created_by, created) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      {id, number, version.body, version.digest, version.restored ? Value(*version.restored) : Value(std::monostate{}),
       MakeStorable(version.created_by), ToValue(version.created)}));
  for (const SemanticModelTable& table : version.tables) {
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO semantic_model_tables (model_id, version, schema_name, relation_name, relation_id) "
        "VALUES (?, ?, ?, ?, ?)",
        {id, number, table.schema_name, table.name, table.relation_id}));
  }
  return {};
}

Result<bool> HasTables(Session& session, const std::string& id, int64_t number,
                       const std::vector<SemanticModelTable>& tables) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("SELECT schema_name, relation_name, relation_id FROM semantic_model_tables "
                                    "WHERE model_id = ? AND version = ?",
                                    {id, number}));
  const auto is_known = [&](const SemanticModelTable& table) {
    return std::ranges::any_of(rows, [&](const Row& row) {
      return TextAt(row, 0) == table.schema_name && TextAt(row, 1) == table.name && TextAt(row, 2) == table.relation_id;
    });
  };
  return rows.size() == tables.size() && std::ranges::all_of(tables, is_known);
}

Result<void> CheckText(const SemanticModelVersion& version) {
  // What is not stored as it is would be another model.
  bool fits = metastore::IsStorableText(version.body);
  for (const SemanticModelTable& table : version.tables) {
    fits = fits && metastore::IsStorableText(table.schema_name) && metastore::IsStorableText(table.name);
  }
  if (fits) return {};
  return MakeError(ErrorCode::kInvalidArgument, "a semantic model is UTF-8 text without zero bytes");
}

SemanticModelTable ToTable(const Row& row, size_t at) {
  SemanticModelTable table{
      .schema_name = TextAt(row, at), .name = TextAt(row, at + 1), .relation_id = TextAt(row, at + 2)};
  if (table.relation_id.empty()) {
    table.schema_now = table.schema_name;
    table.name_now = table.name;
  } else if (!std::holds_alternative<std::monostate>(row.at(at + 3))) {
    table.schema_now = TextAt(row, at + 3);
    table.name_now = TextAt(row, at + 4);
  }
  return table;
}

constexpr const char* kTables =
    "SELECT t.model_id, t.schema_name, t.relation_name, t.relation_id, s.name, r.name FROM semantic_model_tables t "
    "LEFT JOIN relations r ON r.id = t.relation_id LEFT JOIN schemas s ON s.id = r.schema_id ";

SemanticModelRecord ToModel(const Row& row) {
  SemanticModelRecord model{.id = TextAt(row, 0),
                            .name = TextAt(row, 1),
                            .schema_id = TextAt(row, 2),
                            .schema_name = TextAt(row, 3),
                            .owner = PrincipalId(TextAt(row, 4)),
                            .comment = TextAt(row, 5),
                            .created = TimeAt(row, 6),
                            .updated = TimeAt(row, 7),
                            .current = {}};
  model.current = {.version = NumberAt(row, 8),
                   .body = TextAt(row, 9),
                   .digest = TextAt(row, 10),
                   .created_by = TextAt(row, 11),
                   .created = TimeAt(row, 12)};
  return model;
}

/// `body` is the column, or '' for lists.
std::string ModelsSql(const std::string& body, const std::string& where) {
  return "SELECT m.id, m.name, m.schema_id, s.name, m.owner, m.comment, m.created, m.updated, v.version, " + body +
         ", v.digest, v.created_by, v.created FROM semantic_models m JOIN schemas s ON s.id = m.schema_id "
         "JOIN semantic_model_versions v ON v.model_id = m.id AND v.version = m.version " +
         where + " ORDER BY m.name";
}

Result<void> Forget(Session& session, const std::string& id) {
  NL_RETURN_IF_ERROR(ForgetObjectGrants(session, kSemanticModelKind, id));
  for (const char* sql :
       {"DELETE FROM semantic_model_tables WHERE model_id = ?",
        "DELETE FROM semantic_model_versions WHERE model_id = ?", "DELETE FROM semantic_models WHERE id = ?"}) {
    NL_RETURN_IF_ERROR(session.Execute(sql, {id}));
  }
  return {};
}

/// Makes the next version, or finds that `before` says the same; `number` is which it is then.
Result<void> Append(Session& session, const std::string& id, int64_t before, const SemanticModelVersion& version,
                    int64_t& number) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("SELECT m.version, v.digest FROM semantic_models m JOIN semantic_model_versions v "
                                    "ON v.model_id = m.id AND v.version = m.version WHERE m.id = ?",
                                    {id}));
  if (rows.empty()) return Gone();
  if (NumberAt(rows[0], 0) != before) {
    return MakeError(ErrorCode::kConflict, "the semantic model was replaced meanwhile, version: {}",
                     NumberAt(rows[0], 0));
  }
  number = before;
  // A table that was dropped and made again has another id: then the same text is another version.
  if (TextAt(rows[0], 1) == version.digest) {
    NL_ASSIGN_OR_RETURN(const bool same, HasTables(session, id, before, version.tables));
    if (same) return {};
  }
  number = before + 1;
  NL_RETURN_IF_ERROR(InsertVersion(session, id, number, version));
  NL_RETURN_IF_ERROR(session.Execute("UPDATE semantic_models SET version = ?, updated = ? WHERE id = ?",
                                     {number, ToValue(version.created), id}));
  for (const char* table : {"semantic_model_tables", "semantic_model_versions"}) {
    NL_RETURN_IF_ERROR(session.Execute(fmt::format("DELETE FROM {} WHERE model_id = ? AND version <= ?", table),
                                       {id, number - SemanticModels::kVersionsMax}));
  }
  return {};
}

}  // namespace

Result<void> DropSemanticModelsOf(Session& session, const std::string& schema_id, bool cascade) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("SELECT id FROM semantic_models WHERE schema_id = ?", {schema_id}));
  if (!rows.empty() && !cascade) {
    return MakeError(ErrorCode::kDependentObjects, "a semantic model is of the schema, CASCADE drops it too");
  }
  for (const Row& row : rows) NL_RETURN_IF_ERROR(Forget(session, TextAt(row, 0)));
  return ForgetObjectGrants(session, kModelsOfSchemaKind, schema_id);
}

Result<void> StoreSemanticModels::Create(const SemanticModelRecord& model) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("semantic model", model.name));
  NL_RETURN_IF_ERROR(CheckText(model.current));
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(CheckFree(session, name));
    NL_ASSIGN_OR_RETURN(const auto schema, session.Query("SELECT 1 FROM schemas WHERE id = ?", {model.schema_id}));
    if (schema.empty()) return MakeError(ErrorCode::kSchemaNotFound, "schema does not exist: {}", model.schema_name);
    NL_ASSIGN_OR_RETURN(const auto count, session.Query("SELECT COUNT(*) FROM semantic_models"));
    if (NumberAt(count.at(0), 0) >= kModelsMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a lake has at most {} semantic models", kModelsMax);
    }
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO semantic_models (id, name, schema_id, owner, comment, version, created, updated) "
                        "VALUES (?, ?, ?, ?, ?, 1, ?, ?)",
                        {model.id, name, model.schema_id, model.owner.value(), MakeStorable(model.comment),
                         ToValue(model.created), ToValue(model.created)}));
    return InsertVersion(session, model.id, 1, model.current);
  });
}

Result<int64_t> StoreSemanticModels::AddVersion(const std::string& id, int64_t before,
                                                const SemanticModelVersion& version) {
  NL_RETURN_IF_ERROR(CheckText(version));
  int64_t number = 0;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) { return Append(session, id, before, version, number); }));
  return number;
}

Result<void> StoreSemanticModels::Rename(const std::string& id, const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto checked, CheckedName("semantic model", name));
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(CheckFree(session, checked));
    NL_ASSIGN_OR_RETURN(const int64_t changed,
                        session.Execute("UPDATE semantic_models SET name = ? WHERE id = ?", {checked, id}));
    return changed == 0 ? Result<void>(Gone()) : Result<void>();
  });
}

Result<void> StoreSemanticModels::Change(const std::string& id, const std::string& column, const Value& value) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const int64_t changed,
                        session.Execute("UPDATE semantic_models SET " + column + " = ? WHERE id = ?", {value, id}));
    return changed == 0 ? Result<void>(Gone()) : Result<void>();
  });
}

Result<void> StoreSemanticModels::SetOwner(const std::string& id, const PrincipalId& owner) {
  return Change(id, "owner", owner.value());
}

Result<void> StoreSemanticModels::SetComment(const std::string& id, const std::string& comment) {
  return Change(id, "comment", MakeStorable(comment));
}

Result<void> StoreSemanticModels::Drop(const std::string& id) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT 1 FROM semantic_models WHERE id = ?", {id}));
    if (rows.empty()) return Gone();
    return Forget(session, id);
  });
}

Result<std::optional<SemanticModelRecord>> StoreSemanticModels::Find(const std::string& name) {
  std::optional<SemanticModelRecord> found;
  NL_RETURN_IF_ERROR(store_.Read([&](Session& session) -> Result<void> {
    found.reset();
    NL_ASSIGN_OR_RETURN(const auto rows, session.Query(ModelsSql("v.body", "WHERE m.name = ?"), {NameToFind(name)}));
    if (rows.empty()) return {};
    found = ToModel(rows[0]);
    NL_ASSIGN_OR_RETURN(const auto tables,
                        session.Query(std::string(kTables) + "WHERE t.model_id = ? AND t.version = ? "
                                                             "ORDER BY t.schema_name, t.relation_name",
                                      {found->id, found->current.version}));
    for (const Row& row : tables) found->current.tables.push_back(ToTable(row, 1));
    return {};
  }));
  return found;
}

Result<std::optional<SemanticModelVersion>> StoreSemanticModels::FindVersion(const std::string& id, int64_t version) {
  std::optional<SemanticModelVersion> found;
  NL_RETURN_IF_ERROR(store_.Read([&](Session& session) -> Result<void> {
    found.reset();
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query("SELECT version, body, digest, created_by, created, restored FROM "
                                      "semantic_model_versions WHERE model_id = ? AND version = ?",
                                      {id, version}));
    if (rows.empty()) return {};
    found = SemanticModelVersion{.version = NumberAt(rows[0], 0),
                                 .body = TextAt(rows[0], 1),
                                 .digest = TextAt(rows[0], 2),
                                 .created_by = TextAt(rows[0], 3),
                                 .created = TimeAt(rows[0], 4)};
    if (!std::holds_alternative<std::monostate>(rows[0].at(5))) found->restored = NumberAt(rows[0], 5);
    NL_ASSIGN_OR_RETURN(const auto tables,
                        session.Query(std::string(kTables) + "WHERE t.model_id = ? AND t.version = ? "
                                                             "ORDER BY t.schema_name, t.relation_name",
                                      {id, version}));
    for (const Row& row : tables) found->tables.push_back(ToTable(row, 1));
    return {};
  }));
  return found;
}

Result<std::vector<SemanticModelRecord>> StoreSemanticModels::List() {
  std::vector<SemanticModelRecord> models;
  NL_RETURN_IF_ERROR(store_.Read([&](Session& session) -> Result<void> {
    models.clear();
    NL_ASSIGN_OR_RETURN(const auto rows, session.Query(ModelsSql("''", "")));
    for (const Row& row : rows) models.push_back(ToModel(row));
    NL_ASSIGN_OR_RETURN(
        const auto tables,
        session.Query(std::string(kTables) + "JOIN semantic_models m ON m.id = t.model_id AND m.version = t.version "
                                             "ORDER BY t.model_id, t.schema_name, t.relation_name"));
    for (const Row& row : tables) {
      const auto model = std::ranges::find(models, TextAt(row, 0), &SemanticModelRecord::id);
      if (model != models.end()) model->current.tables.push_back(ToTable(row, 1));
    }
    return {};
  }));
  return models;
}

Result<std::vector<SemanticModelVersion>> StoreSemanticModels::ListVersions(const std::string& id) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT version, digest, created_by, created, restored FROM "
                                      "semantic_model_versions WHERE model_id = ? ORDER BY version DESC",
                                      {id}));
  std::vector<SemanticModelVersion> versions;
  for (const Row& row : rows) {
    SemanticModelVersion version{.version = NumberAt(row, 0),
                                 .body = {},
                                 .digest = TextAt(row, 1),
                                 .created_by = TextAt(row, 2),
                                 .created = TimeAt(row, 3)};
    if (!std::holds_alternative<std::monostate>(row.at(4))) version.restored = NumberAt(row, 4);
    versions.push_back(std::move(version));
  }
  return versions;
}

Result<void> StoreSemanticModels::ForgetVersion(const std::string& id, int64_t version) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto current, session.Query("SELECT version FROM semantic_models WHERE id = ?", {id}));
    if (!current.empty() && NumberAt(current[0], 0) == version) {
      return MakeError(ErrorCode::kInvalidArgument, "the current version of a semantic model stays: {}", version);
    }
    for (const char* table : {"semantic_model_tables", "semantic_model_versions"}) {
      NL_RETURN_IF_ERROR(
          session.Execute(fmt::format("DELETE FROM {} WHERE model_id = ? AND version = ?", table), {id, version}));
    }
    return {};
  });
}

}  // namespace neurolake::catalog
