#include "net/jws.h"

#include <algorithm>

#include "common/text.h"
#include "net/base64url.h"
#include "net/strict_json.h"

namespace neurolake::net {
namespace {

std::unexpected<Error> Refused(std::string_view why) {
  return MakeError(ErrorCode::kUnauthenticated, "the token is not valid: {}", why);
}

Result<void> ReadHeader(std::string_view text, ParsedJws& jws) {
  const auto header = ParseStrictObject(text, "its header", 4);
  if (!header) return Refused(header.error().message());
  for (const char* member : {"crit", "b64", "zip", "enc"}) {
    if (header->contains(member)) return Refused(fmt::format("its header has {}", member));
  }
  jws.algorithm = TextMember(*header, "alg");
  if (jws.algorithm.empty()) return Refused("its header has no alg");
  if (EqualsIgnoringCase(jws.algorithm, "none")) return Refused("it is not signed");
  if (const auto* id = header->if_contains("kid")) {
    if (!id->is_string()) return Refused("its kid is no text");
    jws.key_id = std::string(id->get_string());
  }
  if (header->contains("typ") && TextMember(*header, "typ").empty()) return Refused("its typ is no text");
  jws.type = LowerAscii(TextMember(*header, "typ"));
  constexpr std::string_view kMedia = "application/";
  if (jws.type.starts_with(kMedia)) jws.type.erase(0, kMedia.size());
  return {};
}

}  // namespace

Result<ParsedJws> ParseJws(std::string_view text) {
  if (text.size() > kTokenBytesMax) return Refused("it is too large");
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
    return Refused("it does not have three parts");
  }
  const auto header = DecodeBase64Url(text.substr(0, first));
  auto payload = DecodeBase64Url(text.substr(first + 1, second - first - 1));
  auto signature = DecodeBase64Url(text.substr(second + 1));
  if (!header || !payload || !signature) return Refused("its parts are not base64url");
  ParsedJws jws;
  NL_RETURN_IF_ERROR(ReadHeader(*header, jws));
  if (signature->empty()) return Refused("it is not signed");
  jws.payload = std::move(*payload);
  jws.signature = std::move(*signature);
  jws.signed_text = text.substr(0, second);
  return jws;
}

Result<void> CheckSignature(const ParsedJws& jws, const KeySet& keys, std::span<const std::string> algorithms) {
  if (std::ranges::find(algorithms, jws.algorithm) == algorithms.end()) {
    return Refused("its algorithm is not allowed");
  }
  const PublicKey* key = keys.Find(jws.algorithm, jws.key_id);
  if (key == nullptr) return Refused("no key of the provider is the one it names");
  if (!key->Verify(jws.algorithm, jws.signed_text, jws.signature)) return Refused("its signature is wrong");
  return {};
}

}  // namespace neurolake::net
