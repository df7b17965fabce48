#include "net/jwt.h"

#include <algorithm>
#include <cmath>

#include "net/jws.h"
#include "net/strict_json.h"

namespace neurolake::net {
namespace {

namespace json = boost::json;

constexpr size_t kSubjectBytesMax = 255;       // OpenID Connect Core, section 2.
constexpr int64_t kSecondsMax = 253402300799;  // The end of the year 9999.

std::unexpected<Error> Refused(std::string_view why) {
  return MakeError(ErrorCode::kUnauthenticated, "the token is not valid: {}", why);
}

/// A NumericDate. Errors: kUnauthenticated for what is no number, or no time.
Result<std::optional<WallTime>> TimeClaim(const json::object& claims, const char* name) {
  const json::value* claim = claims.if_contains(name);
  if (claim == nullptr) return std::nullopt;
  double seconds = -1;
  if (claim->is_int64()) seconds = static_cast<double>(claim->get_int64());
  if (claim->is_double()) seconds = claim->get_double();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > static_cast<double>(kSecondsMax)) {
    return Refused(fmt::format("its {} is no time", name));
  }
  return WallTime(std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6)));
}

Result<void> CheckTimes(const json::object& claims, const JwtExpectation& expectation, WallTime now, JwtClaims& out) {
  NL_ASSIGN_OR_RETURN(const auto expires, TimeClaim(claims, "exp"));
  NL_ASSIGN_OR_RETURN(const auto not_before, TimeClaim(claims, "nbf"));
  NL_ASSIGN_OR_RETURN(const auto issued, TimeClaim(claims, "iat"));
  if (!expires) return Refused("it has no exp");
  if (*expires + expectation.clock_skew <= now) return Refused("it has expired");
  if (not_before && *not_before - expectation.clock_skew > now) return Refused("it is not valid yet");
  if (issued && *issued - expectation.clock_skew > now) return Refused("it was issued in the future");
  out.expires = *expires;
  return {};
}

Result<void> CheckAudience(const json::object& claims, const JwtExpectation& expectation) {
  const json::value* claim = claims.if_contains("aud");
  if (claim == nullptr) return Refused("it has no aud");
  std::vector<std::string> audiences;
  if (claim->is_string()) audiences.emplace_back(claim->get_string());
  if (claim->is_array()) {
    for (const json::value& one : claim->get_array()) {
      if (!one.is_string()) return Refused("its aud is not a list of texts");
      audiences.emplace_back(one.get_string());
    }
  }
  if (expectation.audience.empty() || std::ranges::find(audiences, expectation.audience) == audiences.end()) {
    return Refused("it is for another audience");
  }
  if (!expectation.nonce) return {};
  // Of an ID token: whom it was made for, when others may read it, too.
  const bool has_party = claims.contains("azp");
  if (has_party ? TextMember(claims, "azp") != expectation.audience : audiences.size() > 1) {
    return Refused("it was made for another client");
  }
  return {};
}

Result<void> CheckNonce(const json::object& claims, const JwtExpectation& expectation) {
  if (expectation.nonce) {
    const bool same = !expectation.nonce->empty() && TextMember(claims, "nonce") == *expectation.nonce;
    return same ? Result<void>() : Refused("its nonce is not that of the login");
  }
  return claims.contains("nonce") ? Refused("it is an ID token") : Result<void>();
}

bool IsSubject(std::string_view text) {
  return !text.empty() && text.size() <= kSubjectBytesMax &&
         std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

Result<JwtClaims> CheckJwt(std::string_view text, const KeySet& keys, const JwtExpectation& expectation, WallTime now) {
  NL_ASSIGN_OR_RETURN(const ParsedJws jws, ParseJws(text));
  NL_RETURN_IF_ERROR(CheckSignature(jws, keys, expectation.algorithms));
  // "at+jwt": RFC 9068. A logout token or a security event is signed by the same key and is no access token.
  if (!jws.type.empty() && jws.type != "jwt" && (jws.type != "at+jwt" || expectation.nonce)) {
    return Refused("its typ is another kind of token's");
  }
  auto claims = ParseStrictObject(jws.payload, "its content");
  if (!claims) return Refused(claims.error().message());
  JwtClaims checked;
  checked.issuer = TextMember(*claims, "iss");
  if (expectation.issuer.empty() || checked.issuer != expectation.issuer) return Refused("it is of another issuer");
  NL_RETURN_IF_ERROR(CheckAudience(*claims, expectation));
  NL_RETURN_IF_ERROR(CheckTimes(*claims, expectation, now, checked));
  NL_RETURN_IF_ERROR(CheckNonce(*claims, expectation));
  checked.subject = TextMember(*claims, "sub");
  if (!IsSubject(checked.subject)) return Refused("it has no sub, or one that is no name");
  checked.all = std::move(*claims);
  return checked;
}

std::vector<std::string> ClaimTexts(const json::object& claims, std::string_view path) {
  const json::value* found = claims.if_contains(json::string_view(path.data(), path.size()));
  const json::object* object = &claims;
  while (found == nullptr) {
    const size_t dot = path.find('.');
    const std::string_view head = path.substr(0, dot);
    const json::value* member = object->if_contains(json::string_view(head.data(), head.size()));
    if (dot == std::string_view::npos || member == nullptr) {
      found = member;
      break;
    }
    if (!member->is_object()) break;
    object = &member->get_object();
    path.remove_prefix(dot + 1);
  }
  std::vector<std::string> texts;
  if (found == nullptr) return texts;
  if (found->is_string()) texts.emplace_back(found->get_string());
  if (found->is_array()) {
    for (const json::value& one : found->get_array()) {
      if (one.is_string()) texts.emplace_back(one.get_string());
    }
  }
  return texts;
}

}  // namespace neurolake::net
