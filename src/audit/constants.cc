#include "audit/constants.h"

#include <openssl/sha.h>
#include <sodium.h>

#include "audit/log_files.h"
#include "audit/merkle.h"
#include "common/check.h"

namespace neurolake::audit {
namespace {

constexpr size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kIdDigits = 16;

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }
uint8_t* Bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

class OneKeySealer final : public ConstantSealer {
 public:
  explicit OneKeySealer(const std::array<uint8_t, kKeyBytes>& key) : key_(key) {
    Hash digest;
    SHA256(key_.data(), key_.size(), digest.data());
    id_ = ToHex(digest).substr(0, kIdDigits);
  }
  ~OneKeySealer() override { sodium_memzero(key_.data(), key_.size()); }

  Result<std::string> Seal(std::string_view constants, std::string_view statement) const override {
    std::string out(kNonceBytes + constants.size() + kTagBytes, '\0');
    randombytes_buf(out.data(), kNonceBytes);
    crypto_aead_xchacha20poly1305_ietf_encrypt(Bytes(out) + kNonceBytes, nullptr, Bytes(constants), constants.size(),
                                               Bytes(statement), statement.size(), nullptr, Bytes(out), key_.data());
    return id_ + ":" + ToBase64(out);
  }

  Result<std::string> Open(std::string_view sealed, std::string_view statement) const override {
    if (!sealed.starts_with(id_ + ":")) {
      return MakeError(ErrorCode::kNotFound, "the key that a statement's constants were encrypted with is not there");
    }
    const auto bytes = FromBase64(sealed.substr(id_.size() + 1));
    const auto damaged = [] {
      return MakeError(ErrorCode::kCorruption, "a statement's constants are not those that were encrypted for it");
    };
    if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return damaged();
    std::string out(bytes->size() - kNonceBytes - kTagBytes, '\0');
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(Bytes(out), nullptr, nullptr, Bytes(*bytes) + kNonceBytes,
                                                   bytes->size() - kNonceBytes, Bytes(statement), statement.size(),
                                                   Bytes(*bytes), key_.data()) != 0) {
      return damaged();
    }
    return out;
  }

 private:
  std::array<uint8_t, kKeyBytes> key_;
  std::string id_;
};

}  // namespace

Result<std::unique_ptr<ConstantSealer>> OpenConstantSealer(const std::string& path) {
  NL_CHECK(sodium_init() >= 0);
  auto text = ReadSecretFile(path);
  if (!text && text.error().code() == ErrorCode::kNotFound) {
    Hash fresh;
    randombytes_buf(fresh.data(), fresh.size());
    NL_RETURN_IF_ERROR(CreateFile(path, ToHex(fresh) + "\n"));
    sodium_memzero(fresh.data(), fresh.size());
    text = ReadSecretFile(path);
  }
  if (!text) return std::unexpected(std::move(text).error());
  std::array<uint8_t, kKeyBytes> key;
  size_t size = 0;
  const char* end = nullptr;
  const bool read = sodium_hex2bin(key.data(), key.size(), text->data(), text->size(), nullptr, &size, &end) == 0 &&
                    size == kKeyBytes;
  const bool whole =
      read && std::string_view(end, text->data() + text->size()).find_first_not_of(" \r\n") == std::string_view::npos;
  sodium_memzero(text->data(), text->size());
  if (!whole) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the key that the audit log encrypts constants with has to be 64 hexadecimal digits: {}", path);
  }
  std::unique_ptr<ConstantSealer> sealer = std::make_unique<OneKeySealer>(key);
  sodium_memzero(key.data(), key.size());
  return sealer;
}

}  // namespace neurolake::audit
