#include "net/oidc.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "common/text.h"
#include "net/base64url.h"
#include "net/http_client.h"
#include "net/jws.h"
#include "net/strict_json.h"

namespace neurolake::net {
namespace {

namespace json = boost::json;

constexpr size_t kAnswerBytesMax = 512 * 1024;
constexpr size_t kParameterBytesMax = 4096;
constexpr std::chrono::milliseconds kAnswerWithin{10'000};
constexpr std::chrono::minutes kMetadataFresh{60};
constexpr std::string_view kHmac = "HS";

bool IsThisMachine(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

/// A URL that may be asked or redirected to: https, or http on this machine.
Result<Url> SecureUrl(std::string_view text, std::string_view what) {
  const auto url = ParseUrl(text.substr(0, text.find('?')));
  if (!text.starts_with("https://") && !text.starts_with("http://")) {
    return MakeError(ErrorCode::kInvalidArgument, "{} must be a URL", what);
  }
  if (!url) return MakeError(ErrorCode::kInvalidArgument, "{} is no URL: {}", what, url.error().message());
  if (!url->tls && !IsThisMachine(url->host)) return MakeError(ErrorCode::kInvalidArgument, "{} must be https", what);
  return *url;
}

bool HasText(const json::object& object, const char* name, std::string_view text) {
  const json::value* member = object.if_contains(name);
  return member != nullptr && member->is_array() &&
         std::ranges::any_of(member->get_array(),
                             [&](const json::value& one) { return one.is_string() && one.get_string() == text; });
}

std::string Field(std::string_view name, std::string_view value) {
  return fmt::format("&{}={}", name, PercentEncode(value));
}

/// One connection each: a provider is asked once an hour.
Result<OidcProvider::HttpAnswer> SendOverHttp(const RequestContext& ctx, const OidcProvider::HttpCall& call,
                                              const std::string& certificate_authority_file) {
  const size_t query = call.url.find('?');
  NL_ASSIGN_OR_RETURN(Url url, SecureUrl(call.url, "the provider's address"));
  HttpRequest request{.target = std::exchange(url.path, {})};
  if (request.target.empty()) request.target = "/";
  if (query != std::string::npos) request.target += call.url.substr(query);
  request.headers = {{"Accept", "application/json"}};
  if (!call.form.empty()) {
    request.method = "POST";
    request.body = call.form;
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  }
  if (!call.authorization.empty()) request.headers.emplace_back("Authorization", call.authorization);
  NL_ASSIGN_OR_RETURN(const auto client,
                      HttpClient::Make(std::move(url), {.connect_timeout = kAnswerWithin,
                                                        .idle_timeout = kAnswerWithin,
                                                        .certificate_authority_file = certificate_authority_file}));
  NL_ASSIGN_OR_RETURN(const auto response, client->Send(ctx, std::move(request)));
  NL_ASSIGN_OR_RETURN(std::string body, response->ReadAll(kAnswerBytesMax));
  return OidcProvider::HttpAnswer{response->status(), std::move(body)};
}

}  // namespace

std::string RandomToken() {
  std::array<unsigned char, 32> random{};
  NL_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  return EncodeBase64Url({reinterpret_cast<const char*>(random.data()), random.size()});
}

std::string CodeChallenge(std::string_view code_verifier) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(code_verifier.data()), code_verifier.size(), digest.data());
  return EncodeBase64Url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Result<void> CheckIssuer(std::string_view issuer) {
  if (issuer.find_first_of("?#") != std::string_view::npos) {
    return MakeError(ErrorCode::kInvalidArgument, "oidc.issuer must have no query and no fragment");
  }
  NL_RETURN_IF_ERROR(SecureUrl(issuer, "oidc.issuer"));
  return {};
}

OidcProvider::OidcProvider(OidcOptions options, const Clock& clock, Transport transport)
    : options_(std::move(options)),
      clock_(clock),
      transport_(std::move(transport)),
      keys_(
          clock,
          [this](const RequestContext& ctx) -> Result<std::shared_ptr<const KeySet>> {
            NL_ASSIGN_OR_RETURN(const auto metadata, Discover(ctx));
            NL_ASSIGN_OR_RETURN(const std::string text, Call(ctx, {.url = metadata->keys_uri}, "keys"));
            return KeySet::Parse(text);
          },
          options_.keys) {}

Result<std::unique_ptr<OidcProvider>> OidcProvider::Make(OidcOptions options, const Clock& clock, Transport transport) {
  NL_RETURN_IF_ERROR(CheckIssuer(options.issuer));
  if (options.audience.empty() && options.client_id.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "oidc.issuer needs oidc.audience, oidc.client_id, or both");
  }
  if (!options.client_id.empty()) NL_RETURN_IF_ERROR(SecureUrl(options.redirect_uri, "http.public_url"));
  constexpr std::string_view kKnown[] = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                         "PS512", "ES256", "ES384", "ES512", "EdDSA"};
  if (options.algorithms.empty()) return MakeError(ErrorCode::kInvalidArgument, "oidc.algorithms must not be empty");
  for (const std::string& algorithm : options.algorithms) {
    if (std::ranges::find(kKnown, algorithm) != std::end(kKnown)) continue;
    return MakeError(ErrorCode::kInvalidArgument, "oidc.algorithms has one that is not among {}{}: {}",
                     fmt::join(kKnown, ", "), algorithm.starts_with(kHmac) ? " (no shared secrets)" : "", algorithm);
  }
  if (!transport) {
    transport = [file = options.certificate_authority_file](const RequestContext& ctx, const HttpCall& call) {
      return SendOverHttp(ctx, call, file);
    };
  }
  return std::unique_ptr<OidcProvider>(new OidcProvider(std::move(options), clock, std::move(transport)));
}

Result<std::string> OidcProvider::Call(const RequestContext& ctx, const HttpCall& call, std::string_view what) {
  // No statement's deadline makes a login wait longer.
  const RequestContext bounded(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(),
                               std::min(ctx.deadline(), ctx.clock().SteadyNow() + kAnswerWithin), ctx.stop_token());
  const auto answer = transport_(bounded, call);
  if (!answer) {
    return MakeError(ErrorCode::kUnavailable, "the identity provider gave no {}: {}", what, answer.error().message());
  }
  if (answer->status != 200) {
    // A code that is wrong is the caller's fault, all else the provider's.
    const bool refused = !call.form.empty() && answer->status >= 400 && answer->status < 500;
    return MakeError(refused ? ErrorCode::kUnauthenticated : ErrorCode::kUnavailable,
                     "the identity provider gave no {}: status {}", what, answer->status);
  }
  return answer->body;
}

Result<std::shared_ptr<const OidcProvider::Metadata>> OidcProvider::ReadMetadata(std::string_view text) const {
  NL_ASSIGN_OR_RETURN(const auto document, ParseStrictObject(text, "the provider's configuration"));
  if (TextMember(document, "issuer") != options_.issuer) {
    return MakeError(ErrorCode::kUnavailable, "the identity provider calls itself otherwise than oidc.issuer");
  }
  auto metadata = std::make_shared<Metadata>();
  metadata->keys_uri = TextMember(document, "jwks_uri");
  metadata->authorization_endpoint = TextMember(document, "authorization_endpoint");
  metadata->token_endpoint = TextMember(document, "token_endpoint");
  const auto* names_issuer = document.if_contains("authorization_response_iss_parameter_supported");
  metadata->names_issuer = names_issuer != nullptr && names_issuer->is_bool() && names_issuer->get_bool();
  constexpr const char* kMethods = "token_endpoint_auth_methods_supported";
  metadata->secret_in_body =
      HasText(document, kMethods, "client_secret_post") && !HasText(document, kMethods, "client_secret_basic");
  NL_RETURN_IF_ERROR(SecureUrl(metadata->keys_uri, "the provider's jwks_uri"));
  if (!has_login()) return metadata;
  NL_RETURN_IF_ERROR(SecureUrl(metadata->authorization_endpoint, "the provider's authorization_endpoint"));
  NL_RETURN_IF_ERROR(SecureUrl(metadata->token_endpoint, "the provider's token_endpoint"));
  return metadata;
}

Result<std::shared_ptr<const OidcProvider::Metadata>> OidcProvider::Discover(const RequestContext& ctx) {
  // Held while it waits: who comes meanwhile would ask the same.
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.SteadyNow();
  if (metadata_ != nullptr && now - discovered_ < kMetadataFresh) return metadata_;
  // With endpoints at hand, one that does not answer is not waited for with every login.
  const std::chrono::seconds pause(metadata_ == nullptr ? 1 : 60);
  if (tried_ && now - *tried_ < pause) {
    if (metadata_ != nullptr) return metadata_;
    return MakeError(ErrorCode::kUnavailable, "the identity provider gave no configuration a moment ago");
  }
  std::string base = options_.issuer;
  while (base.ends_with('/')) base.pop_back();
  const auto text = Call(ctx, {.url = base + "/.well-known/openid-configuration"}, "configuration");
  auto read = text ? ReadMetadata(*text) : std::unexpected(text.error());
  tried_ = clock_.SteadyNow();
  if (read) {
    metadata_ = *read;
    discovered_ = *tried_;
  } else if (metadata_ == nullptr) {
    return MakeError(ErrorCode::kUnavailable, "{}", read.error().message());
  }
  // Endpoints seldom move: the old ones do until the provider answers again.
  return metadata_;
}

Result<JwtClaims> OidcProvider::Check(const RequestContext& ctx, std::string_view token, std::string audience,
                                      std::optional<std::string> nonce) {
  // Before a key is looked for: nonsense must not make us fetch.
  NL_ASSIGN_OR_RETURN(const ParsedJws jws, ParseJws(token));
  NL_ASSIGN_OR_RETURN(const auto keys, keys_.Get(ctx, jws.key_id));
  return CheckJwt(token, *keys,
                  {.issuer = options_.issuer,
                   .audience = std::move(audience),
                   .algorithms = options_.algorithms,
                   .nonce = std::move(nonce),
                   .clock_skew = options_.clock_skew},
                  clock_.Now());
}

Result<JwtClaims> OidcProvider::CheckAccessToken(const RequestContext& ctx, std::string_view token) {
  if (options_.audience.empty()) {
    return MakeError(ErrorCode::kUnauthenticated, "tokens of the provider are not taken: oidc.audience is not set");
  }
  return Check(ctx, token, options_.audience, std::nullopt);
}

OidcLogin OidcProvider::NewLogin() {
  return {.state = RandomToken(), .nonce = RandomToken(), .code_verifier = RandomToken()};
}

Result<std::string> OidcProvider::LoginUrl(const RequestContext& ctx, const OidcLogin& login) {
  NL_ASSIGN_OR_RETURN(const auto metadata, Discover(ctx));
  std::string url = metadata->authorization_endpoint;
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += "response_type=code" + Field("client_id", options_.client_id) + Field("redirect_uri", options_.redirect_uri) +
         Field("scope", fmt::format("{}", fmt::join(options_.scopes, " "))) + Field("state", login.state) +
         Field("nonce", login.nonce) + Field("code_challenge", CodeChallenge(login.code_verifier)) +
         "&code_challenge_method=S256";
  return url;
}

Result<std::string> OidcProvider::RequestIdToken(const RequestContext& ctx, const Metadata& metadata,
                                                 const OidcLogin& login, const std::string& code) {
  HttpCall call{.url = metadata.token_endpoint, .form = "grant_type=authorization_code", .authorization = {}};
  call.form +=
      Field("code", code) + Field("redirect_uri", options_.redirect_uri) + Field("code_verifier", login.code_verifier);
  if (options_.client_secret.empty() || metadata.secret_in_body) call.form += Field("client_id", options_.client_id);
  if (!options_.client_secret.empty() && metadata.secret_in_body) {
    call.form += Field("client_secret", options_.client_secret);
  } else if (!options_.client_secret.empty()) {
    // RFC 6749, section 2.3.1: encoded as in a form before they are joined.
    call.authorization =
        "Basic " + EncodeBase64(PercentEncode(options_.client_id) + ":" + PercentEncode(options_.client_secret));
  }
  NL_ASSIGN_OR_RETURN(const std::string text, Call(ctx, call, "token"));
  NL_ASSIGN_OR_RETURN(const auto answer, ParseStrictObject(text, "the provider's answer"));
  std::string token = TextMember(answer, "id_token");
  if (token.empty()) return MakeError(ErrorCode::kUnauthenticated, "the identity provider gave no ID token");
  return token;
}

Result<JwtClaims> OidcProvider::FinishLogin(const RequestContext& ctx, const OidcLogin& login,
                                            const OidcAnswer& answer) {
  const auto refused = [](std::string_view why) {
    return MakeError(ErrorCode::kUnauthenticated, "the login did not succeed: {}", why);
  };
  const bool same = !login.state.empty() && answer.state.size() == login.state.size() &&
                    CRYPTO_memcmp(answer.state.data(), login.state.data(), login.state.size()) == 0;
  if (!same) return refused("it was not begun in this browser");
  NL_ASSIGN_OR_RETURN(const auto metadata, Discover(ctx));
  if (answer.issuer.empty() ? metadata->names_issuer : answer.issuer != options_.issuer) {
    return refused("the answer is another provider's");
  }
  if (!answer.error.empty()) return refused("the provider refused it");
  if (answer.code.empty() || answer.code.size() > kParameterBytesMax) return refused("the answer has no code");
  NL_ASSIGN_OR_RETURN(const std::string token, RequestIdToken(ctx, *metadata, login, answer.code));
  return Check(ctx, token, options_.client_id, login.nonce);
}

}  // namespace neurolake::net
