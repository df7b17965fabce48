#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::storage {

/// Encrypts secrets that are kept elsewhere (AES-256-GCM by OpenSSL), under keys of 32 random bytes. The first key is
/// the one new secrets are sealed with; the others open older ones until they are sealed anew.
/// Source: docs/object-storage.md, "Where secrets are kept".
class SecretBox {
 public:
  static constexpr size_t kKeyBytes = 32;

  /// `text`: keys as 64 hexadecimal digits each, separated by commas or white space. Errors: kInvalidArgument without a
  /// key or for one that is none; the text is not repeated.
  static Result<SecretBox> FromText(std::string_view text);
  /// Reads the keys of `path`, which must be a file of this user's that nobody else may read (0600).
  /// Errors: kNotFound; kPermissionDenied for a file that others may read, or a link; as FromText.
  static Result<SecretBox> FromFile(const std::string& path);
  /// 64 hexadecimal digits.
  static std::string NewKey();
  /// Writes the keys to `path` so that it is whole or as before, 0600, durable.
  static Result<void> WriteFile(const std::string& path, const std::vector<std::string>& keys);

  ~SecretBox();
  SecretBox(SecretBox&&) = default;
  SecretBox& operator=(SecretBox&&) = default;
  SecretBox(const SecretBox&) = delete;
  SecretBox& operator=(const SecretBox&) = delete;

  /// Id of the key that Seal uses: the first 16 digits of its SHA-256.
  const std::string& key_id() const { return keys_.front().id; }
  /// The keys as texts, the first one first; for rotation.
  std::vector<std::string> KeyTexts() const;

  /// Base64 of nonce, ciphertext and tag. `about` is not in it but has to be the same to open it: what the secret
  /// belongs to.
  Result<std::string> Seal(std::string_view secret, std::string_view about) const;
  /// Errors: kNotFound where none of the keys has `key_id`; kCorruption where the text, or what it is about, is not
  /// what was sealed.
  Result<std::string> Open(std::string_view sealed, std::string_view about, std::string_view key_id) const;

 private:
  struct Key {
    std::string id;
    std::array<uint8_t, kKeyBytes> bytes{};
  };
  SecretBox() = default;
  std::vector<Key> keys_;
};

}  // namespace neurolake::storage
