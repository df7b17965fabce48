#include "privacy/vault_transit.h"

#include <openssl/crypto.h>
#include <sodium.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <fstream>

#include "common/check.h"
#include "common/text.h"

namespace neurolake::privacy {
namespace {

namespace json = boost::json;

constexpr size_t kAnswerBytesMax = 1 << 20;
constexpr size_t kTokenBytesMax = 1 << 14;

std::string Base64(std::string_view bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.resize(text.find('\0'));
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                        &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

void Wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

/// "vault:v3:…": 3. nullopt for what is no ciphertext of transit.
std::optional<int64_t> VersionOf(std::string_view ciphertext) {
  constexpr std::string_view kPrefix = "vault:v";
  if (!ciphertext.starts_with(kPrefix)) return std::nullopt;
  int64_t version = 0;
  const char* begin = ciphertext.data() + kPrefix.size();
  const char* end = ciphertext.data() + ciphertext.size();
  const auto [at, problem] = std::from_chars(begin, end, version);
  if (problem != std::errc() || at == end || *at != ':' || version < 1) return std::nullopt;
  return version;
}

bool IsName(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && std::ranges::all_of(name, fits) && name != "." && name != "..";
}

Error ErrorOf(int status, std::string_view what) {
  const auto error = [&](ErrorCode code, std::string_view why) {
    return Error(code, fmt::format("the key service {}, HTTP {}, it was asked to {}", why, status, what));
  };
  switch (status) {
    case 400: return error(ErrorCode::kCorruption, "does not take what it was given");
    case 401:
    case 403: return error(ErrorCode::kPermissionDenied, "refuses the server's token");
    case 404: return error(ErrorCode::kNotFound, "has not such a key or transit engine");
    case 429:
    case 503: return error(ErrorCode::kUnavailable, "is sealed or busy");
    default:
      return error(status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInternal, "gave an answer that is not known");
  }
}

}  // namespace

/// Requests and answers.
class VaultTransit::Api {
 public:
  Api(VaultTransitOptions options, std::unique_ptr<net::HttpClient> client)
      : options_(std::move(options)), client_(std::move(client)) {}
  ~Api() { Wipe(options_.token); }

  /// The answer's "data". `verb` is what is below the mount; {key} in it is the transit key's name.
  Result<json::object> Ask(const RequestContext& ctx, std::string method, std::string_view what, std::string target,
                           const json::object* body) {
    net::HttpRequest request{.method = std::move(method),
                             .target = fmt::format("/v1/{}/{}", options_.mount, target),
                             .headers = {},
                             .body = body == nullptr ? "" : json::serialize(*body),
                             .body_source = {},
                             .body_source_bytes = 0,
                             .sent = nullptr};
    NL_ASSIGN_OR_RETURN(std::string token, Token());
    request.headers.emplace_back("X-Vault-Token", std::move(token));
    request.headers.emplace_back("X-Vault-Request", "true");
    if (!options_.name_space.empty()) request.headers.emplace_back("X-Vault-Namespace", options_.name_space);
    if (body != nullptr) request.headers.emplace_back("Content-Type", "application/json");
    NL_ASSIGN_OR_RETURN(const auto response, client_->Send(ctx, std::move(request)));
    NL_ASSIGN_OR_RETURN(std::string text, response->ReadAll(kAnswerBytesMax));
    if (response->status() == 204) return json::object();
    if (response->status() != 200) return std::unexpected(ErrorOf(response->status(), what));
    boost::system::error_code problem;
    json::value parsed = json::parse(text, problem);
    Wipe(text);
    auto* object = problem || !parsed.is_object() ? nullptr : &parsed.get_object();
    auto* data = object == nullptr ? nullptr : object->if_contains("data");
    if (data == nullptr || !data->is_object()) {
      if (object != nullptr && (data == nullptr || data->is_null())) return json::object();
      return MakeError(ErrorCode::kUnavailable, "the key service's answer cannot be read");
    }
    return std::move(data->get_object());
  }

  Result<std::string> AskText(const RequestContext& ctx, std::string_view what, std::string_view verb,
                              const json::object& body, std::string_view member) {
    NL_ASSIGN_OR_RETURN(const json::object data, Ask(ctx, "POST", what, PathOf(verb), &body));
    const auto* text = data.if_contains(member);
    if (text == nullptr || !text->is_string()) {
      return MakeError(ErrorCode::kUnavailable, "the key service's answer has no {}", member);
    }
    return std::string(text->get_string());
  }

  std::string PathOf(std::string_view verb) const { return fmt::format("{}/{}", verb, options_.key); }
  const std::string& key() const { return options_.key; }

 private:
  Result<std::string> Token() const {
    if (options_.token_file.empty()) return options_.token;
    std::ifstream file(options_.token_file);
    std::string text(kTokenBytesMax, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    std::string token(Trim(text));
    Wipe(text);
    if (!token.empty()) return token;
    return MakeError(ErrorCode::kUnavailable, "the file of the key service's token cannot be read or is empty: {}",
                     options_.token_file);
  }

  VaultTransitOptions options_;
  std::unique_ptr<net::HttpClient> client_;
};

VaultTransit::VaultTransit(std::unique_ptr<Api> api) : api_(std::move(api)) {}
VaultTransit::~VaultTransit() = default;

Result<std::unique_ptr<VaultTransit>> VaultTransit::Make(VaultTransitOptions options) {
  const auto refuse = [](std::string_view what) {
    return MakeError(ErrorCode::kInvalidArgument, "the key service vault needs {}", what);
  };
  NL_ASSIGN_OR_RETURN(const net::Url url, net::ParseUrl(options.address));
  if (!url.tls && !options.allow_plain_http) {
    return refuse("an address with https: keys and its token travel there (keys.vault.plain_http allows http)");
  }
  if (!IsName(options.key)) return refuse("the name of a transit key, of letters, digits, '-', '_' and '.'");
  for (const std::string& part : Split(options.mount, '/')) {
    if (!IsName(part)) return refuse("the path of a transit engine, such as transit");
  }
  if (options.token.empty() == options.token_file.empty()) return refuse("a token, or the file of one, not both");
  NL_ASSIGN_OR_RETURN(auto client,
                      net::HttpClient::Make(url, {.connect_timeout = std::chrono::seconds(5),
                                                  .idle_timeout = std::chrono::seconds(15),
                                                  .certificate_authority_file = options.certificate_authority_file,
                                                  .idle_connections_max = 2}));
  return std::unique_ptr<VaultTransit>(new VaultTransit(std::make_unique<Api>(std::move(options), std::move(client))));
}

Result<WrappedKey> VaultTransit::Wrap(const RequestContext& ctx, const SecretKey& key, std::string_view about) {
  const json::object body{{"plaintext", Base64(key.view())}, {"associated_data", Base64(about)}};
  NL_ASSIGN_OR_RETURN(std::string text, api_->AskText(ctx, "wrap a data key", "encrypt", body, "ciphertext"));
  const auto version = VersionOf(text);
  if (!version) return MakeError(ErrorCode::kUnavailable, "the key service's ciphertext has no version");
  return WrappedKey{name(), fmt::format("{}:v{}", api_->key(), *version), std::move(text)};
}

Result<SecretKey> VaultTransit::Unwrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) {
  if (!VersionOf(wrapped.text)) {
    return MakeError(ErrorCode::kCorruption, "a data key is not what the key service vault gave");
  }
  const json::object body{{"ciphertext", wrapped.text}, {"associated_data", Base64(about)}};
  NL_ASSIGN_OR_RETURN(std::string text, api_->AskText(ctx, "unwrap a data key", "decrypt", body, "plaintext"));
  auto bytes = FromBase64(text);
  Wipe(text);
  if (!bytes) return MakeError(ErrorCode::kUnavailable, "the key service's answer cannot be read");
  auto key = SecretKey::FromBytes(*bytes);
  Wipe(*bytes);
  if (!key) return MakeError(ErrorCode::kCorruption, "what the key service unwrapped is no data key");
  return key;
}

Result<int64_t> VaultTransit::NewestVersion(const RequestContext& ctx) {
  NL_ASSIGN_OR_RETURN(const json::object data,
                      api_->Ask(ctx, "GET", "tell a key's versions", api_->PathOf("keys"), nullptr));
  const auto* newest = data.if_contains("latest_version");
  if (newest == nullptr || !newest->is_int64()) {
    return MakeError(ErrorCode::kUnavailable, "the key service's answer has no latest_version");
  }
  return newest->get_int64();
}

// The service's own rewrap takes no associated data in all versions in use, so the key is opened and wrapped again.
Result<WrappedKey> VaultTransit::Rewrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) {
  NL_ASSIGN_OR_RETURN(const int64_t newest, NewestVersion(ctx));
  if (VersionOf(wrapped.text) == newest) return wrapped;
  NL_ASSIGN_OR_RETURN(const SecretKey key, Unwrap(ctx, wrapped, about));
  return Wrap(ctx, key, about);
}

Result<void> VaultTransit::Rotate(const RequestContext& ctx) {
  const json::object body;
  auto done = api_->Ask(ctx, "POST", "rotate its key", api_->PathOf("keys") + "/rotate", &body);
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<void> VaultTransit::Retire(const RequestContext& ctx) {
  NL_ASSIGN_OR_RETURN(const int64_t newest, NewestVersion(ctx));
  const json::object body{{"min_decryption_version", newest}};
  auto done = api_->Ask(ctx, "POST", "give up older keys", api_->PathOf("keys") + "/config", &body);
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace neurolake::privacy
