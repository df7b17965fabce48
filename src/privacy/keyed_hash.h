#pragma once
#include <sodium.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "privacy/secret_key.h"

namespace neurolake::privacy {

/// A pseudo-random function of bytes under a key: without the key nobody can hash a guess. 32 bytes.
/// Truncated to b bits, the chance that any two of n different values collide is below n² / 2^(b+1): for a thousand
/// million values below 2^-37 at 96 bits, 2^-69 at 128, 2^-197 at 256.
/// Thread-safe; the key is scheduled once, and each call works on a copy.
class KeyedHash {
 public:
  enum class Algorithm : uint8_t {
    kHmacSha256,  ///< RFC 2104 and FIPS 198-1 with SHA-256: what other systems can compute as well.
    kBlake2b,     ///< RFC 7693, keyed, 32 bytes.
  };
  static constexpr size_t kBytes = 32;
  using Digest = std::array<uint8_t, kBytes>;

  KeyedHash(Algorithm algorithm, const SecretKey& key);
  ~KeyedHash();
  KeyedHash(const KeyedHash&) = delete;
  KeyedHash& operator=(const KeyedHash&) = delete;

  Digest Of(std::string_view value) const;

 private:
  const Algorithm algorithm_;
  crypto_auth_hmacsha256_state hmac_{};
  crypto_generichash_blake2b_state blake_{};
};

}  // namespace neurolake::privacy
