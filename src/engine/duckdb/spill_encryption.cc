#include "engine/duckdb/internal/spill_encryption.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <limits>
#include <memory>

#include "duckdb/common/exception.hpp"

namespace neurolake::engine::duckdb {
namespace {

using native::const_data_ptr_t;
using native::data_ptr_t;
using native::EncryptionNonce;
using native::EncryptionTypes;
using native::idx_t;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

// OpenSSL counts bytes in int. A multiple of the block size, so that pieces join without a rest.
constexpr idx_t kPieceBytesMax = idx_t{1} << 30;

/// Looked up once in the library: that costs as much as a small block.
const EVP_CIPHER* Cipher(EncryptionTypes::CipherType kind, idx_t key_bytes) {
  static const EVP_CIPHER* const gcm[] = {EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr),
                                          EVP_CIPHER_fetch(nullptr, "AES-192-GCM", nullptr),
                                          EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
  static const EVP_CIPHER* const ctr[] = {EVP_CIPHER_fetch(nullptr, "AES-128-CTR", nullptr),
                                          EVP_CIPHER_fetch(nullptr, "AES-192-CTR", nullptr),
                                          EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr)};
  const bool known_length = key_bytes == 16 || key_bytes == 24 || key_bytes == 32;
  const EVP_CIPHER* cipher = nullptr;
  if (known_length && kind == EncryptionTypes::GCM) cipher = gcm[key_bytes / 8 - 2];
  if (known_length && kind == EncryptionTypes::CTR) cipher = ctr[key_bytes / 8 - 2];
  if (cipher == nullptr) throw native::InvalidInputException("no such cipher: only AES-GCM and AES-CTR are there");
  return cipher;
}

class OpenSslState final : public native::EncryptionState {
 public:
  explicit OpenSslState(native::unique_ptr<native::EncryptionStateMetadata> metadata)
      : EncryptionState(std::move(metadata)), context_(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free) {
    if (context_ == nullptr) throw native::OutOfMemoryException("no memory for a cipher");
  }

  void InitializeEncryption(EncryptionNonce& nonce, const_data_ptr_t key, const_data_ptr_t aad,
                            idx_t aad_len) override {
    Initialize(nonce, key, aad, aad_len, true);
  }

  void InitializeDecryption(EncryptionNonce& nonce, const_data_ptr_t key, const_data_ptr_t aad,
                            idx_t aad_len) override {
    Initialize(nonce, key, aad, aad_len, false);
  }

  size_t Process(const_data_ptr_t in, idx_t in_len, data_ptr_t out, idx_t out_len) override {
    Check(in_len <= out_len);
    for (idx_t done = 0; done < in_len;) {
      const auto piece = static_cast<int>(std::min(in_len - done, kPieceBytesMax));
      int written = 0;
      Check(EVP_CipherUpdate(context_.get(), out + done, &written, in + done, piece) == 1 && written == piece);
      done += static_cast<idx_t>(piece);
    }
    return in_len;
  }

  size_t Finalize(data_ptr_t, idx_t, data_ptr_t tag, idx_t tag_len) override {
    const bool tagged = GetCipher() == EncryptionTypes::GCM;
    // Neither mode pads, so that nothing is written here.
    data_t rest[EVP_MAX_BLOCK_LENGTH];
    int written = 0;
    const int tag_bytes = static_cast<int>(tag_len);
    if (tagged && !encrypts_) Check(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag) == 1);
    Check(EVP_CipherFinal_ex(context_.get(), rest, &written) == 1);
    if (tagged && encrypts_) Check(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag) == 1);
    return 0;
  }

  void GenerateRandomData(data_ptr_t data, idx_t len) override {
    Check(len <= std::numeric_limits<int>::max() && RAND_bytes(data, static_cast<int>(len)) == 1);
  }

 private:
  using data_t = native::data_t;

  void Initialize(EncryptionNonce& nonce, const_data_ptr_t key, const_data_ptr_t aad, idx_t aad_len, bool encrypts) {
    encrypts_ = encrypts;
    const EVP_CIPHER* cipher = Cipher(GetCipher(), metadata->GetKeyLen());
    Check(EVP_CipherInit_ex(context_.get(), cipher, nullptr, nullptr, nullptr, encrypts ? 1 : 0) == 1);
    if (GetCipher() == EncryptionTypes::GCM) {
      const int nonce_bytes = static_cast<int>(nonce.total_size());
      Check(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_IVLEN, nonce_bytes, nullptr) == 1);
    } else {
      Check(nonce.total_size() == static_cast<idx_t>(EVP_CIPHER_get_iv_length(cipher)));
    }
    Check(EVP_CipherInit_ex(context_.get(), nullptr, nullptr, key, nonce.data(), encrypts ? 1 : 0) == 1);
    if (aad_len == 0) return;
    int taken = 0;
    Check(aad_len <= kPieceBytesMax &&
          EVP_CipherUpdate(context_.get(), nullptr, &taken, aad, static_cast<int>(aad_len)) == 1);
  }

  static void Check(bool worked) {
    if (!worked) throw native::IOException("encryption failed, or what was read is not what was written");
  }

  CipherContext context_;
  bool encrypts_ = true;
};

class OpenSslUtil final : public native::EncryptionUtil {
 public:
  native::shared_ptr<native::EncryptionState> CreateEncryptionState(
      native::unique_ptr<native::EncryptionStateMetadata> metadata) const override {
    return native::make_shared_ptr<OpenSslState>(std::move(metadata));
  }
  void OverrideEncryptionUtil() override {}
};

}  // namespace

native::shared_ptr<native::EncryptionUtil> NewEncryptionUtil() { return native::make_shared_ptr<OpenSslUtil>(); }

}  // namespace neurolake::engine::duckdb
