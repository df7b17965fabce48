#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/request_context.h"
#include "common/result.h"
#include "net/jwks_cache.h"
#include "net/jwt.h"

namespace neurolake::net {

/// How this server is known at an OpenID Connect provider.
struct OidcOptions {
  std::string issuer;         ///< https://…, or http:// on this machine; as the provider writes it, byte for byte.
  std::string audience;       ///< Of access tokens; empty: bearer tokens of the provider are not taken.
  std::string client_id;      ///< For logins in a browser; empty: there are none.
  std::string client_secret;  ///< Empty: a public client (PKCE alone).
  std::string redirect_uri;   ///< Registered at the provider: https://lake.example.org/v1/login/callback.
  std::vector<std::string> scopes{"openid"};
  std::vector<std::string> algorithms{"RS256", "PS256", "ES256", "ES384", "EdDSA"};
  std::chrono::seconds clock_skew{60};
  std::string certificate_authority_file;  ///< PEM; empty: the system's.
  JwksCacheOptions keys;
};

/// What a login carries to the provider and back. All but `return_to` are secrets of the browser's session.
struct OidcLogin {
  std::string state;
  std::string nonce;
  std::string code_verifier;  ///< RFC 7636: 43 characters of base64url.
};

/// What the provider sent the browser back with.
struct OidcAnswer {
  std::string code;
  std::string state;
  std::string issuer;  ///< `iss` of RFC 9207, against a mix-up of providers; may be empty.
  std::string error;   ///< RFC 6749, section 4.1.2.1.
};

/// 256 random bits as 43 characters of base64url.
std::string RandomToken();
/// S256 of RFC 7636.
std::string CodeChallenge(std::string_view code_verifier);
/// Errors: kInvalidArgument for an issuer that is no https URL (http on this machine is taken), or has a query or a
/// fragment.
Result<void> CheckIssuer(std::string_view issuer);

/// One provider: discovery, keys, tokens. Thread-safe. What it fetches is bounded in size and time.
/// Source: OpenID Connect Core and Discovery, RFC 6749, 7636, 9207, 9700.
class OidcProvider {
 public:
  /// GETs or POSTs and gives the answer's body; tests put their own in its place.
  struct HttpCall {
    std::string url;
    std::string form;           ///< Empty: GET.
    std::string authorization;  ///< Header's value; may be empty.
  };
  struct HttpAnswer {
    int status = 0;
    std::string body;
  };
  using Transport = std::function<Result<HttpAnswer>(const RequestContext&, const HttpCall&)>;

  /// Asks nothing yet, so that a server starts when its provider does not answer. Errors: kInvalidArgument naming the
  /// setting. Borrows `clock`.
  static Result<std::unique_ptr<OidcProvider>> Make(OidcOptions options, const Clock& clock, Transport transport = {});

  const OidcOptions& options() const { return options_; }
  bool has_login() const { return !options_.client_id.empty(); }

  /// Errors: kUnauthenticated; kUnavailable when the provider's keys cannot be had.
  Result<JwtClaims> CheckAccessToken(const RequestContext& ctx, std::string_view token);

  static OidcLogin NewLogin();
  /// Where to send the browser. Errors: kUnavailable.
  Result<std::string> LoginUrl(const RequestContext& ctx, const OidcLogin& login);
  /// Changes the code for an ID token, and checks that. Errors: kUnauthenticated for an answer that does not belong to
  /// `login`, of another provider, or that the provider refuses; kUnavailable.
  Result<JwtClaims> FinishLogin(const RequestContext& ctx, const OidcLogin& login, const OidcAnswer& answer);

 private:
  struct Metadata {
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::string keys_uri;
    bool names_issuer = false;  ///< RFC 9207.
    bool secret_in_body = false;
  };
  OidcProvider(OidcOptions options, const Clock& clock, Transport transport);
  Result<std::shared_ptr<const Metadata>> Discover(const RequestContext& ctx);
  Result<std::shared_ptr<const Metadata>> ReadMetadata(std::string_view text) const;
  Result<std::string> Call(const RequestContext& ctx, const HttpCall& call, std::string_view what);
  Result<std::string> RequestIdToken(const RequestContext& ctx, const Metadata& metadata, const OidcLogin& login,
                                     const std::string& code);
  Result<JwtClaims> Check(const RequestContext& ctx, std::string_view token, std::string audience,
                          std::optional<std::string> nonce);

  const OidcOptions options_;
  const Clock& clock_;
  const Transport transport_;
  std::mutex mutex_;
  std::shared_ptr<const Metadata> metadata_;
  SteadyTime discovered_{};
  std::optional<SteadyTime> tried_;
  JwksCache keys_;
};

}  // namespace neurolake::net
