#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::privacy {

/// A symmetric key of 256 bits, wiped from memory when it goes. Copying is spelled out, so that it is not done
/// unawares.
class SecretKey {
 public:
  static constexpr size_t kBytes = 32;

  /// From the system's generator.
  static SecretKey Random();
  /// Errors: kInvalidArgument unless `bytes` are kBytes many; the bytes are not repeated.
  static Result<SecretKey> FromBytes(std::string_view bytes);

  ~SecretKey();
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&& other) noexcept;
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  SecretKey Copy() const;

  std::span<const uint8_t, kBytes> bytes() const { return bytes_; }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes}; }

  /// A key for one use of this one. Whoever learns it learns nothing of this key or of the other uses.
  /// Source: RFC 5869, HKDF with SHA-256, without salt; info is `purpose`, a zero byte and `context`.
  SecretKey Derive(std::string_view purpose, std::string_view context) const;

 private:
  SecretKey() = default;
  std::array<uint8_t, kBytes> bytes_{};
};

/// HKDF with SHA-256. Source: RFC 5869. Fills `out`, at most 8,160 bytes.
void HkdfSha256(std::string_view secret, std::string_view salt, std::string_view info, std::span<uint8_t> out);

}  // namespace neurolake::privacy
