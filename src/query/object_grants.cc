#include "query/object_grants.h"

#include <algorithm>

#include "common/text.h"
#include "query/grantee_names.h"
#include "query/messages.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::ObjectGrant;

using catalog::kModelKind;
using catalog::kPipelineKind;

constexpr std::string_view kOwnership = "ownership";

constexpr std::pair<std::string_view, std::string_view> kPrivileges[] = {
    {kModelKind, "execute"}, {kPipelineKind, "execute"}, {kPipelineKind, "modify"}, {kPipelineKind, kOwnership}};

/// Of one principal alone, not of whom it acts for.
Result<bool> MayUse(catalog::Catalog& catalog, const Principal& principal, const std::vector<ObjectGrant>& grants,
                    std::string_view name, std::string_view privilege) {
  GrantMatcher matcher(catalog, principal);
  bool granted = false, owns = false, owns_not = false;
  for (const ObjectGrant& grant : grants) {
    const bool on_it = grant.object.empty() || grant.object == name;
    const bool of_owners = grant.privilege == kOwnership;
    if (!on_it || (grant.privilege != privilege && !of_owners)) continue;
    NL_ASSIGN_OR_RETURN(const bool named, matcher.Names(grant.grantee_kind, grant.grantee_id));
    if (!named) continue;
    // An owner may be denied a privilege; who is denied ownership may have been granted a privilege by itself.
    if (grant.denied && grant.privilege == privilege) return false;
    if (grant.denied) {
      owns_not = true;
    } else {
      (of_owners ? owns : granted) = true;
    }
  }
  return granted || (owns && !owns_not);
}

/// One text for an object that is missing and one that nothing may be done with.
std::unexpected<Error> NoSuchObject(std::string_view kind, std::string_view name) {
  return MakeError(ErrorCode::kNotFound, "{} does not exist or may not be used: {}", kind, name);
}

/// The name as it is configured. Who manages the lake names everything, an owner what is owned.
Result<std::string> SecurableName(const RequestContext& ctx, catalog::Catalog& catalog,
                                  const ConfiguredObjects& objects, const std::string& kind, std::string_view name) {
  const bool manages = ctx.principal().Has(Right::kManage);
  const bool of_models = kind == kModelKind;
  // Of a model nobody is the owner.
  if (!manages && (name.empty() || of_models)) {
    return MakeError(ErrorCode::kPermissionDenied, "privileges on {}s need the right to manage the lake", kind);
  }
  if (name.empty()) return std::string();
  const auto& names = of_models ? objects.models : objects.pipelines;
  const auto found = std::ranges::find_if(names, [&](const auto& one) { return EqualsIgnoringCase(one, name); });
  if (found == names.end() && of_models) {
    return MakeError(ErrorCode::kNotFound, "no such model is configured; models.routes has them, as openai:NAME: {}",
                     name);
  }
  if (names.empty()) {
    return MakeError(ErrorCode::kNotFound,
                     "{} does not exist or may not be used: {}; none can be made yet, and what is said of ALL PIPELINES "
                     "is kept for those to come",
                     kind, name);
  }
  if (found == names.end()) return NoSuchObject(kind, name);
  if (manages) return *found;
  NL_ASSIGN_OR_RETURN(const bool owns, MayUseObject(catalog, ctx.principal(), kind, *found, kOwnership));
  if (!owns) return NoSuchObject(kind, name);
  return *found;
}

Result<std::vector<std::string>> TextsOf(const json::object& arguments, std::string_view member) {
  const auto* value = arguments.if_contains(member);
  if (value == nullptr || !value->is_array()) return BadMember(member);
  std::vector<std::string> texts;
  for (const auto& one : value->get_array()) {
    if (!one.is_string()) return BadMember(member);
    texts.emplace_back(one.get_string());
  }
  return texts;
}

Result<json::value> Change(const RequestContext& ctx, catalog::Catalog& catalog, const ConfiguredObjects& objects,
                           const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string effect, StringMember(arguments, "effect"));
  if (effect != "grant" && effect != "deny" && effect != "revoke") return BadMember("effect");
  ObjectGrant grant{.denied = effect == "deny", .granted_by = ctx.principal().name, .created = ctx.clock().Now()};
  NL_ASSIGN_OR_RETURN(grant.object_kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(const auto privileges, TextsOf(arguments, "privileges"));
  for (const std::string& privilege : privileges) {
    const bool known = std::ranges::any_of(
        kPrivileges, [&](const auto& one) { return one.first == grant.object_kind && one.second == privilege; });
    if (!known) return BadMember("privileges");
  }
  NL_ASSIGN_OR_RETURN(auto names, TextsOf(arguments, "objects"));
  for (std::string& name : names) {
    // What is not configured any more has grants that are to go.
    if (effect == "revoke" && grant.object_kind == kModelKind && ctx.principal().Has(Right::kManage)) continue;
    NL_ASSIGN_OR_RETURN(name, SecurableName(ctx, catalog, objects, grant.object_kind, name));
  }
  json::object resolved = arguments;
  NL_RETURN_IF_ERROR(ResolveGrantees(catalog, resolved, "grantees"));
  const auto* grantees = resolved.if_contains("grantees");
  if (grantees == nullptr || !grantees->is_array()) return BadMember("grantees");
  for (const auto& grantee : grantees->get_array()) {
    NL_ASSIGN_OR_RETURN(grant.grantee_kind, StringMember(grantee.get_object(), "kind"));
    NL_ASSIGN_OR_RETURN(grant.grantee_id, StringMember(grantee.get_object(), "id"));
    for (const std::string& name : names) {
      grant.object = name;
      for (const std::string& privilege : privileges) {
        grant.privilege = privilege;
        NL_RETURN_IF_ERROR(effect == "revoke" ? catalog.RemoveObjectGrant(grant) : catalog.AddObjectGrant(grant));
      }
    }
  }
  return json::value(json::object());
}

Result<json::array> RowsOf(catalog::Catalog& catalog, const std::vector<std::string_view>& kinds,
                           const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto grants, catalog.ListObjectGrants(kinds));
  json::array rows;
  if (grants.empty()) return rows;
  NL_ASSIGN_OR_RETURN(const GranteeNames names, GranteeNames::Load(catalog));
  for (const ObjectGrant& one : grants) {
    const bool of_all = one.object.empty();
    if (!name.empty() && !of_all && one.object != name) continue;
    const json::value object = of_all ? json::value(nullptr) : json::value(one.object);
    rows.push_back(json::array{one.object_kind, object, names.Of(one.grantee_kind, one.grantee_id), one.privilege,
                               one.denied ? "DENY" : "GRANT", one.granted_by, FormatTimestamp(one.created)});
  }
  return rows;
}

Result<json::value> Show(const RequestContext& ctx, catalog::Catalog& catalog, const ConfiguredObjects& objects,
                         const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(const std::string wanted, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const std::string name, SecurableName(ctx, catalog, objects, kind, wanted));
  NL_ASSIGN_OR_RETURN(auto rows, RowsOf(catalog, {kind}, name));
  return json::value{{"rows", std::move(rows)}};
}

}  // namespace

std::vector<std::string> ConfiguredModels(const std::vector<std::string>& routes) {
  std::vector<std::string> models;
  for (const std::string& route : routes) {
    const std::string model = route.substr(std::min(route.size(), route.find('=') + 1));
    if (std::ranges::find(models, model) == models.end()) models.push_back(model);
  }
  return models;
}

Result<bool> MayUseObject(catalog::Catalog& catalog, const Principal& principal, std::string_view kind,
                          std::string_view name, std::string_view privilege) {
  NL_ASSIGN_OR_RETURN(const auto grants, catalog.ListObjectGrants({kind}));
  NL_ASSIGN_OR_RETURN(bool may, MayUse(catalog, principal, grants, name, privilege));
  if (may && principal.on_behalf_of != nullptr) {
    NL_ASSIGN_OR_RETURN(may, MayUse(catalog, *principal.on_behalf_of, grants, name, privilege));
  }
  return may;
}

bool IsObjectGrantAction(std::string_view action) { return action == "grant_object" || action == "object_grants"; }

Result<json::value> RunObjectGrantAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                         const ConfiguredObjects& objects, const std::string& action,
                                         const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(arguments, "kind"));
  if (kind != kModelKind && kind != kPipelineKind) return BadMember("kind");
  return action == "grant_object" ? Change(ctx, catalog, objects, arguments) : Show(ctx, catalog, objects, arguments);
}

Result<json::array> ShowObjectGrants(const RequestContext& ctx, catalog::Catalog& catalog) {
  if (!ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "all privileges are shown to who manages the lake");
  }
  return RowsOf(catalog, {kModelKind, kPipelineKind}, "");
}

}  // namespace neurolake::query
