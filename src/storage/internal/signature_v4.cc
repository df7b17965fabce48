#include "storage/internal/signature_v4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "common/check.h"
#include "common/text.h"
#include "net/url.h"

namespace neurolake::storage::internal {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Names in lower case, values trimmed with runs of spaces made one; one entry per name.
Pairs CanonicalHeaders(const Pairs& headers) {
  Pairs canonical;
  for (const auto& [name, value] : headers) {
    std::string text;
    for (const char c : Trim(value)) {
      if (c != ' ' || !text.ends_with(' ')) text += c;
    }
    canonical.emplace_back(LowerAscii(name), std::move(text));
  }
  std::ranges::stable_sort(canonical, {}, &Pairs::value_type::first);
  Pairs merged;
  for (auto& header : canonical) {
    if (!merged.empty() && merged.back().first == header.first) {
      merged.back().second += "," + header.second;
    } else {
      merged.push_back(std::move(header));
    }
  }
  return merged;
}

std::string SignedHeaders(const Pairs& canonical) {
  std::string names;
  for (const auto& header : canonical) names += (names.empty() ? "" : ";") + header.first;
  return names;
}

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  NL_CHECK(made != nullptr);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

std::string AmzDate(WallTime at) {
  const std::string text = FormatTimestamp(at);  // 2013-05-24T00:00:00.000000Z
  return fmt::format("{}{}{}T{}{}{}Z", text.substr(0, 4), text.substr(5, 2), text.substr(8, 2), text.substr(11, 2),
                     text.substr(14, 2), text.substr(17, 2));
}

std::string EncodeKey(std::string_view key) {
  std::string path;
  while (true) {
    const size_t slash = key.find('/');
    path += net::PercentEncode(key.substr(0, slash));
    if (slash == std::string_view::npos) return path;
    path += '/';
    key.remove_prefix(slash + 1);
  }
}

std::string EncodeQuery(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(net::PercentEncode(name), net::PercentEncode(value));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

std::string CanonicalRequest(const SignedRequest& request) {
  const Pairs headers = CanonicalHeaders(request.headers);
  std::string text =
      request.method + "\n" + (request.path.empty() ? "/" : request.path) + "\n" + EncodeQuery(request.query) + "\n";
  for (const auto& [name, value] : headers) text += name + ":" + value + "\n";
  return text + "\n" + SignedHeaders(headers) + "\n" + request.payload_sha256;
}

std::string SignV4(const S3Credentials& credentials, const SigningScope& scope, const SignedRequest& request) {
  const std::string time = AmzDate(scope.at);
  const std::string day = time.substr(0, 8);
  const std::string where = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, where, Sha256Hex(CanonicalRequest(request)));
  std::string key = HmacSha256("AWS4" + credentials.secret_access_key, day);
  key = HmacSha256(key, scope.region);
  key = HmacSha256(key, scope.service);
  key = HmacSha256(key, "aws4_request");
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm, credentials.access_key_id,
                     where, SignedHeaders(CanonicalHeaders(request.headers)), Hex(HmacSha256(key, to_sign)));
}

}  // namespace neurolake::storage::internal
