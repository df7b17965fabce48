#include "query/key_actions.h"

#include <algorithm>
#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/column_keys.h"
#include "query/messages.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::DataKeyGrant;

constexpr int64_t kLookupsShown = 10'000;
constexpr std::string_view kActions[] = {"create_key", "drop_key",  "rotate_key", "rotate_master_key", "rewrap_keys",
                                         "keys",       "grant_key", "key_grants", "key_lookups",       "lookup_token"};

std::unexpected<Error> NoSuchKey(const std::string& name) {
  return MakeError(ErrorCode::kNotFound, "there is no such key: {}", name);
}

Result<json::value> Create(const KeyActionContext& context, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool if_not_exists, BoolMember(arguments, "if_not_exists"));
  const auto made = context.keys.Create(context.ctx, name);
  const bool taken = !made && made.error().code() == ErrorCode::kAlreadyExists;
  if (!made && !(taken && if_not_exists)) return std::unexpected(made.error());
  return json::value{{"created", !taken}};
}

Result<json::value> Drop(const KeyActionContext& context, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
  const auto dropped = context.keys.Drop(name);
  if (!dropped && !(if_exists && dropped.error().code() == ErrorCode::kNotFound)) {
    return std::unexpected(dropped.error());
  }
  return json::value(json::object());
}

Result<json::value> List(const KeyActionContext& context) {
  NL_ASSIGN_OR_RETURN(const auto keys, context.catalog.ListDataKeys());
  json::array rows;
  for (const auto& key : keys) {
    for (const auto& version : key.versions) {
      rows.push_back(json::array{key.name, std::to_string(version.version), version.service, version.wrapping_key,
                                 key.created_by, FormatTimestamp(version.created)});
    }
  }
  return json::value{{"rows", std::move(rows)}};
}

Result<json::value> Grant(const KeyActionContext& context, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string effect, StringMember(arguments, "effect"));
  if (effect != "grant" && effect != "deny" && effect != "revoke") return BadMember("effect");
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "key"));
  NL_ASSIGN_OR_RETURN(const auto key, context.catalog.FindDataKey(name));
  if (!key) return NoSuchKey(name);
  json::object resolved = arguments;
  NL_RETURN_IF_ERROR(ResolveGrantees(context.catalog, resolved, "grantees"));
  const auto* grantees = resolved.if_contains("grantees");
  const auto* privileges = arguments.if_contains("privileges");
  if (grantees == nullptr || !grantees->is_array()) return BadMember("grantees");
  if (privileges == nullptr || !privileges->is_array()) return BadMember("privileges");
  DataKeyGrant grant{.key_id = key->id,
                     .privilege = "",
                     .grantee_kind = "",
                     .grantee_id = "",
                     .denied = effect == "deny",
                     .granted_by = context.ctx.principal().name,
                     .created = context.ctx.clock().Now()};
  for (const auto& grantee : grantees->get_array()) {
    NL_ASSIGN_OR_RETURN(grant.grantee_kind, StringMember(grantee.get_object(), "kind"));
    NL_ASSIGN_OR_RETURN(grant.grantee_id, StringMember(grantee.get_object(), "id"));
    for (const auto& privilege : privileges->get_array()) {
      constexpr std::string_view kPrivileges[] = {"usage", "lookup", "encrypt", "decrypt"};
      if (!privilege.is_string() ||
          std::ranges::find(kPrivileges, std::string_view(privilege.get_string())) == std::end(kPrivileges)) {
        return BadMember("privileges");
      }
      grant.privilege = privilege.get_string();
      NL_RETURN_IF_ERROR(effect == "revoke" ? context.catalog.RemoveDataKeyGrant(grant)
                                            : context.catalog.AddDataKeyGrant(grant));
    }
  }
  return json::value(json::object());
}

/// What ids are called now.
Result<std::map<std::string, std::string>> Names(catalog::Catalog& catalog) {
  std::map<std::string, std::string> names;
  NL_ASSIGN_OR_RETURN(const auto keys, catalog.ListDataKeys());
  for (const auto& one : keys) names[one.id] = one.name;
  NL_ASSIGN_OR_RETURN(const auto groups, catalog.ListGroups());
  for (const auto& one : groups) names[one.id] = one.name;
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  for (const auto& one : principals) names[one.id.value()] = one.name;
  return names;
}

json::value NameOf(const std::map<std::string, std::string>& names, const std::string& id) {
  const auto found = names.find(id);
  return found == names.end() ? json::value(nullptr) : json::value(found->second);
}

Result<json::value> ListGrants(const KeyActionContext& context) {
  NL_ASSIGN_OR_RETURN(const auto names, Names(context.catalog));
  NL_ASSIGN_OR_RETURN(const auto grants, context.catalog.ListDataKeyGrants(""));
  json::array rows;
  for (const auto& grant : grants) {
    json::value grantee = NameOf(names, grant.grantee_id);
    if (grant.grantee_kind == "public") grantee = "public";
    if (grant.grantee_kind == "role") grantee = "role " + grant.grantee_id;
    rows.push_back(json::array{NameOf(names, grant.key_id), std::move(grantee), grant.privilege,
                               grant.denied ? "deny" : "grant", grant.granted_by, FormatTimestamp(grant.created)});
  }
  return json::value{{"rows", std::move(rows)}};
}

Result<json::value> ListLookups(const KeyActionContext& context) {
  NL_ASSIGN_OR_RETURN(const auto names, Names(context.catalog));
  NL_ASSIGN_OR_RETURN(const auto lookups, context.catalog.ListLookups(kLookupsShown));
  json::array rows;
  for (const auto& lookup : lookups) {
    rows.push_back(json::array{FormatTimestamp(lookup.at), lookup.principal, NameOf(names, lookup.key_id), lookup.token,
                               lookup.statement.value()});
  }
  return json::value{{"rows", std::move(rows)}};
}

Result<json::value> LookUp(const KeyActionContext& context, const json::object& arguments) {
  KeyStore::Question question;
  NL_ASSIGN_OR_RETURN(question.key, StringMember(arguments, "key"));
  NL_ASSIGN_OR_RETURN(question.type, StringMember(arguments, "type"));
  NL_ASSIGN_OR_RETURN(question.value, StringMember(arguments, "value"));
  NL_ASSIGN_OR_RETURN(const std::string token, context.keys.LookUp(context.ctx, context.statement, question));
  return json::value{{"token", token}};
}

}  // namespace

bool IsKeyAction(std::string_view action) {
  return std::ranges::find(kActions, action) != std::end(kActions) || IsColumnKeyAction(action);
}

Result<json::value> RunKeyAction(const KeyActionContext& context, const std::string& action,
                                 const json::object& arguments) {
  if (action == "lookup_token") return LookUp(context, arguments);
  if (IsColumnKeyAction(action)) return RunColumnKeyAction(context, action, arguments);
  if (!context.ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "keys need the right to manage the lake");
  }
  if (action == "create_key") return Create(context, arguments);
  if (action == "drop_key") return Drop(context, arguments);
  if (action == "keys") return List(context);
  if (action == "grant_key") return Grant(context, arguments);
  if (action == "key_grants") return ListGrants(context);
  if (action == "key_lookups") return ListLookups(context);
  if (action == "rotate_key") {
    NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
    NL_ASSIGN_OR_RETURN(const int64_t version, context.keys.Rotate(context.ctx, name));
    return json::value{{"number", version}};
  }
  const bool master = action == "rotate_master_key";
  if (!master && action != "rewrap_keys") {
    return MakeError(ErrorCode::kCorruption, "a worker asked for something unknown");
  }
  NL_ASSIGN_OR_RETURN(const int64_t changed,
                      master ? context.keys.RotateMaster(context.ctx) : context.keys.Rewrap(context.ctx));
  return json::value{{"number", changed}};
}

Result<void> ResolveKeys(const RequestContext& ctx, catalog::Catalog& catalog, json::object& plan,
                         std::string_view member) {
  auto* expression = plan.if_contains(member);
  if (expression == nullptr) return {};
  if (!expression->is_object()) return BadMember(member);
  auto* keys = expression->get_object().if_contains("keys");
  if (keys == nullptr) return {};
  if (!keys->is_array()) return BadMember("keys");
  for (auto& one : keys->get_array()) {
    if (!one.is_object()) return BadMember("keys");
    NL_ASSIGN_OR_RETURN(const std::string name, StringMember(one.get_object(), "name"));
    NL_ASSIGN_OR_RETURN(const auto key, catalog.FindDataKey(name));
    bool may = false;
    if (key) {
      NL_ASSIGN_OR_RETURN(may, MayUseKey(catalog, ctx.principal(), key->id, "usage"));
    }
    if (!may) return MakeError(ErrorCode::kNotFound, "key does not exist or may not be used: {}", name);
    one.get_object()["name"] = key->name;
    one.get_object()["id"] = key->id;
  }
  return {};
}

}  // namespace neurolake::query
