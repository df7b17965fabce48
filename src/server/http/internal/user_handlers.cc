// Users, service accounts and agents; whom an identity provider's subjects are. For who manages the lake.
#include "common/text.h"
#include "server/http/internal/handlers.h"
#include "server/http/internal/json.h"

namespace neurolake::server {
namespace {

void AppendUser(const catalog::PrincipalRecord& record, std::string& out) {
  ObjectWriter object(out);
  object.Text("id", record.id.value()).Text("name", record.name).Text("kind", NameOf(record.kind));
  object.Text("role", record.role).Boolean("disabled", record.disabled).Boolean("has_password", record.has_password);
  if (!record.on_behalf_of.empty()) object.Text("on_behalf_of", record.on_behalf_of);
  object.Text("created", FormatTimestamp(record.created));
  object.End();
}

Result<std::string> RequiredText(const JsonObject& body, std::string_view name) {
  NL_ASSIGN_OR_RETURN(std::string text, StringMember(body, name));
  if (text.empty()) return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" is missing", name);
  return text;
}

/// The member, or nothing where it is not there; null and the empty text are not "not there".
Result<std::string> OptionalText(const JsonObject& body, std::string_view name) {
  if (!body.texts.contains(name)) return std::string();
  return RequiredText(body, name);
}

}  // namespace

Result<void> ListUsers(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_ASSIGN_OR_RETURN(const auto principals, door.service.catalog().ListPrincipals());
  std::string out = "{\"users\":[";
  for (const auto& principal : principals) {
    if (out.back() != '[') out.push_back(',');
    AppendUser(principal, out);
  }
  return call.SendJson(200, out + "]}");
}

Result<void> PostUser(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_ASSIGN_OR_RETURN(const JsonObject body, ParseJsonObject(call.body));
  NL_RETURN_IF_ERROR(CheckMembers(body, {"name", "kind", "role", "on_behalf_of"}));
  catalog::Identities::NewPrincipal principal;
  NL_ASSIGN_OR_RETURN(principal.name, RequiredText(body, "name"));
  NL_ASSIGN_OR_RETURN(principal.role, RequiredText(body, "role"));
  NL_ASSIGN_OR_RETURN(principal.on_behalf_of, OptionalText(body, "on_behalf_of"));
  NL_ASSIGN_OR_RETURN(const std::string kind, OptionalText(body, "kind"));
  NL_ASSIGN_OR_RETURN(principal.kind, PrincipalKindOf(kind.empty() ? NameOf(PrincipalKind::kUser) : kind));
  NL_RETURN_IF_ERROR(RecordChange(door, call, "create_user",
                                  {{"name", principal.name},
                                   {"kind", std::string(NameOf(principal.kind))},
                                   {"role", principal.role},
                                   {"on_behalf_of", principal.on_behalf_of}}));
  NL_ASSIGN_OR_RETURN(const auto made, door.service.catalog().identities().CreatePrincipal(principal));
  std::string out;
  AppendUser(made, out);
  return call.SendJson(201, out, {{"Location", "/v1/users/" + PercentEncode(made.name)}});
}

Result<void> PatchUser(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  catalog::Catalog& catalog = door.service.catalog();
  const std::string& name = call.arguments[0];
  NL_ASSIGN_OR_RETURN(const JsonObject body, ParseJsonObject(call.body));
  NL_RETURN_IF_ERROR(CheckMembers(body, {"role", "disabled"}));
  NL_ASSIGN_OR_RETURN(const std::string role, OptionalText(body, "role"));
  const auto* disabled = body.values.if_contains("disabled");
  if (disabled != nullptr && !disabled->is_bool()) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"disabled\" must be true or false");
  }
  if (disabled != nullptr && disabled->get_bool() && EqualsIgnoringCase(name, call.principal->name)) {
    return MakeError(ErrorCode::kInvalidArgument, "nobody disables themselves, have another administrator do it: {}",
                     name);
  }
  const char* state = disabled == nullptr ? "" : disabled->get_bool() ? "disabled" : "enabled";
  NL_RETURN_IF_ERROR(RecordChange(door, call, "alter_user", {{"name", name}, {"role", role}, {"state", state}}));
  if (!role.empty()) NL_RETURN_IF_ERROR(catalog.SetRole(name, role));
  if (disabled != nullptr) {
    NL_RETURN_IF_ERROR(disabled->get_bool() ? catalog.DisablePrincipal(name) : catalog.EnablePrincipal(name));
  }
  NL_ASSIGN_OR_RETURN(const auto changed, catalog.identities().FindPrincipal(name));
  if (!changed) return MakeError(ErrorCode::kNotFound, "there is no such principal: {}", name);
  std::string out;
  AppendUser(*changed, out);
  return call.SendJson(200, out);
}

Result<void> PutUserPassword(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_ASSIGN_OR_RETURN(const JsonObject body, ParseJsonObject(call.body));
  NL_RETURN_IF_ERROR(CheckMembers(body, {"password"}));
  NL_ASSIGN_OR_RETURN(const std::string password, RequiredText(body, "password"));
  NL_RETURN_IF_ERROR(catalog::CheckNewPassword(password, door.settings.passwords_length_min));
  NL_ASSIGN_OR_RETURN(const std::string hash, door.authenticator.hasher().Hash(password));
  NL_RETURN_IF_ERROR(RecordChange(door, call, "set_password", {{"principal", call.arguments[0]}}));
  NL_RETURN_IF_ERROR(door.service.catalog().identities().SetPassword(call.arguments[0], hash));
  return call.Send(204, "", "");
}

Result<void> DeleteUserPassword(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_RETURN_IF_ERROR(RecordChange(door, call, "remove_password", {{"principal", call.arguments[0]}}));
  NL_RETURN_IF_ERROR(door.service.catalog().identities().RemovePassword(call.arguments[0]));
  return call.Send(204, "", "");
}

Result<void> ListIdentities(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_ASSIGN_OR_RETURN(const auto identities, door.service.catalog().identities().ListIdentities());
  std::string out = "{\"identities\":[";
  for (const auto& identity : identities) {
    if (out.back() != '[') out.push_back(',');
    ObjectWriter object(out);
    object.Text("principal", identity.principal_name).Text("issuer", identity.issuer);
    object.Text("subject", identity.subject).Text("created", FormatTimestamp(identity.created));
    object.End();
  }
  return call.SendJson(200, out + "]}");
}

Result<void> PostIdentity(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_ASSIGN_OR_RETURN(const JsonObject body, ParseJsonObject(call.body));
  NL_RETURN_IF_ERROR(CheckMembers(body, {"principal", "issuer", "subject"}));
  NL_ASSIGN_OR_RETURN(const std::string principal, RequiredText(body, "principal"));
  NL_ASSIGN_OR_RETURN(const std::string issuer, RequiredText(body, "issuer"));
  NL_ASSIGN_OR_RETURN(const std::string subject, RequiredText(body, "subject"));
  NL_RETURN_IF_ERROR(
      RecordChange(door, call, "bind_identity", {{"principal", principal}, {"issuer", issuer}, {"subject", subject}}));
  NL_RETURN_IF_ERROR(door.service.catalog().identities().BindIdentity(issuer, subject, principal));
  return call.Send(204, "", "");
}

Result<void> DeleteIdentity(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  const std::string issuer = call.TextParameter("issuer");
  const std::string subject = call.TextParameter("subject");
  NL_RETURN_IF_ERROR(RecordChange(door, call, "unbind_identity", {{"issuer", issuer}, {"subject", subject}}));
  NL_RETURN_IF_ERROR(door.service.catalog().identities().UnbindIdentity(issuer, subject));
  return call.Send(204, "", "");
}

}  // namespace neurolake::server
