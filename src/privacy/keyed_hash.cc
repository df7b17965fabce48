#include "privacy/keyed_hash.h"

namespace neurolake::privacy {
namespace {

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

}  // namespace

KeyedHash::KeyedHash(Algorithm algorithm, const SecretKey& key) : algorithm_(algorithm) {
  switch (algorithm_) {
    case Algorithm::kHmacSha256: crypto_auth_hmacsha256_init(&hmac_, key.bytes().data(), SecretKey::kBytes); return;
    case Algorithm::kBlake2b:
      NL_CHECK(crypto_generichash_blake2b_init(&blake_, key.bytes().data(), SecretKey::kBytes, kBytes) == 0);
      return;
  }
  NL_UNREACHABLE();
}

KeyedHash::~KeyedHash() {
  sodium_memzero(&hmac_, sizeof(hmac_));
  sodium_memzero(&blake_, sizeof(blake_));
}

KeyedHash::Digest KeyedHash::Of(std::string_view value) const {
  Digest digest;
  switch (algorithm_) {
    case Algorithm::kHmacSha256: {
      crypto_auth_hmacsha256_state state = hmac_;
      crypto_auth_hmacsha256_update(&state, Bytes(value), value.size());
      crypto_auth_hmacsha256_final(&state, digest.data());
      return digest;
    }
    case Algorithm::kBlake2b: {
      crypto_generichash_blake2b_state state = blake_;
      crypto_generichash_blake2b_update(&state, Bytes(value), value.size());
      crypto_generichash_blake2b_final(&state, digest.data(), digest.size());
      return digest;
    }
  }
  NL_UNREACHABLE();
}

}  // namespace neurolake::privacy
