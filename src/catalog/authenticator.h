#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/password_hasher.h"
#include "common/settings.h"
#include "net/oidc.h"
#include "net/rate_limiter.h"

namespace neurolake::catalog {

/// How an identity provider's claims become what the lake knows.
struct ClaimMapping {
  std::string name_claim = "preferred_username";            ///< Names principals that are made; else the subject does.
  std::string groups_claim = "groups";                      ///< Dotted path.
  std::vector<std::pair<std::string, std::string>> groups;  ///< Claim's value to group; "*" to "*" takes all names.
  std::string roles_claim = "groups";
  std::vector<std::pair<std::string, std::string>> roles;  ///< Claim's value to role; the first that is there counts.
  std::string default_role = "member";                     ///< Of who has no value of `roles`.
  std::vector<std::pair<std::string, std::string>> attributes;  ///< Claim to attribute.
  /// Makes a principal for a subject that is bound to none. Else such a subject is refused.
  bool creates_principals = false;
};

struct AuthenticatorOptions {
  PasswordCost password_cost;
  /// Wrong passwords for one name before it has to wait `lockout` (and a share of it for each further try).
  int64_t failures_max = 10;
  std::chrono::seconds lockout{900};
  /// Attempts to log in from one address at once, and how long until one more is allowed.
  int64_t attempts_per_address = 20;
  std::chrono::seconds address_interval{6};
  std::chrono::seconds session_life{12 * 3600};
  ClaimMapping claims;
  /// "dns:etl.example.org" or "uri:spiffe://…" of a client certificate, to a principal's name.
  std::vector<std::pair<std::string, std::string>> certificates;
};

/// Errors: kInvalidArgument naming the setting.
Result<AuthenticatorOptions> AuthenticatorOptionsFrom(const Settings& settings);
/// The provider of the oidc.* settings; null when there is none. `public_url`: where browsers reach this server.
/// Errors: kInvalidArgument naming the setting. Borrows `clock`.
Result<std::unique_ptr<net::OidcProvider>> OidcProviderFrom(const Settings& settings, const std::string& public_url,
                                                            const Clock& clock);

/// Who a caller is, by whatever they show. Every refusal reads the same, and takes as long, whoever it is about:
/// reasons go to the operator's log. Thread-safe. Source: docs/identity.md.
class Authenticator {
 public:
  using CheckToken = std::function<Result<Principal>(const RequestContext&, std::string_view)>;
  /// `check_token`: for the lake's own tokens. `provider` may be null. Borrows `catalog` and `clock`.
  static Result<std::unique_ptr<Authenticator>> Make(Catalog& catalog, const Clock& clock, AuthenticatorOptions options,
                                                     CheckToken check_token,
                                                     std::unique_ptr<net::OidcProvider> provider);

  /// The provider; null when there is none.
  net::OidcProvider* provider() const { return provider_.get(); }
  const AuthenticatorOptions& options() const { return options_; }

  /// Whether `token` is for `check_token` to tell of, and not the provider's.
  bool IsOwnToken(std::string_view token) const { return provider_ == nullptr || token.starts_with("nl_"); }
  /// A token of the lake's, or an access token of the provider's. Errors: kUnauthenticated; kUnavailable.
  Result<Principal> WithBearer(const RequestContext& ctx, std::string_view token);
  /// Errors: kUnauthenticated; kTooManyRequests, with the detail "retry_after" (seconds), by address.
  Result<Principal> WithPassword(const RequestContext& ctx, const std::string& name, std::string_view password,
                                 std::string_view address);
  /// `names`: alternative names of a certificate that TLS has verified, as "dns:…" and "uri:…". Errors:
  /// kUnauthenticated unless exactly one principal is meant.
  Result<Principal> WithCertificate(const RequestContext& ctx, const std::vector<std::string>& names);
  /// A browser's session, by its secret.
  Result<Principal> WithSession(std::string_view secret) { return catalog_.identities().PrincipalOfSession(secret); }

  /// Starts a session for who proved their password, or logged in at the provider. Returns its secret.
  Result<std::string> BeginSession(const Principal& principal);
  Result<std::pair<Principal, std::string>> BeginSession(const RequestContext& ctx, const net::JwtClaims& claims);

  /// Counts an attempt from `address`. Errors: kTooManyRequests as WithPassword.
  Result<void> AdmitAddress(std::string_view address);

  PasswordHasher& hasher() { return *hasher_; }

 private:
  Authenticator(Catalog& catalog, const Clock& clock, AuthenticatorOptions options, CheckToken check_token,
                std::unique_ptr<net::OidcProvider> provider, std::unique_ptr<PasswordHasher> hasher);
  IdentityClaims Translate(const net::JwtClaims& claims) const;
  Result<PrincipalId> FindOrCreate(const RequestContext& ctx, const net::JwtClaims& claims,
                                   const IdentityClaims& translated);

  Catalog& catalog_;
  const Clock& clock_;
  const AuthenticatorOptions options_;
  const CheckToken check_token_;
  const std::unique_ptr<net::OidcProvider> provider_;
  const std::unique_ptr<PasswordHasher> hasher_;
  net::RateLimiter addresses_;
  net::RateLimiter names_;
};

}  // namespace neurolake::catalog
