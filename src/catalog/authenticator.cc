#include "catalog/authenticator.h"

#include <algorithm>

#include "catalog/internal/names.h"
#include "common/log.h"
#include "common/text.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

std::unexpected<Error> RefusedToken() {
  return MakeError(ErrorCode::kUnauthenticated, "the token is not valid: unknown, expired or revoked");
}
std::unexpected<Error> RefusedLogin() {
  return MakeError(ErrorCode::kUnauthenticated, "the name or the password is wrong, or there were too many attempts");
}
std::unexpected<Error> RefusedCertificate() {
  return MakeError(ErrorCode::kUnauthenticated, "the client's certificate is no principal's");
}

/// What the operator may know and the caller not.
void Note(const RequestContext& ctx, std::string_view what, std::string_view why) {
  Log(LogLevel::kInfo, std::string(what), ctx.request_id(), {{"reason", std::string(why)}});
}

/// "value=name", split at the last "=", as values may have one.
Result<std::vector<std::pair<std::string, std::string>>> Pairs(const std::vector<std::string>& entries,
                                                               std::string_view setting) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& entry : entries) {
    const size_t at = entry.rfind('=');
    if (at == std::string::npos || at == 0 || at + 1 == entry.size()) {
      return MakeError(ErrorCode::kInvalidArgument, "{} must be a list of value=name, not: {}", setting, entry);
    }
    pairs.emplace_back(entry.substr(0, at), entry.substr(at + 1));
  }
  return pairs;
}

std::chrono::seconds Seconds(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time);
}

}  // namespace

Result<AuthenticatorOptions> AuthenticatorOptionsFrom(const Settings& settings) {
  AuthenticatorOptions options;
  options.password_cost = {.memory_bytes = settings.passwords_memory, .passes = settings.passwords_passes};
  options.failures_max = settings.login_failures_max;
  options.lockout = Seconds(settings.login_lockout);
  options.attempts_per_address = settings.login_attempts_per_address;
  options.address_interval = Seconds(settings.login_address_interval);
  options.session_life = Seconds(settings.login_session_life);
  ClaimMapping& claims = options.claims;
  claims.name_claim = settings.oidc_name_claim;
  claims.groups_claim = settings.oidc_groups_claim;
  claims.roles_claim = settings.oidc_roles_claim;
  claims.default_role = settings.oidc_default_role;
  claims.creates_principals = settings.oidc_create_principals;
  NL_ASSIGN_OR_RETURN(claims.groups, Pairs(settings.oidc_groups, "oidc.groups"));
  NL_ASSIGN_OR_RETURN(claims.roles, Pairs(settings.oidc_roles, "oidc.roles"));
  NL_ASSIGN_OR_RETURN(claims.attributes, Pairs(settings.oidc_attributes, "oidc.attributes"));
  for (auto& [value, group] : claims.groups) group = LowerAscii(group);
  for (const auto& [value, role] : claims.roles) NL_RETURN_IF_ERROR(RightsOfRole(role));
  NL_RETURN_IF_ERROR(RightsOfRole(claims.default_role));
  NL_ASSIGN_OR_RETURN(options.certificates, Pairs(settings.http_tls_client_principals, "http.tls_client_principals"));
  for (const auto& [name, principal] : options.certificates) {
    if (name.starts_with("dns:") || name.starts_with("uri:")) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "http.tls_client_principals names certificates by dns:… or uri:…, not by: {}", name);
  }
  return options;
}

Result<std::unique_ptr<net::OidcProvider>> OidcProviderFrom(const Settings& settings, const std::string& public_url,
                                                            const Clock& clock) {
  if (settings.oidc_issuer.empty()) return nullptr;
  net::OidcOptions options{.issuer = settings.oidc_issuer,
                           .audience = settings.oidc_audience,
                           .client_id = settings.oidc_client_id,
                           .client_secret = settings.oidc_client_secret,
                           .redirect_uri = public_url + "/v1/login/callback",
                           .scopes = settings.oidc_scopes,
                           .algorithms = settings.oidc_algorithms,
                           .clock_skew = Seconds(settings.oidc_clock_skew),
                           .certificate_authority_file = settings.oidc_certificate_authority,
                           .keys = {.fresh = Seconds(settings.oidc_keys_fresh),
                                    .fetch_interval = std::chrono::seconds(60),
                                    .stale_max = Seconds(settings.oidc_keys_stale_max)}};
  if (std::ranges::find(options.scopes, "openid") == options.scopes.end()) {
    options.scopes.insert(options.scopes.begin(), "openid");
  }
  return net::OidcProvider::Make(std::move(options), clock);
}

Authenticator::Authenticator(Catalog& catalog, const Clock& clock, AuthenticatorOptions options, CheckToken check_token,
                             std::unique_ptr<net::OidcProvider> provider, std::unique_ptr<PasswordHasher> hasher)
    : catalog_(catalog),
      clock_(clock),
      options_(std::move(options)),
      check_token_(std::move(check_token)),
      provider_(std::move(provider)),
      hasher_(std::move(hasher)),
      addresses_(clock, {.burst = static_cast<double>(options_.attempts_per_address),
                         .per_second = 1.0 / static_cast<double>(options_.address_interval.count())}),
      names_(clock, {.burst = static_cast<double>(options_.failures_max),
                     .per_second =
                         static_cast<double>(options_.failures_max) / static_cast<double>(options_.lockout.count())}) {}

Result<std::unique_ptr<Authenticator>> Authenticator::Make(Catalog& catalog, const Clock& clock,
                                                           AuthenticatorOptions options, CheckToken check_token,
                                                           std::unique_ptr<net::OidcProvider> provider) {
  if (options.failures_max < 1 || options.lockout.count() < 1 || options.attempts_per_address < 1 ||
      options.address_interval.count() < 1) {
    return MakeError(ErrorCode::kInvalidArgument, "limits of logins must be more than 0, times at least a second");
  }
  NL_ASSIGN_OR_RETURN(auto hasher, PasswordHasher::Make(options.password_cost));
  return std::unique_ptr<Authenticator>(new Authenticator(catalog, clock, std::move(options), std::move(check_token),
                                                          std::move(provider), std::move(hasher)));
}

Result<Principal> Authenticator::WithBearer(const RequestContext& ctx, std::string_view token) {
  // A JWT begins with the base64url of "{", which no token of ours does.
  if (IsOwnToken(token)) return check_token_(ctx, token);
  const auto claims = provider_->CheckAccessToken(ctx, token);
  if (!claims) {
    Note(ctx, "a bearer token was refused", claims.error().message());
    if (claims.error().code() != ErrorCode::kUnauthenticated) return std::unexpected(claims.error());
    return RefusedToken();
  }
  const IdentityClaims translated = Translate(*claims);
  const auto id = FindOrCreate(ctx, *claims, translated);
  auto principal = id ? catalog_.identities().PrincipalOf(*id, "oidc", translated) : std::unexpected(id.error());
  if (principal) principal->credential = metastore::MakeStorable(claims->subject);
  if (principal || principal.error().code() != ErrorCode::kUnauthenticated) return principal;
  Note(ctx, "a bearer token was refused", principal.error().message());
  return RefusedToken();
}

Result<void> Authenticator::AdmitAddress(std::string_view address) {
  if (addresses_.Take(address)) return {};
  return std::unexpected(
      Error(ErrorCode::kTooManyRequests, "too many attempts to log in from this address, try again later")
          .With("retry_after", std::to_string(addresses_.Wait(address).count())));
}

Result<Principal> Authenticator::WithPassword(const RequestContext& ctx, const std::string& name,
                                              std::string_view password, std::string_view address) {
  NL_RETURN_IF_ERROR(AdmitAddress(address));
  // By the name as it was given, whether anybody has it or not; hashed, so that long names take no memory.
  const std::string key = Sha256Hex(NameToFind(name));
  if (!names_.Take(key)) {
    Note(ctx, "a login was refused", "too many attempts for this name");
    return RefusedLogin();
  }
  NL_ASSIGN_OR_RETURN(const auto stored, catalog_.identities().FindPassword(name));
  NL_ASSIGN_OR_RETURN(const bool same, hasher_->Verify(password, stored ? stored->hash : std::string()));
  if (!same) {
    Note(ctx, "a login was refused", "wrong name or password");
    return RefusedLogin();
  }
  auto principal = catalog_.identities().PrincipalOf(stored->principal, "password");
  if (!principal) {
    Note(ctx, "a login was refused", principal.error().message());
    return principal.error().code() == ErrorCode::kUnauthenticated ? RefusedLogin() : principal;
  }
  names_.Forget(key);
  if (hasher_->IsOutdated(stored->hash)) {
    NL_ASSIGN_OR_RETURN(const std::string hash, hasher_->Hash(password));
    NL_RETURN_IF_ERROR(catalog_.identities().UpgradePassword(*stored, hash));
  }
  return principal;
}

Result<Principal> Authenticator::WithCertificate(const RequestContext& ctx, const std::vector<std::string>& names) {
  std::optional<std::string> meant;
  std::string shown;
  for (const auto& [name, principal] : options_.certificates) {
    if (std::ranges::find(names, name) == names.end()) continue;
    if (meant && *meant != principal) {
      Note(ctx, "a client's certificate was refused", "it has names of several principals");
      return RefusedCertificate();
    }
    meant = principal;
    shown = name;
  }
  if (!meant) return RefusedCertificate();
  NL_ASSIGN_OR_RETURN(const auto record, catalog_.identities().FindPrincipal(*meant));
  // Whoever owns the lake's directory needs no door.
  if (!record || record->name == "local") return RefusedCertificate();
  auto principal = catalog_.identities().PrincipalOf(record->id, "certificate");
  if (!principal && principal.error().code() == ErrorCode::kUnauthenticated) return RefusedCertificate();
  if (principal) principal->credential = std::move(shown);
  return principal;
}

IdentityClaims Authenticator::Translate(const net::JwtClaims& claims) const {
  const ClaimMapping& mapping = options_.claims;
  IdentityClaims translated;
  const auto values = net::ClaimTexts(claims.all, mapping.groups_claim);
  for (const auto& [value, group] : mapping.groups) {
    if (value == "*" && group == "*") {
      for (const std::string& one : values) translated.groups.push_back(LowerAscii(one));
    } else if (std::ranges::find(values, value) != values.end()) {
      translated.groups.push_back(group);
    }
  }
  if (!mapping.roles.empty()) {
    const auto held = net::ClaimTexts(claims.all, mapping.roles_claim);
    const auto found = std::ranges::find_if(
        mapping.roles, [&](const auto& one) { return std::ranges::find(held, one.first) != held.end(); });
    translated.role = found == mapping.roles.end() ? mapping.default_role : found->second;
  }
  for (const auto& [claim, attribute] : mapping.attributes) {
    const auto texts = net::ClaimTexts(claims.all, claim);
    if (texts.size() == 1) translated.attributes.emplace_back(attribute, texts[0]);
  }
  return translated;
}

Result<PrincipalId> Authenticator::FindOrCreate(const RequestContext& ctx, const net::JwtClaims& claims,
                                                const IdentityClaims& translated) {
  Identities& identities = catalog_.identities();
  NL_ASSIGN_OR_RETURN(const auto bound, identities.FindIdentity(claims.issuer, claims.subject));
  if (bound) {
    NL_RETURN_IF_ERROR(identities.KeepClaims(*bound, translated));
    return *bound;
  }
  if (!options_.claims.creates_principals) {
    return MakeError(ErrorCode::kUnauthenticated, "no principal is bound to the subject: {}", claims.subject);
  }
  const auto names = net::ClaimTexts(claims.all, options_.claims.name_claim);
  const std::string name = names.size() == 1 ? names[0] : claims.subject;
  // Of the client credentials grant: the subject is the client itself.
  const auto clients = net::ClaimTexts(claims.all, "client_id");
  const bool is_service = clients.size() == 1 && clients[0] == claims.subject;
  auto made = identities.CreatePrincipal({.name = name,
                                          .kind = is_service ? PrincipalKind::kServiceAccount : PrincipalKind::kUser,
                                          .role = translated.role.value_or(options_.claims.default_role)});
  if (!made) {
    // Another login of the same subject may have been faster.
    NL_ASSIGN_OR_RETURN(const auto again, identities.FindIdentity(claims.issuer, claims.subject));
    if (again) return *again;
    // A name that is taken stays whose it is: the provider's word for a name binds nothing.
    return MakeError(ErrorCode::kUnauthenticated, "no principal can be made for the subject {}: {}", claims.subject,
                     made.error().message());
  }
  NL_RETURN_IF_ERROR(identities.BindIdentity(claims.issuer, claims.subject, made->name));
  NL_RETURN_IF_ERROR(identities.KeepClaims(made->id, translated));
  Log(LogLevel::kInfo, "made a principal for an identity", ctx.request_id(),
      {{"principal", made->name}, {"issuer", claims.issuer}});
  return made->id;
}

Result<std::string> Authenticator::BeginSession(const Principal& principal) {
  return catalog_.identities().CreateSession(principal.id, principal.authentication, {},
                                             clock_.Now() + options_.session_life);
}

Result<std::pair<Principal, std::string>> Authenticator::BeginSession(const RequestContext& ctx,
                                                                      const net::JwtClaims& claims) {
  const IdentityClaims translated = Translate(claims);
  const auto id = FindOrCreate(ctx, claims, translated);
  auto principal = id ? catalog_.identities().PrincipalOf(*id, "oidc", translated) : std::unexpected(id.error());
  if (!principal) {
    Note(ctx, "a login was refused", principal.error().message());
    if (principal.error().code() != ErrorCode::kUnauthenticated) return std::unexpected(principal.error());
    return MakeError(ErrorCode::kUnauthenticated, "the login did not succeed: the lake does not know you");
  }
  principal->credential = metastore::MakeStorable(claims.subject);
  NL_ASSIGN_OR_RETURN(std::string secret, catalog_.identities().CreateSession(*id, "oidc", translated,
                                                                              clock_.Now() + options_.session_life));
  return std::pair(std::move(*principal), std::move(secret));
}

}  // namespace neurolake::catalog
