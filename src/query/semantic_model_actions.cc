#include "query/semantic_model_actions.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>

#include "catalog/ask_records.h"
#include "common/text.h"
#include "query/access.h"
#include "query/grantee_names.h"
#include "query/messages.h"
#include "query/policy_actions.h"
#include "query/semantic_models.h"
#include "semantic/load.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::ObjectGrant;
using catalog::SchemaRecord;
using catalog::SemanticModelRecord;
using catalog::SemanticModelTable;
using catalog::SemanticModelVersion;

constexpr std::string_view kActions[] = {"create_semantic_model",   "semantic_model",       "alter_semantic_model",
                                         "restore_semantic_model",  "drop_semantic_model",  "semantic_models",
                                         "semantic_model_versions", "grant_semantic_model", "semantic_model_grants"};
constexpr size_t kCommentBytesMax = 4096;

/// Null: not given.
Result<std::optional<std::string>> TextOrNull(const json::object& arguments, std::string_view name) {
  const auto* value = arguments.if_contains(name);
  if (value == nullptr) return BadMember(name);
  if (value->is_null()) return std::nullopt;
  NL_ASSIGN_OR_RETURN(std::string text, StringMember(arguments, name));
  return std::optional(std::move(text));
}

Result<void> CheckComment(const std::string& comment) {
  if (comment.size() <= kCommentBytesMax) return {};
  return MakeError(ErrorCode::kInvalidArgument, "a comment has at most {} bytes, this one: {}", kCommentBytesMax,
                   comment.size());
}

/// One that the principal may change. Errors: kNotFound for one that it may not use either.
Result<SemanticModelRecord> Changeable(ModelAccess& access, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(auto model, access.Find(name));
  if (access.MayChange(model)) return model;
  return MakeError(ErrorCode::kPermissionDenied,
                   "a semantic model is changed by its owner or by who manages the lake: {}", model.name);
}

/// One that the principal may make models in. Of one that it neither knows nor may make models in, nothing is said.
Result<SchemaRecord> SchemaFor(const RequestContext& ctx, catalog::Catalog& catalog, ModelAccess& models,
                               const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto schema, catalog.FindSchema(name));
  if (schema) {
    NL_ASSIGN_OR_RETURN(const bool may, models.MayCreateIn(*schema));
    if (may) return *schema;
    Access access(catalog, ctx);
    NL_ASSIGN_OR_RETURN(const bool known, access.KnowsSchema(*schema));
    if (known) {
      return MakeError(ErrorCode::kPermissionDenied,
                       "making a semantic model needs the right to create, or the privilege CREATE SEMANTIC MODEL on "
                       "its schema: {}",
                       schema->name);
    }
  }
  return MakeError(ErrorCode::kSchemaNotFound, "schema does not exist: {}", name);
}

/// Gives each table its id. Errors: kNotFound for one that the principal may not know of.
Result<void> FindTables(const RequestContext& ctx, catalog::Catalog& catalog, std::vector<SemanticModelTable>& tables) {
  Access access(catalog, ctx);
  for (SemanticModelTable& one : tables) {
    // The lake's own relations have no ids; who may read what of them is theirs to say.
    if (one.schema_name == "system" || one.schema_name == "information_schema") continue;
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(one.schema_name, one.name));
    NL_ASSIGN_OR_RETURN(const auto view, catalog.FindView(one.schema_name, one.name));
    bool known = false;
    if (table) {
      NL_ASSIGN_OR_RETURN(known, access.Knows(*table));
    } else if (view) {
      NL_ASSIGN_OR_RETURN(known, access.Knows(*view));
    }
    if (!known) {
      return MakeError(ErrorCode::kNotFound, "table or view does not exist or may not be read: {}.{}", one.schema_name,
                       one.name);
    }
    one.relation_id = table ? table->id.value() : view->id;
  }
  return {};
}

Result<json::value> Replace(catalog::Catalog& catalog, const SemanticModelRecord& known,
                            const SemanticModelRecord& made, bool with_comment) {
  if (known.schema_id != made.schema_id) {
    return MakeError(ErrorCode::kInvalidArgument, "CREATE OR REPLACE keeps the schema of a semantic model: {} is of {}",
                     known.name, known.schema_name);
  }
  NL_ASSIGN_OR_RETURN(const int64_t version,
                      catalog.semantic_models().AddVersion(known.id, known.current.version, made.current));
  if (with_comment) NL_RETURN_IF_ERROR(catalog.semantic_models().SetComment(known.id, made.comment));
  return json::value{{"version", version}};
}

/// Who may change a model reads the feedback on it, by name. That on another model, of a file or dropped, is not for
/// whoever takes its name.
Result<void> CheckNoFeedback(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& name) {
  if (ctx.principal().Has(Right::kManage)) return {};
  NL_ASSIGN_OR_RETURN(const auto feedback, catalog.ask_records().ListFeedback(name, "", 1));
  if (feedback.empty()) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "there is feedback on another semantic model of this name: {}; choose another name, or let somebody "
                   "who manages the lake make it",
                   name);
}

Result<json::value> Create(const RequestContext& ctx, catalog::Catalog& catalog, ModelAccess& access,
                           const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const auto schema_name, TextOrNull(arguments, "schema"));
  NL_ASSIGN_OR_RETURN(const std::string session_schema, StringMember(arguments, "session_schema"));
  NL_ASSIGN_OR_RETURN(const auto comment, TextOrNull(arguments, "comment"));
  NL_ASSIGN_OR_RETURN(const bool or_replace, BoolMember(arguments, "or_replace"));
  NL_ASSIGN_OR_RETURN(const bool if_not_exists, BoolMember(arguments, "if_not_exists"));
  SemanticModelRecord made{.id = NewUuid(),
                           .name = name,
                           .schema_id = {},
                           .schema_name = {},
                           .owner = ctx.principal().owner(),
                           .comment = comment.value_or(""),
                           .created = ctx.clock().Now(),
                           .updated = ctx.clock().Now(),
                           .current = {}};
  NL_RETURN_IF_ERROR(CheckComment(made.comment));
  NL_ASSIGN_OR_RETURN(made.current.body, StringMember(arguments, "definition"));
  NL_ASSIGN_OR_RETURN(const auto known, catalog.semantic_models().Find(name));
  const bool replaces = known && or_replace && access.MayChange(*known);
  if (replaces && (!schema_name || EqualsIgnoringCase(*schema_name, known->schema_name))) {
    made.schema_id = known->schema_id;
    made.schema_name = known->schema_name;
  } else {
    // Before it is said whether a name is taken: who may make none learns nothing of names.
    NL_ASSIGN_OR_RETURN(const SchemaRecord schema,
                        SchemaFor(ctx, catalog, access, schema_name.value_or(session_schema)));
    made.schema_id = schema.id.value();
    made.schema_name = schema.name;
  }
  if (known && if_not_exists) return json::value{{"version", nullptr}};
  if (known && !replaces) {
    if (or_replace && access.Find(name)) {
      return MakeError(ErrorCode::kPermissionDenied,
                       "a semantic model is replaced by its owner or by who manages the lake: {}", known->name);
    }
    return MakeError(ErrorCode::kAlreadyExists, "the name of a semantic model is taken: {}", known->name);
  }
  NL_ASSIGN_OR_RETURN(const auto model, semantic::LoadModel(made.current.body));
  made.current.digest = Sha256Hex(made.current.body);
  made.current.created_by = ctx.principal().name;
  made.current.created = ctx.clock().Now();
  made.current.tables = TablesOf(model, made.schema_name);
  NL_RETURN_IF_ERROR(FindTables(ctx, catalog, made.current.tables));
  if (known) return Replace(catalog, *known, made, comment.has_value());
  NL_RETURN_IF_ERROR(CheckNoFeedback(ctx, catalog, name));
  NL_RETURN_IF_ERROR(catalog.semantic_models().Create(made));
  return json::value{{"version", 1}};
}

Result<SemanticModelVersion> VersionOf(catalog::Catalog& catalog, const SemanticModelRecord& model, int64_t number) {
  NL_ASSIGN_OR_RETURN(auto version, catalog.semantic_models().FindVersion(model.id, number));
  if (version) return *std::move(version);
  return MakeError(ErrorCode::kVersionNotFound, "the semantic model has no such version: {} of {}", number, model.name);
}

Result<json::value> Show(catalog::Catalog& catalog, ModelAccess& access, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const SemanticModelRecord model, access.Find(name));
  const auto* number = arguments.if_contains("version");
  if (number == nullptr || (!number->is_null() && !number->is_int64())) return BadMember("version");
  SemanticModelVersion version = model.current;
  if (number->is_int64()) {
    NL_ASSIGN_OR_RETURN(version, VersionOf(catalog, model, number->get_int64()));
  }
  json::array tables;
  for (const SemanticModelTable& one : version.tables) {
    tables.push_back(json::array{one.schema_name, one.name, one.schema_now, one.name_now});
  }
  return json::value{{"name", model.name},         {"schema", model.schema_name},
                     {"comment", model.comment},   {"version", version.version},
                     {"definition", version.body}, {"may_change", access.MayChange(model)},
                     {"stale", IsStale(version)},  {"tables", std::move(tables)}};
}

Result<json::value> Alter(const RequestContext& ctx, catalog::Catalog& catalog, ModelAccess& access,
                          const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(const std::string value, StringMember(arguments, kind == "comment" ? "comment" : "set"));
  NL_ASSIGN_OR_RETURN(const SemanticModelRecord model, Changeable(access, arguments));
  auto& models = catalog.semantic_models();
  if (kind == "rename") {
    NL_RETURN_IF_ERROR(CheckNoFeedback(ctx, catalog, value));
    NL_RETURN_IF_ERROR(models.Rename(model.id, value));
  } else if (kind == "comment") {
    NL_RETURN_IF_ERROR(CheckComment(value));
    NL_RETURN_IF_ERROR(models.SetComment(model.id, value));
  } else if (kind == "owner") {
    NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
    const auto owner =
        std::ranges::find_if(principals, [&](const auto& one) { return EqualsIgnoringCase(one.name, value); });
    if (owner == principals.end()) return MakeError(ErrorCode::kNotFound, "there is no such user: {}", value);
    NL_RETURN_IF_ERROR(models.SetOwner(model.id, owner->id));
  } else {
    return BadMember("kind");
  }
  return json::value(json::object());
}

Result<json::value> Restore(const RequestContext& ctx, catalog::Catalog& catalog, ModelAccess& access,
                            const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const int64_t number, IntMember(arguments, "version"));
  NL_ASSIGN_OR_RETURN(const SemanticModelRecord model, Changeable(access, arguments));
  NL_ASSIGN_OR_RETURN(SemanticModelVersion version, VersionOf(catalog, model, number));
  if (IsStale(version)) {
    return MakeError(ErrorCode::kDependentObjects,
                     "a table that the version is made over was dropped, and no other is meant by its name: version {} "
                     "of {}",
                     number, model.name);
  }
  version.restored = number;
  version.created_by = ctx.principal().name;
  version.created = ctx.clock().Now();
  NL_ASSIGN_OR_RETURN(const int64_t made,
                      catalog.semantic_models().AddVersion(model.id, model.current.version, version));
  return json::value{{"version", made}};
}

Result<json::value> Drop(catalog::Catalog& catalog, ModelAccess& access, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
  const auto model = Changeable(access, arguments);
  if (!model) {
    if (if_exists && model.error().code() == ErrorCode::kNotFound) return json::value(json::object());
    return std::unexpected(model.error());
  }
  NL_RETURN_IF_ERROR(catalog.semantic_models().Drop(model->id));
  return json::value(json::object());
}

json::value NameOf(const std::map<std::string, std::string>& names, const std::string& id) {
  const auto found = names.find(id);
  return found == names.end() ? json::value(nullptr) : json::value(found->second);
}

/// [name, schema, owner, version, state, comment, created, updated].
Result<std::vector<json::array>> ModelRows(const RequestContext& ctx, catalog::Catalog& catalog) {
  ModelAccess access(catalog, ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto models, access.Usable());
  std::vector<json::array> rows;
  if (models.empty()) return rows;
  NL_ASSIGN_OR_RETURN(const GranteeNames names, GranteeNames::Load(catalog));
  for (const SemanticModelRecord& one : models) {
    rows.push_back(json::array{one.name, one.schema_name, names.Of("user", one.owner.value()), one.current.version,
                               IsStale(one.current) ? "stale" : "valid", one.comment, FormatTimestamp(one.created),
                               FormatTimestamp(one.updated)});
  }
  return rows;
}

/// As a row of SHOW statements, which are all text.
json::array AsText(const json::array& row) {
  json::array text;
  for (const auto& value : row) {
    text.push_back(value.is_int64() ? json::value(std::to_string(value.get_int64())) : value);
  }
  return text;
}

Result<json::value> List(const RequestContext& ctx, catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto models, ModelRows(ctx, catalog));
  json::array rows;
  for (const json::array& row : models) rows.push_back(AsText(row));
  return json::value{{"rows", std::move(rows)}};
}

json::array VersionRow(const SemanticModelRecord& model, const SemanticModelVersion& one) {
  return {one.version,
          one.version == model.current.version,
          one.restored ? json::value(*one.restored) : json::value(nullptr),
          one.digest,
          one.created_by,
          FormatTimestamp(one.created)};
}

Result<json::value> ListVersions(catalog::Catalog& catalog, ModelAccess& access, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const SemanticModelRecord model, access.Find(name));
  NL_ASSIGN_OR_RETURN(const auto versions, catalog.semantic_models().ListVersions(model.id));
  json::array rows;
  for (const SemanticModelVersion& one : versions) {
    json::array row = AsText(VersionRow(model, one));
    row[1] = row[1].get_bool() ? "current" : "earlier";
    rows.push_back(std::move(row));
  }
  return json::value{{"rows", std::move(rows)}};
}

/// What is granted on: a model, or all of a schema or the lake.
Result<std::string> SecurableId(const RequestContext& ctx, catalog::Catalog& catalog, ModelAccess& access,
                                const std::string& kind, const json::object& arguments) {
  if (kind == "model") {
    NL_ASSIGN_OR_RETURN(const SemanticModelRecord model, Changeable(access, arguments));
    return model.id;
  }
  if (!ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied,
                     "privileges on all semantic models of a schema or the lake need the right to manage the lake");
  }
  if (kind == "lake") return std::string();
  if (kind != "schema") return BadMember("kind");
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "schema"));
  NL_ASSIGN_OR_RETURN(const auto schema, catalog.FindSchema(name));
  if (!schema) return MakeError(ErrorCode::kSchemaNotFound, "schema does not exist: {}", name);
  return schema->id.value();
}

Result<json::value> Grant(const RequestContext& ctx, catalog::Catalog& catalog, ModelAccess& access,
                          const json::object& arguments) {
  ObjectGrant grant{.object_kind = {},
                    .object = {},
                    .privilege = {},
                    .grantee_kind = {},
                    .grantee_id = {},
                    .denied = false,
                    .granted_by = ctx.principal().name,
                    .created = ctx.clock().Now()};
  NL_ASSIGN_OR_RETURN(const std::string effect, StringMember(arguments, "effect"));
  if (effect != "grant" && effect != "deny" && effect != "revoke") return BadMember("effect");
  grant.denied = effect == "deny";
  NL_ASSIGN_OR_RETURN(grant.privilege, StringMember(arguments, "privilege"));
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(arguments, "kind"));
  const bool is_create = grant.privilege == "create" && kind != "model";
  if (grant.privilege != "usage" && !is_create) return BadMember("privilege");
  NL_ASSIGN_OR_RETURN(grant.object, SecurableId(ctx, catalog, access, kind, arguments));
  grant.object_kind = kind == "schema" ? catalog::kModelsOfSchemaKind : catalog::kSemanticModelKind;
  json::object resolved = arguments;
  NL_RETURN_IF_ERROR(ResolveGrantees(catalog, resolved, "grantees"));
  const auto* grantees = resolved.if_contains("grantees");
  if (grantees == nullptr || !grantees->is_array()) return BadMember("grantees");
  for (const auto& grantee : grantees->get_array()) {
    NL_ASSIGN_OR_RETURN(grant.grantee_kind, StringMember(grantee.get_object(), "kind"));
    NL_ASSIGN_OR_RETURN(grant.grantee_id, StringMember(grantee.get_object(), "id"));
    NL_RETURN_IF_ERROR(effect == "revoke" ? catalog.RemoveObjectGrant(grant) : catalog.AddObjectGrant(grant));
  }
  return json::value(json::object());
}

}  // namespace

bool IsSemanticModelAction(std::string_view action) {
  return std::ranges::find(kActions, action) != std::end(kActions);
}

Result<json::value> RunSemanticModelAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                           const std::string& action, const json::object& arguments) {
  ModelAccess access(catalog, ctx.principal());
  if (action == "create_semantic_model") return Create(ctx, catalog, access, arguments);
  if (action == "semantic_model") return Show(catalog, access, arguments);
  if (action == "alter_semantic_model") return Alter(ctx, catalog, access, arguments);
  if (action == "restore_semantic_model") return Restore(ctx, catalog, access, arguments);
  if (action == "drop_semantic_model") return Drop(catalog, access, arguments);
  if (action == "semantic_models") return List(ctx, catalog);
  if (action == "semantic_model_versions") return ListVersions(catalog, access, arguments);
  if (action == "grant_semantic_model") return Grant(ctx, catalog, access, arguments);
  NL_ASSIGN_OR_RETURN(const SemanticModelRecord model, Changeable(access, arguments));
  NL_ASSIGN_OR_RETURN(auto rows, SemanticModelGrantRows(catalog, model.id));
  return json::value{{"rows", std::move(rows)}};
}

Result<json::array> SemanticModelGrantRows(catalog::Catalog& catalog, const std::string& model_id) {
  json::array rows;
  NL_ASSIGN_OR_RETURN(const auto grants,
                      catalog.ListObjectGrants({catalog::kSemanticModelKind, catalog::kModelsOfSchemaKind}));
  if (grants.empty()) return rows;
  NL_ASSIGN_OR_RETURN(const GranteeNames names, GranteeNames::Load(catalog));
  std::map<std::string, std::string> objects;
  NL_ASSIGN_OR_RETURN(const auto models, catalog.semantic_models().List());
  for (const auto& one : models) objects[one.id] = one.name;
  NL_ASSIGN_OR_RETURN(const auto schemas, catalog.ListSchemas());
  for (const auto& one : schemas) objects[one.id.value()] = one.name;
  for (const ObjectGrant& one : grants) {
    if (!model_id.empty() && one.object != model_id) continue;
    const bool of_schema = one.object_kind == catalog::kModelsOfSchemaKind;
    const bool is_model = !of_schema && !one.object.empty();
    std::string privilege = one.privilege == "create" ? "create semantic model" : "usage";
    if (!is_model && one.privilege == "usage") privilege = "usage of semantic models";
    rows.push_back(json::array{is_model    ? "semantic model"
                               : of_schema ? "schema"
                                           : "lake",
                               NameOf(objects, one.object), names.Of(one.grantee_kind, one.grantee_id), privilege,
                               one.denied ? "DENY" : "GRANT", one.granted_by, FormatTimestamp(one.created)});
  }
  return rows;
}

Result<void> CheckMayDropModels(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& schema) {
  NL_ASSIGN_OR_RETURN(const auto models, catalog.semantic_models().List());
  const ModelAccess access(catalog, ctx.principal());
  for (const SemanticModelRecord& one : models) {
    if (!EqualsIgnoringCase(one.schema_name, schema) || access.MayChange(one)) continue;
    // Without its name, which may be hidden.
    return MakeError(ErrorCode::kPermissionDenied, "the schema has a semantic model that you may not drop: {}", schema);
  }
  return {};
}

Result<std::vector<std::string>> ReadSemanticModels(const RequestContext& ctx, catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto models, ModelRows(ctx, catalog));
  std::vector<std::string> rows;
  for (const json::array& row : models) rows.push_back(json::serialize(row));
  return rows;
}

Result<std::vector<std::string>> ReadSemanticModelVersions(const RequestContext& ctx, catalog::Catalog& catalog) {
  ModelAccess access(catalog, ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto models, access.Usable());
  std::vector<std::string> rows;
  for (const SemanticModelRecord& model : models) {
    NL_ASSIGN_OR_RETURN(const auto versions, catalog.semantic_models().ListVersions(model.id));
    for (const SemanticModelVersion& one : versions) {
      json::array row{model.name};
      for (auto& value : VersionRow(model, one)) row.push_back(std::move(value));
      rows.push_back(json::serialize(row));
    }
  }
  return rows;
}

}  // namespace neurolake::query
