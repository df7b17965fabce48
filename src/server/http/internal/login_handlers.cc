// Logging in and out of a browser, and who one is.
#include "arrow/text_format.h"
#include "common/log.h"
#include "common/text.h"
#include "server/http/internal/cookies.h"
#include "server/http/internal/handlers.h"
#include "server/http/internal/json.h"

namespace neurolake::server {
namespace {

constexpr std::chrono::minutes kLoginWithin{10};

Result<net::OidcProvider*> LoginProvider(Door& door) {
  net::OidcProvider* const provider = door.authenticator.provider();
  if (provider != nullptr && provider->has_login()) return provider;
  return MakeError(ErrorCode::kNotFound, "there is no identity provider to log in at; see oidc.client_id");
}

void AppendPrincipal(const Principal& principal, ObjectWriter& object) {
  object.Text("principal", principal.name).Text("kind", NameOf(principal.kind)).Text("role", principal.role);
  object.Text("authentication", principal.authentication);
  if (principal.on_behalf_of != nullptr) object.Text("on_behalf_of", principal.on_behalf_of->name);
}

/// Redirects are for this browser and this moment.
Headers Redirect(std::string location) {
  return {{"Location", std::move(location)}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}};
}

/// Of who gave a name and a password. Refusals are in the audit log.
Result<Principal> CheckPassword(Door& door, Call& call, const std::string& name, const std::string& password) {
  auto principal = door.authenticator.WithPassword(call.NamelessContext(door), name, password, call.request.address);
  if (!principal) door.service.RecordRefusal(principal.error().code(), call.request.address);
  if (principal) principal->address = call.request.address;
  return principal;
}

Result<std::string> PasswordMember(const JsonObject& body, std::string_view name) {
  NL_ASSIGN_OR_RETURN(std::string password, StringMember(body, name));
  if (password.empty()) return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" is missing", name);
  return password;
}

}  // namespace

Result<void> GetLogin(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(net::OidcProvider* const provider, LoginProvider(door));
  const auto return_to = LocalPath(call.TextParameter("return_to"));
  if (!return_to) {
    return MakeError(ErrorCode::kInvalidArgument, "the parameter \"return_to\" must be a path of this server");
  }
  NL_RETURN_IF_ERROR(door.authenticator.AdmitAddress(call.request.address));
  const PendingLogin pending{
      .login = net::OidcProvider::NewLogin(), .return_to = *return_to, .expires = door.clock.Now() + kLoginWithin};
  NL_ASSIGN_OR_RETURN(std::string url, provider->LoginUrl(call.NamelessContext(door), pending.login));
  Headers headers = Redirect(std::move(url));
  headers.push_back(SetCookie(door, kLoginCookie, door.login_box.Seal(pending), kLoginWithin));
  return call.Send(303, "", "", headers);
}

Result<void> GetLoginCallback(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(net::OidcProvider* const provider, LoginProvider(door));
  // Whatever comes of it, this login is over.
  call.headers.push_back(SetCookie(door, kLoginCookie, "", std::chrono::seconds(0)));
  NL_RETURN_IF_ERROR(door.authenticator.AdmitAddress(call.request.address));
  NL_ASSIGN_OR_RETURN(const std::string sealed, FindCookie(call.request, CookieName(door, kLoginCookie)));
  const auto pending = door.login_box.Open(sealed, door.clock.Now());
  if (!pending) {
    return MakeError(ErrorCode::kUnauthenticated,
                     "the login did not succeed: it was not begun in this browser, or took too long");
  }
  const RequestContext ctx = call.NamelessContext(door);
  const auto claims = provider->FinishLogin(ctx, pending->login,
                                            {.code = call.TextParameter("code"),
                                             .state = call.TextParameter("state"),
                                             .issuer = call.TextParameter("iss"),
                                             .error = call.TextParameter("error")});
  if (!claims) {
    Log(LogLevel::kInfo, "a login was refused", call.request_id, {{"reason", claims.error().message()}});
    door.service.RecordRefusal(claims.error().code(), call.request.address);
    if (claims.error().code() != ErrorCode::kUnauthenticated) return std::unexpected(claims.error());
    return MakeError(ErrorCode::kUnauthenticated, "the login did not succeed");
  }
  auto session = door.authenticator.BeginSession(ctx, *claims);
  if (!session) door.service.RecordRefusal(session.error().code(), call.request.address);
  NL_ASSIGN_OR_RETURN(auto begun, std::move(session));
  call.principal = std::move(begun.first);
  call.principal->address = call.request.address;
  // Who it is was not known before.
  if (auto recorded = RecordChange(door, call, "begin_session", {}); !recorded) {
    std::ignore = door.service.catalog().identities().EndSession(begun.second);
    return recorded;
  }
  Headers headers = Redirect(pending->return_to);
  headers.push_back(SetCookie(door, kSessionCookie, begun.second, door.authenticator.options().session_life));
  return call.Send(303, "", "", headers);
}

Result<void> PostLogin(Door& door, Call& call) {
  // A page of somebody else must not log a browser in as somebody else.
  if (call.request.CountHeader("origin") > 0) NL_RETURN_IF_ERROR(CheckSameOrigin(door, call.request));
  NL_ASSIGN_OR_RETURN(const JsonObject body, ParseJsonObject(call.body));
  NL_RETURN_IF_ERROR(CheckMembers(body, {"name", "password"}));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(body, "name"));
  NL_ASSIGN_OR_RETURN(const std::string password, PasswordMember(body, "password"));
  NL_ASSIGN_OR_RETURN(call.principal, CheckPassword(door, call, name, password));
  NL_RETURN_IF_ERROR(RecordChange(door, call, "begin_session", {}));
  NL_ASSIGN_OR_RETURN(const std::string secret, door.authenticator.BeginSession(*call.principal));
  std::string out;
  ObjectWriter object(out);
  AppendPrincipal(*call.principal, object);
  object.End();
  return call.SendJson(200, out,
                       {SetCookie(door, kSessionCookie, secret, door.authenticator.options().session_life),
                        {"Cache-Control", "no-store"}});
}

Result<void> PostLogout(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(const std::string session, FindCookie(call.request, CookieName(door, kSessionCookie)));
  if (!session.empty()) {
    NL_RETURN_IF_ERROR(CheckSameOrigin(door, call.request));
    NL_RETURN_IF_ERROR(door.service.catalog().identities().EndSession(session));
  }
  return call.Send(204, "", "", {SetCookie(door, kSessionCookie, "", std::chrono::seconds(0))});
}

Result<void> GetMe(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(const auto groups, door.service.catalog().GroupsOf(*call.principal));
  std::vector<std::string> names;
  for (const auto& [id, name] : groups) names.push_back(name);
  std::string out;
  ObjectWriter object(out);
  AppendPrincipal(*call.principal, object);
  object.Json("groups", TextsJson(names));
  if (call.principal->schemas) object.Json("schemas", TextsJson(*call.principal->schemas));
  std::string attributes;
  ObjectWriter inner(attributes);
  for (const auto& [name, value] : call.principal->attributes) inner.Text(name, value);
  inner.End();
  object.Json("attributes", attributes);
  object.End();
  return call.SendJson(200, out, {{"Cache-Control", "no-store"}});
}

Result<void> PutMyPassword(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(const JsonObject body, ParseJsonObject(call.body));
  NL_RETURN_IF_ERROR(CheckMembers(body, {"current", "new"}));
  NL_ASSIGN_OR_RETURN(const std::string current, PasswordMember(body, "current"));
  NL_ASSIGN_OR_RETURN(const std::string wanted, PasswordMember(body, "new"));
  // Of who found a token or an open browser, too, the password is asked.
  NL_RETURN_IF_ERROR(CheckPassword(door, call, call.principal->name, current));
  NL_RETURN_IF_ERROR(catalog::CheckNewPassword(wanted, door.settings.passwords_length_min));
  NL_ASSIGN_OR_RETURN(const std::string hash, door.authenticator.hasher().Hash(wanted));
  NL_RETURN_IF_ERROR(RecordChange(door, call, "set_password", {{"principal", call.principal->name}}));
  NL_RETURN_IF_ERROR(door.service.catalog().identities().SetPassword(call.principal->name, hash));
  return call.Send(204, "", "");
}

}  // namespace neurolake::server
