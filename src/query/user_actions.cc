#include "query/user_actions.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

json::value TextOrNull(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

Result<json::value> Create(catalog::Catalog& catalog, const json::object& arguments) {
  catalog::Identities::NewPrincipal principal;
  NL_ASSIGN_OR_RETURN(principal.name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(principal.kind, PrincipalKindOf(kind));
  NL_ASSIGN_OR_RETURN(principal.role, StringMember(arguments, "role"));
  NL_ASSIGN_OR_RETURN(principal.on_behalf_of, StringMember(arguments, "on_behalf_of"));
  NL_RETURN_IF_ERROR(catalog.identities().CreatePrincipal(principal));
  return json::value(json::object());
}

Result<json::value> Alter(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(const std::string role, StringMember(arguments, "role"));
  NL_ASSIGN_OR_RETURN(const std::string state, StringMember(arguments, "state"));
  NL_ASSIGN_OR_RETURN(const auto found, catalog.identities().FindPrincipal(name));
  if (!found || NameOf(found->kind) != kind)
    return MakeError(ErrorCode::kNotFound, "there is no such {}: {}", kind, name);
  // The last administrator would be gone before anybody noticed.
  if (state == "disabled" && found->id == ctx.principal().id) {
    return MakeError(ErrorCode::kInvalidArgument, "nobody disables themselves, have another administrator do it: {}",
                     name);
  }
  if (!role.empty()) NL_RETURN_IF_ERROR(catalog.SetRole(name, role));
  if (state == "disabled") NL_RETURN_IF_ERROR(catalog.DisablePrincipal(name));
  if (state == "enabled") NL_RETURN_IF_ERROR(catalog.EnablePrincipal(name));
  return json::value(json::object());
}

Result<json::value> List(catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto principals, catalog.ListPrincipals());
  json::array rows;
  for (const auto& one : principals) {
    rows.push_back(json::array{one.name, NameOf(one.kind), one.role, TextOrNull(one.on_behalf_of),
                               one.has_password ? "true" : "false", one.disabled ? "true" : "false",
                               FormatTimestamp(one.created)});
  }
  return json::value{{"rows", std::move(rows)}};
}

}  // namespace

bool IsUserAction(std::string_view action) {
  return action == "create_user" || action == "alter_user" || action == "users";
}

Result<json::value> RunUserAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                  const json::object& arguments) {
  if (!ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "principals need the right to manage the lake");
  }
  if (action == "users") return List(catalog);
  return action == "create_user" ? Create(catalog, arguments) : Alter(ctx, catalog, arguments);
}

}  // namespace neurolake::query
