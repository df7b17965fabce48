#pragma once
#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "net/jwk.h"

namespace neurolake::net {

/// What a JSON Web Token must be. Nothing has a default that lets one through.
struct JwtExpectation {
  std::string issuer;                   ///< Byte for byte.
  std::string audience;                 ///< One of the token's.
  std::vector<std::string> algorithms;  ///< "RS256" …; never "none", never HMAC.
  /// `nonce` of an ID token; nullopt for an access token, which must not have one: an ID token says who logged in at a
  /// client, and is no key to anything.
  std::optional<std::string> nonce = std::nullopt;
  std::chrono::seconds clock_skew{60};
};

struct JwtClaims {
  std::string issuer;
  std::string subject;
  WallTime expires;
  boost::json::object all;
};

/// Source: RFC 7519, RFC 8725, OpenID Connect Core 3.1.3.7. Errors: kUnauthenticated saying which rule the token
/// breaks, for the operator's log; who sent it is told nothing but that it is not valid. Required: `iss`, `sub` (up to
/// 255 characters of ASCII), `aud`, `exp`. `nbf` and `iat` are held against the clock where they are there; `azp` must
/// be the audience where an ID token has several.
Result<JwtClaims> CheckJwt(std::string_view text, const KeySet& keys, const JwtExpectation& expectation, WallTime now);

/// Texts below the dotted path ("realm_access.roles"; a member whose whole name is the path comes first): of an array
/// its texts, of a text itself, else none.
std::vector<std::string> ClaimTexts(const boost::json::object& claims, std::string_view path);

}  // namespace neurolake::net
