#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iterator>

#include "storage/internal/credential_request.h"
#include "storage/internal/http_answers.h"
#include "storage/internal/renewed.h"
#include "storage/object_store_options.h"

namespace neurolake::storage {
namespace {

using internal::AskForCredentials;
using internal::Environment;
using internal::TextOf;

constexpr std::string_view kGoogleTokens = "https://oauth2.googleapis.com/token";
constexpr std::string_view kGoogleScope = "https://www.googleapis.com/auth/devstorage.read_write";
constexpr std::string_view kAzureLogin = "https://login.microsoftonline.com";
constexpr std::string_view kAzureScope = "https://storage.azure.com/.default";
constexpr std::string_view kInstanceEndpoint = "http://169.254.169.254";
constexpr std::chrono::minutes kAssertionLife{60};

internal::CredentialTimeouts TimeoutsOf(const TokenRequestOptions& options) {
  return {.connect = options.connect_timeout,
          .read = options.read_timeout,
          .certificate_authority_file = options.certificate_authority_file};
}

/// {"access_token", "expires_in"}: a number, or a text with one (Azure's instances).
Result<AccessToken> ReadToken(std::string_view text, std::string_view source, WallTime now) {
  NL_ASSIGN_OR_RETURN(const auto object, internal::ParseCredentials(text, source));
  AccessToken token{.token = TextOf(object, "access_token"), .expires_at = {}};
  std::optional<int64_t> seconds = internal::ParseSize(TextOf(object, "expires_in"));
  if (const auto* number = object.if_contains("expires_in"); number != nullptr && number->is_int64()) {
    seconds = number->get_int64();
  }
  if (token.token.empty() || !seconds || *seconds < 0 || *seconds > 1'000'000'000) {
    return MakeError(ErrorCode::kUnauthenticated, "no credentials: the answer has no token or no lifetime, from {}",
                     source);
  }
  token.expires_at = now + std::chrono::seconds(*seconds);
  return token;
}

class StaticToken final : public AccessTokenProvider {
 public:
  explicit StaticToken(AccessToken token) : token_(std::move(token)) {}
  Result<AccessToken> Get(const RequestContext&) override { return token_; }

 private:
  AccessToken token_;
};

/// Any token that is asked for with one request.
class RequestedToken final : public AccessTokenProvider {
 public:
  using Fetch = std::function<Result<AccessToken>(const RequestContext&, WallTime now)>;
  RequestedToken(const Clock* clock, Fetch fetch)
      : renewed_(clock,
                 [this, fetch = std::move(fetch)](const RequestContext& ctx) { return fetch(ctx, renewed_.Now()); }) {}
  Result<AccessToken> Get(const RequestContext& ctx) override { return renewed_.Get(ctx); }
  void Invalidate() override { renewed_.Invalidate(); }

 private:
  internal::Renewed<AccessToken> renewed_;
};

net::HttpRequest Form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string body;
  for (const auto& [name, value] : fields) {
    body += (body.empty() ? "" : "&") + net::PercentEncode(name) + "=" + net::PercentEncode(value);
  }
  return {
      .method = "POST", .headers = {{"Content-Type", "application/x-www-form-urlencoded"}}, .body = std::move(body)};
}

std::string Base64Url(std::string_view bytes) {
  std::string text = internal::Base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

using PrivateKey = std::shared_ptr<EVP_PKEY>;

Result<PrivateKey> ReadPrivateKey(const std::string& pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                   &BIO_free);
  // No password prompt: a key that wants one is refused.
  constexpr auto kNoPassword = [](char*, int, int, void*) { return 0; };
  PrivateKey key(PEM_read_bio_PrivateKey(source.get(), nullptr, kNoPassword, nullptr), &EVP_PKEY_free);
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return MakeError(ErrorCode::kInvalidArgument, "the service account's private_key is not an RSA key in PEM");
  }
  return key;
}

Result<std::string> SignRs256(const PrivateKey& key, std::string_view text) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key.get())), '\0');
  size_t size = signature.size();
  const bool made = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                   reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  if (!made) return MakeError(ErrorCode::kUnauthenticated, "no credentials: the service account's key cannot sign");
  signature.resize(size);
  return signature;
}

struct ServiceAccount {
  std::string email;
  std::string key_id;
  std::string token_endpoint;
  PrivateKey key;
};

/// RFC 7523: a signed statement of who we are, traded for a token.
Result<std::string> Assertion(const ServiceAccount& account, WallTime now) {
  const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  boost::json::object header{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!account.key_id.empty()) header["kid"] = account.key_id;
  const boost::json::object claims{{"iss", account.email},
                                   {"scope", kGoogleScope},
                                   {"aud", account.token_endpoint},
                                   {"iat", seconds},
                                   {"exp", seconds + std::chrono::seconds(kAssertionLife).count()}};
  const std::string text = Base64Url(boost::json::serialize(header)) + "." + Base64Url(boost::json::serialize(claims));
  NL_ASSIGN_OR_RETURN(const std::string signature, SignRs256(account.key, text));
  return text + "." + Base64Url(signature);
}

}  // namespace

std::shared_ptr<AccessTokenProvider> NewStaticAccessToken(AccessToken token) {
  return std::make_shared<StaticToken>(std::move(token));
}

Result<std::shared_ptr<AccessTokenProvider>> NewGcsServiceAccount(std::string_view json, TokenRequestOptions options) {
  boost::system::error_code problem;
  const boost::json::value value = boost::json::parse(boost::json::string_view(json.data(), json.size()), problem);
  if (problem || !value.is_object()) {
    return MakeError(ErrorCode::kInvalidArgument, "the service account's key is not a JSON object");
  }
  const auto& object = value.get_object();
  ServiceAccount account{.email = TextOf(object, "client_email"),
                         .key_id = TextOf(object, "private_key_id"),
                         .token_endpoint = options.token_endpoint,
                         .key = nullptr};
  if (account.email.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "the service account's key has no client_email; expected type {}",
                     "service_account");
  }
  // A key may come from somebody who must not choose where the server sends requests: its token_uri is not used.
  if (account.token_endpoint.empty()) account.token_endpoint = kGoogleTokens;
  NL_ASSIGN_OR_RETURN(account.key, ReadPrivateKey(TextOf(object, "private_key")));
  const Clock* clock = options.clock;
  return std::make_shared<RequestedToken>(
      clock,
      [account = std::move(account), options = std::move(options)](const RequestContext& ctx,
                                                                   WallTime now) -> Result<AccessToken> {
        NL_ASSIGN_OR_RETURN(std::string assertion, Assertion(account, now));
        NL_ASSIGN_OR_RETURN(const std::string text,
                            AskForCredentials(ctx, account.token_endpoint,
                                              Form({{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                                    {"assertion", std::move(assertion)}}),
                                              TimeoutsOf(options)));
        return ReadToken(text, account.token_endpoint, now);
      });
}

std::shared_ptr<AccessTokenProvider> NewGcsInstanceRole(TokenRequestOptions options) {
  const Clock* clock = options.clock;
  return std::make_shared<RequestedToken>(
      clock, [options = std::move(options)](const RequestContext& ctx, WallTime now) -> Result<AccessToken> {
        std::string endpoint = options.token_endpoint;
        if (endpoint.empty()) {
          const std::string host = Environment("GCE_METADATA_HOST");
          endpoint = "http://" + (host.empty() ? "metadata.google.internal" : host);
        }
        NL_ASSIGN_OR_RETURN(
            const std::string text,
            AskForCredentials(ctx, endpoint + "/computeMetadata/v1/instance/service-accounts/default/token",
                              {.headers = {{"Metadata-Flavor", "Google"}}}, TimeoutsOf(options)));
        return ReadToken(text, endpoint, now);
      });
}

Result<std::shared_ptr<AccessTokenProvider>> NewDefaultGcsCredentials(TokenRequestOptions options) {
  const std::string file = Environment("GOOGLE_APPLICATION_CREDENTIALS");
  if (file.empty()) return NewGcsInstanceRole(std::move(options));
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return MakeError(ErrorCode::kUnauthenticated, "no credentials: GOOGLE_APPLICATION_CREDENTIALS cannot be read: {}",
                     file);
  }
  return NewGcsServiceAccount(std::string(std::istreambuf_iterator<char>(stream), {}), std::move(options));
}

std::shared_ptr<AccessTokenProvider> NewAzureServicePrincipal(AzureServicePrincipal principal,
                                                              TokenRequestOptions options) {
  const Clock* clock = options.clock;
  return std::make_shared<RequestedToken>(
      clock,
      [principal = std::move(principal), options = std::move(options)](const RequestContext& ctx,
                                                                       WallTime now) -> Result<AccessToken> {
        const std::string endpoint = options.token_endpoint.empty() ? std::string(kAzureLogin) : options.token_endpoint;
        NL_ASSIGN_OR_RETURN(
            const std::string text,
            AskForCredentials(ctx, endpoint + "/" + net::PercentEncode(principal.tenant_id) + "/oauth2/v2.0/token",
                              Form({{"grant_type", "client_credentials"},
                                    {"client_id", principal.client_id},
                                    {"client_secret", principal.client_secret},
                                    {"scope", std::string(kAzureScope)}}),
                              TimeoutsOf(options)));
        return ReadToken(text, endpoint, now);
      });
}

std::shared_ptr<AccessTokenProvider> NewAzureManagedIdentity(std::string client_id, TokenRequestOptions options) {
  const Clock* clock = options.clock;
  return std::make_shared<RequestedToken>(
      clock,
      [client_id = std::move(client_id), options = std::move(options)](const RequestContext& ctx,
                                                                       WallTime now) -> Result<AccessToken> {
        // The variable that Azure's own libraries take for it.
        std::string endpoint = options.token_endpoint;
        if (endpoint.empty()) endpoint = Environment("AZURE_POD_IDENTITY_AUTHORITY_HOST");
        while (endpoint.ends_with('/')) endpoint.pop_back();
        if (endpoint.empty()) endpoint = std::string(kInstanceEndpoint);
        std::string url = endpoint + "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=" +
                          net::PercentEncode("https://storage.azure.com/");
        if (!client_id.empty()) url += "&client_id=" + net::PercentEncode(client_id);
        NL_ASSIGN_OR_RETURN(const std::string text,
                            AskForCredentials(ctx, url, {.headers = {{"Metadata", "true"}}}, TimeoutsOf(options)));
        return ReadToken(text, endpoint, now);
      });
}

}  // namespace neurolake::storage
