#pragma once
#include <cstdint>
#include <string>

#include "common/result.h"
#include "privacy/secret_key.h"

namespace neurolake::privacy {

/// Encrypts the pieces of one thing that is kept outside of memory, under a key of its own that is made with this
/// object and goes with it: nothing else can read them. XChaCha20-Poly1305, the place of a piece as its nonce, so that
/// a piece opens at its own place alone. Thread-safe.
class PieceCipher {
 public:
  static constexpr size_t kOverheadBytes = 16;

  PieceCipher();

  /// In the text's place; it grows by kOverheadBytes. Each place once: two pieces at one place would show what they
  /// differ by.
  void Seal(uint64_t place, std::string& piece) const;
  /// Errors: kCorruption where it is not, bit for bit, what was sealed at `place`; `piece` is then unusable.
  Result<void> Open(uint64_t place, std::string& piece) const;

 private:
  SecretKey key_;
};

}  // namespace neurolake::privacy
