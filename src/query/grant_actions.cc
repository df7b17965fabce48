#include "query/grant_actions.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <tuple>

#include "common/text.h"
#include "query/access.h"
#include "query/function_grants.h"
#include "query/messages.h"
#include "query/object_grants.h"
#include "query/policy_actions.h"
#include "query/semantic_model_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::GrantRecord;

Result<void> RequireManager(const RequestContext& ctx) {
  if (ctx.principal().Has(Right::kManage)) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "privileges on a schema or the lake need the right to manage the lake");
}

/// The id of the table or view, for who may say who uses it.
Result<std::string> RelationId(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& schema,
                               const std::string& name) {
  Access access(catalog, ctx);
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(schema, name));
  NL_ASSIGN_OR_RETURN(const auto view, catalog.FindView(schema, name));
  bool known = false;
  if (table) {
    NL_ASSIGN_OR_RETURN(known, access.Knows(*table));
  } else if (view) {
    NL_ASSIGN_OR_RETURN(known, access.Knows(*view));
  }
  const auto owner_id = table ? table->owner : view ? view->owner : PrincipalId();
  const bool owner = ctx.principal().Has(Right::kCreate) && owner_id == ctx.principal().owner();
  const bool may = owner || ctx.principal().Has(Right::kManage);
  // What was denied to everybody could not be given back otherwise.
  if ((!known && !may) || (!table && !view)) {
    return MakeError(ErrorCode::kNotFound, "table or view does not exist or may not be read: {}.{}", schema, name);
  }
  if (!may) {
    return MakeError(ErrorCode::kPermissionDenied, "privileges on a table are for its owner or who manages the lake");
  }
  return table ? table->id.value() : view->id;
}

Result<std::string> SecurableId(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& kind,
                                const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  if (kind == "relation") return RelationId(ctx, catalog, schema, name);
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  if (kind == "lake") return std::string();
  if (kind != "schema") return BadMember("kind");
  NL_ASSIGN_OR_RETURN(const auto found, catalog.FindSchema(schema));
  if (!found) return MakeError(ErrorCode::kSchemaNotFound, "schema does not exist: {}", schema);
  return found->id.value();
}

/// SELECT, MODIFY, or SELECT on a column of a table.
Result<std::string> CheckedPrivilege(const json::value& value, const std::string& securable_kind) {
  if (!value.is_string()) return BadMember("privileges");
  std::string privilege(value.get_string());
  const bool of_column = privilege.starts_with(kSelectColumn) && privilege.size() > kSelectColumn.size();
  if (privilege != "select" && privilege != "modify" && !(of_column && securable_kind == "relation")) {
    return BadMember("privileges");
  }
  return privilege;
}

/// As people write it.
std::string ShownPrivilege(const std::string& privilege) {
  if (!privilege.starts_with(kSelectColumn)) return privilege;
  return "select (" + privilege.substr(kSelectColumn.size()) + ")";
}

Result<json::value> Change(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string effect, StringMember(arguments, "effect"));
  if (effect != "grant" && effect != "deny" && effect != "revoke") return BadMember("effect");
  GrantRecord grant{.denied = effect == "deny", .granted_by = ctx.principal().name, .created = ctx.clock().Now()};
  NL_ASSIGN_OR_RETURN(grant.securable_kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(grant.securable_id, SecurableId(ctx, catalog, grant.securable_kind, arguments));
  json::object resolved = arguments;
  NL_RETURN_IF_ERROR(ResolveGrantees(catalog, resolved, "grantees"));
  const auto* privileges = arguments.if_contains("privileges");
  if (privileges == nullptr || !privileges->is_array()) return BadMember("privileges");
  const auto* grantees = resolved.if_contains("grantees");
  if (grantees == nullptr || !grantees->is_array()) return BadMember("grantees");
  for (const auto& grantee : grantees->get_array()) {
    NL_ASSIGN_OR_RETURN(grant.grantee_kind, StringMember(grantee.get_object(), "kind"));
    NL_ASSIGN_OR_RETURN(grant.grantee_id, StringMember(grantee.get_object(), "id"));
    for (const auto& privilege : privileges->get_array()) {
      NL_ASSIGN_OR_RETURN(grant.privilege, CheckedPrivilege(privilege, grant.securable_kind));
      NL_RETURN_IF_ERROR(effect == "revoke" ? catalog.RemoveGrant(grant) : catalog.AddGrant(grant));
    }
  }
  return json::value(json::object());
}

/// Who looks after a table or view from now on. An agent owns nothing: what it makes is of whom it acts for.
Result<json::value> SetOwner(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const std::string owner, StringMember(arguments, "owner"));
  NL_ASSIGN_OR_RETURN(const bool is_view, BoolMember(arguments, "is_view"));
  NL_ASSIGN_OR_RETURN(const std::string id, RelationId(ctx, catalog, schema, name));
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(id)));
  // Of a view ALTER TABLE may speak, too, as in PostgreSQL.
  if (is_view && table) return MakeError(ErrorCode::kInvalidArgument, "it is a table and no view: {}.{}", schema, name);
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  const auto found = std::ranges::find(principals, LowerAscii(owner), &catalog::PrincipalRecord::name);
  if (found == principals.end()) return MakeError(ErrorCode::kNotFound, "there is no such user: {}", owner);
  if (found->kind == PrincipalKind::kAgent) {
    return MakeError(ErrorCode::kInvalidArgument, "an agent owns nothing; whom it acts for does: {}", owner);
  }
  NL_RETURN_IF_ERROR(catalog.SetOwner(id, found->id));
  return json::value(json::object());
}

/// What ids are called now; what is gone has no name.
class Names {
 public:
  static Result<Names> Load(catalog::Catalog& catalog) {
    Names names;
    NL_ASSIGN_OR_RETURN(const auto schemas, catalog.ListSchemas());
    for (const auto& one : schemas) names.objects_[one.id.value()] = one.name;
    NL_ASSIGN_OR_RETURN(const auto tables, catalog.ListTables(std::nullopt));
    for (const auto& one : tables) names.objects_[one.id.value()] = one.schema_name + "." + one.name;
    NL_ASSIGN_OR_RETURN(const auto views, catalog.ListViews(std::nullopt));
    for (const auto& one : views) names.objects_[one.id] = one.schema_name + "." + one.name;
    NL_ASSIGN_OR_RETURN(const auto groups, catalog.ListGroups());
    for (const auto& one : groups) names.grantees_[one.id] = one.name;
    NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
    for (const auto& one : principals) names.grantees_[one.id.value()] = one.name;
    return names;
  }
  json::value Object(const GrantRecord& grant) const { return Find(objects_, grant.securable_id); }
  json::value Grantee(const GrantRecord& grant) const {
    if (grant.grantee_kind == "public") return "public";
    if (grant.grantee_kind == "role") return json::value("role " + grant.grantee_id);
    return Find(grantees_, grant.grantee_id);
  }

 private:
  static json::value Find(const std::map<std::string, std::string>& names, const std::string& id) {
    const auto found = names.find(id);
    return found == names.end() ? json::value(nullptr) : json::value(found->second);
  }
  std::map<std::string, std::string> objects_;
  std::map<std::string, std::string> grantees_;
};

/// On which object, and to whom, grants are asked for; empty: any.
struct Wanted {
  std::string kind;  ///< As GrantRecord's securable_kind.
  std::string id;    ///< Of that, or of a relation.
  std::string grantee_kind;
  std::string grantee_id;

  bool Has(const GrantRecord& grant) const {
    // Of a table or view, what is said of its schema and the lake is about it, too.
    const bool on_it = kind.empty() || kind == "relation" || (grant.securable_kind == kind && grant.securable_id == id);
    const bool to_them = grantee_kind.empty() || (grant.grantee_kind == grantee_kind && grant.grantee_id == grantee_id);
    return on_it && to_them;
  }
};

Result<Wanted> DecodeWanted(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  Wanted wanted;
  NL_ASSIGN_OR_RETURN(wanted.kind, StringMember(arguments, "kind"));
  const auto* grantees = arguments.if_contains("grantees");
  if (grantees == nullptr || !grantees->is_array() || grantees->get_array().size() > 1) return BadMember("grantees");
  // An owner sees what holds for a table, whoever said it of whom.
  if (wanted.kind != "relation" || !grantees->get_array().empty()) NL_RETURN_IF_ERROR(RequireManager(ctx));
  if (!wanted.kind.empty()) {
    NL_ASSIGN_OR_RETURN(wanted.id, SecurableId(ctx, catalog, wanted.kind, arguments));
  }
  if (grantees->get_array().empty()) return wanted;
  json::object resolved = arguments;
  NL_RETURN_IF_ERROR(ResolveGrantees(catalog, resolved, "grantees"));
  const json::object& grantee = resolved.at("grantees").as_array().at(0).as_object();
  NL_ASSIGN_OR_RETURN(wanted.grantee_kind, StringMember(grantee, "kind"));
  NL_ASSIGN_OR_RETURN(wanted.grantee_id, StringMember(grantee, "id"));
  return wanted;
}

/// Rows, and beside them which of these are about columns: [row, schema, table, what its files call the column]. Whose
/// name it is now is in the table's log.
Result<json::value> Show(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const Wanted wanted, DecodeWanted(ctx, catalog, arguments));
  NL_ASSIGN_OR_RETURN(const Names names, Names::Load(catalog));
  NL_ASSIGN_OR_RETURN(auto grants, wanted.kind == "relation" ? catalog.GrantsOn(wanted.id) : catalog.ListGrants());
  std::ranges::sort(grants, {}, [](const GrantRecord& one) {
    return std::tie(one.securable_kind, one.securable_id, one.grantee_kind, one.grantee_id, one.privilege);
  });
  json::array rows, columns;
  for (const GrantRecord& one : grants) {
    if (!wanted.Has(one)) continue;
    if (one.privilege.starts_with(kSelectColumn)) {
      NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(one.securable_id)));
      if (table) {
        columns.push_back(json::array{static_cast<int64_t>(rows.size()), table->schema_name, table->name,
                                      one.privilege.substr(kSelectColumn.size())});
      }
    }
    rows.push_back(json::array{one.securable_kind, names.Object(one), names.Grantee(one), ShownPrivilege(one.privilege),
                               one.denied ? "DENY" : "GRANT", one.granted_by, FormatTimestamp(one.created)});
  }
  if (wanted.kind.empty()) {
    const json::value grantee = names.Grantee({.grantee_kind = wanted.grantee_kind, .grantee_id = wanted.grantee_id});
    const auto add = [&](json::array& more) {
      for (auto& row : more) {
        const bool to_them = wanted.grantee_kind.empty() || row.at(2) == grantee;
        if (to_them) rows.push_back(std::move(row));
      }
    };
    NL_ASSIGN_OR_RETURN(auto of_functions, RunFunctionGrantAction(ctx, catalog, "function_grants", {{"function", ""}}));
    add(of_functions.at("rows").as_array());
    NL_ASSIGN_OR_RETURN(auto of_objects, ShowObjectGrants(ctx, catalog));
    add(of_objects);
    NL_ASSIGN_OR_RETURN(auto of_models, SemanticModelGrantRows(catalog));
    add(of_models);
  }
  return json::value{{"rows", std::move(rows)}, {"columns", std::move(columns)}};
}

}  // namespace

bool IsGrantAction(std::string_view action) { return action == "grant" || action == "grants" || action == "set_owner"; }

Result<json::value> RunGrantAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                   const json::object& arguments) {
  if (action == "set_owner") return SetOwner(ctx, catalog, arguments);
  return action == "grant" ? Change(ctx, catalog, arguments) : Show(ctx, catalog, arguments);
}

}  // namespace neurolake::query
