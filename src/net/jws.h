#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"
#include "net/jwk.h"

namespace neurolake::net {

/// A JSON Web Signature in compact form, taken apart. Nothing of it is to be believed before CheckSignature.
/// Source: RFC 7515, RFC 8725.
struct ParsedJws {
  std::string algorithm;
  std::optional<std::string> key_id;
  std::string type;  ///< `typ`, in lower case, without "application/".
  std::string payload;
  std::string signed_text;
  std::string signature;
};

inline constexpr size_t kTokenBytesMax = 16 * 1024;

/// `jku`, `x5u`, `jwk` and the like are not looked at: keys come from the provider alone. Errors: kUnauthenticated
/// saying what is wrong, never what was sent: larger than kTokenBytesMax, not three parts of canonical base64url, a
/// header that is not strict JSON, `alg` none or missing, `crit` (we understand no extension), `b64`, `zip`, `enc`.
Result<ParsedJws> ParseJws(std::string_view text);

/// Errors: kUnauthenticated for an algorithm that is not in `algorithms`, a key that the set does not have (or has
/// twice), one that is not for the algorithm, and a signature that is not the key's.
Result<void> CheckSignature(const ParsedJws& jws, const KeySet& keys, std::span<const std::string> algorithms);

}  // namespace neurolake::net
