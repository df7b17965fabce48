#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::audit {

/// Who signs, as others know it: "<name>+<key id, 8 hexadecimal digits>+<base64(0x01 || Ed25519 public key)>".
/// Source: C2SP signed-note, "Verifier keys".
class VerifierKey {
 public:
  /// Errors: kInvalidArgument for another algorithm, an id that is not the key's, a name with blanks or '+'.
  static Result<VerifierKey> FromText(std::string_view text);
  const std::string& name() const { return name_; }
  std::string ToText() const;
  /// The first four bytes of SHA-256(name || 0x0A || 0x01 || public key).
  const std::string& key_id() const { return key_id_; }
  bool Verifies(std::string_view text, std::string_view signature) const;

 private:
  friend class SigningKey;
  VerifierKey(std::string name, std::string public_key);
  std::string name_;
  std::string public_key_;
  std::string key_id_;
};

/// An Ed25519 key (libsodium) that signs notes. Wiped from memory with the object. Thread-safe.
class SigningKey {
 public:
  /// Errors: kInvalidArgument for a name that no signature line can have.
  static Result<SigningKey> Make(std::string_view name);
  /// "PRIVATE+KEY+<name>+<key id>+<base64(0x01 || seed)>", as Go's sumdb/note writes it. The text is not repeated in
  /// errors.
  static Result<SigningKey> FromText(std::string_view text);
  std::string ToText() const;

  ~SigningKey();
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&&) = delete;
  SigningKey(const SigningKey&) = delete;

  const VerifierKey& verifier() const { return verifier_; }
  /// `text`, a blank line and the signature's line. `text` ends in a line feed and has no other control characters.
  std::string Sign(std::string_view text) const;

 private:
  static constexpr size_t kSecretBytes = 64;
  static Result<SigningKey> FromSeed(std::string_view name, const uint8_t* seed);
  SigningKey(VerifierKey verifier, const std::array<uint8_t, kSecretBytes>& secret)
      : verifier_(std::move(verifier)), secret_(secret) {}
  VerifierKey verifier_;
  std::array<uint8_t, kSecretBytes> secret_;
};

/// The text of a note that `key` signed, up to and with its last line feed. Signatures of others are left aside.
/// Errors: kCorruption for what is no signed note, has no signature of `key`, or one that is wrong.
Result<std::string> OpenNote(std::string_view note, const VerifierKey& key);

/// An em dash and a blank begin a line with a signature.
inline constexpr std::string_view kSignatureMark = "\xE2\x80\x94 ";

/// Whether a key may be called so: not empty, printable ASCII without blanks and '+'.
bool IsKeyName(std::string_view name);

}  // namespace neurolake::audit
