#include "privacy/piece_cipher.h"

#include <sodium.h>

#include <array>

#include "common/check.h"

namespace neurolake::privacy {
namespace {

using Nonce = std::array<uint8_t, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES>;

static_assert(PieceCipher::kOverheadBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);

Nonce NonceOf(uint64_t place) {
  Nonce nonce{};
  for (size_t i = 0; i < sizeof place; ++i) nonce[i] = static_cast<uint8_t>(place >> (8 * i));
  return nonce;
}

uint8_t* Bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

}  // namespace

PieceCipher::PieceCipher() : key_(SecretKey::Random()) {}

void PieceCipher::Seal(uint64_t place, std::string& piece) const {
  const size_t size = piece.size();
  piece.resize(size + kOverheadBytes);
  const Nonce nonce = NonceOf(place);
  NL_CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(Bytes(piece), nullptr, Bytes(piece), size, nullptr, 0, nullptr,
                                                      nonce.data(), key_.bytes().data()) == 0);
}

Result<void> PieceCipher::Open(uint64_t place, std::string& piece) const {
  const Nonce nonce = NonceOf(place);
  if (piece.size() < kOverheadBytes ||
      crypto_aead_xchacha20poly1305_ietf_decrypt(Bytes(piece), nullptr, nullptr, Bytes(piece), piece.size(), nullptr, 0,
                                                 nonce.data(), key_.bytes().data()) != 0) {
    return MakeError(ErrorCode::kCorruption, "what is read is not what was written");
  }
  piece.resize(piece.size() - kOverheadBytes);
  return {};
}

}  // namespace neurolake::privacy
