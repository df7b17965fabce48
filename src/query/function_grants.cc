#include "query/function_grants.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <optional>
#include <set>

#include "common/text.h"
#include "governance/function_rights.h"
#include "query/grantee_names.h"
#include "query/messages.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::FunctionGrant;

/// Of one principal alone, not of whom it acts for.
Result<void> AddDenied(catalog::Catalog& catalog, const Principal& principal, const std::vector<FunctionGrant>& grants,
                       std::set<std::string>& denied) {
  GrantMatcher matcher(catalog, principal);
  std::set<std::string> taken, granted;
  for (const FunctionGrant& grant : grants) {
    NL_ASSIGN_OR_RETURN(const bool named, matcher.Names(grant.grantee_kind, grant.grantee_id));
    if (!named) continue;
    auto& functions = grant.effect == "deny" ? denied : grant.effect == "revoke" ? taken : granted;
    functions.insert(grant.function_name);
  }
  std::ranges::set_difference(taken, granted, std::inserter(denied, denied.end()));
  return {};
}

Result<void> RequireManager(const RequestContext& ctx) {
  if (ctx.principal().Has(Right::kManage)) return {};
  return MakeError(ErrorCode::kPermissionDenied, "privileges on functions need the right to manage the lake");
}

/// REVOKE takes back what was granted or denied to somebody; from everybody it takes what they have of themselves, and
/// GRANT gives it back.
Result<void> Apply(catalog::Catalog& catalog, const FunctionGrant& grant) {
  const bool of_all = grant.grantee_kind == "public";
  const bool is_default = of_all ? grant.effect == "grant" : grant.effect == "revoke";
  return is_default ? catalog.RemoveFunctionGrant(grant) : catalog.AddFunctionGrant(grant);
}

Result<json::value> Change(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  FunctionGrant grant{.granted_by = ctx.principal().name, .created = ctx.clock().Now()};
  NL_ASSIGN_OR_RETURN(grant.effect, StringMember(arguments, "effect"));
  if (grant.effect != "grant" && grant.effect != "deny" && grant.effect != "revoke") return BadMember("effect");
  const auto* functions = arguments.if_contains("functions");
  if (functions == nullptr || !functions->is_array()) return BadMember("functions");
  std::vector<std::string> names;
  for (const auto& one : functions->get_array()) {
    if (!one.is_string()) return BadMember("functions");
    NL_ASSIGN_OR_RETURN(std::string name, governance::SecurableFunction(std::string_view(one.get_string())));
    names.push_back(std::move(name));
  }
  json::object resolved = arguments;
  NL_RETURN_IF_ERROR(ResolveGrantees(catalog, resolved, "grantees"));
  const auto* grantees = resolved.if_contains("grantees");
  if (grantees == nullptr || !grantees->is_array()) return BadMember("grantees");
  for (const auto& grantee : grantees->get_array()) {
    NL_ASSIGN_OR_RETURN(grant.grantee_kind, StringMember(grantee.get_object(), "kind"));
    NL_ASSIGN_OR_RETURN(grant.grantee_id, StringMember(grantee.get_object(), "id"));
    for (const std::string& name : names) {
      grant.function_name = name;
      NL_RETURN_IF_ERROR(Apply(catalog, grant));
    }
  }
  return json::value(json::object());
}

std::string ShownEffect(const std::string& effect) {
  return effect == "grant" ? "GRANT" : effect == "deny" ? "DENY" : "REVOKE";
}

Result<json::value> Show(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireManager(ctx));
  NL_ASSIGN_OR_RETURN(std::string function, StringMember(arguments, "function"));
  if (!function.empty()) {
    NL_ASSIGN_OR_RETURN(function, governance::SecurableFunction(function));
  }
  NL_ASSIGN_OR_RETURN(const auto grants, catalog.ListFunctionGrants());
  json::array rows;
  if (!grants.empty()) {
    NL_ASSIGN_OR_RETURN(const GranteeNames names, GranteeNames::Load(catalog));
    for (const FunctionGrant& one : grants) {
      if (!function.empty() && one.function_name != function) continue;
      rows.push_back(json::array{"function", one.function_name, names.Of(one.grantee_kind, one.grantee_id), "execute",
                                 ShownEffect(one.effect), one.granted_by, FormatTimestamp(one.created)});
    }
  }
  return json::value{{"rows", std::move(rows)}};
}

}  // namespace

Result<std::vector<std::string>> DeniedFunctions(catalog::Catalog& catalog, const Principal& principal) {
  NL_ASSIGN_OR_RETURN(const auto grants, catalog.ListFunctionGrants());
  if (grants.empty()) return std::vector<std::string>();
  std::set<std::string> denied;
  NL_RETURN_IF_ERROR(AddDenied(catalog, principal, grants, denied));
  if (principal.on_behalf_of != nullptr) {
    NL_RETURN_IF_ERROR(AddDenied(catalog, *principal.on_behalf_of, grants, denied));
  }
  return std::vector<std::string>(denied.begin(), denied.end());
}

bool IsFunctionGrantAction(std::string_view action) {
  return action == "grant_function" || action == "function_grants";
}

Result<json::value> RunFunctionGrantAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                           const std::string& action, const json::object& arguments) {
  return action == "grant_function" ? Change(ctx, catalog, arguments) : Show(ctx, catalog, arguments);
}

}  // namespace neurolake::query
