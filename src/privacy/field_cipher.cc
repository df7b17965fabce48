#include "privacy/field_cipher.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "common/check.h"

namespace neurolake::privacy {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kSivBytes = 16;
constexpr size_t kSivKeyBytes = 64;
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
// In front of each value, within the encryption: an empty text is a value too, and AES-SIV of OpenSSL takes none.
constexpr char kValueMark = 1;

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }
uint8_t* Bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

std::unexpected<Error> NotACell() {
  return MakeError(ErrorCode::kCorruption, "an encrypted cell is damaged, or not of this column and key");
}

void PutNumber(std::string& out, uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}

uint64_t NumberAt(std::string_view text, size_t at, size_t bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes; ++i) number = number << 8 | static_cast<uint8_t>(text[at + i]);
  return number;
}

std::string EncodeHeader(const CellHeader& header) {
  std::string text;
  text += static_cast<char>(kFormat);
  text += static_cast<char>(header.mode);
  PutNumber(text, header.key_tag, 8);
  PutNumber(text, header.key_version, 4);
  return text;
}

/// Each part with its length in front, so that no two addresses give the same bytes.
void PutText(std::string& out, std::string_view text) {
  PutNumber(out, text.size(), 4);
  out += text;
}

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

/// Looked up once in the library: that costs more than a cell.
const EVP_CIPHER* SivCipher(size_t key_bytes) {
  static const EVP_CIPHER* const short_one = EVP_CIPHER_fetch(nullptr, "AES-128-SIV", nullptr);
  static const EVP_CIPHER* const middle_one = EVP_CIPHER_fetch(nullptr, "AES-192-SIV", nullptr);
  static const EVP_CIPHER* const long_one = EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr);
  const EVP_CIPHER* cipher = key_bytes == 32   ? short_one
                             : key_bytes == 48 ? middle_one
                             : key_bytes == 64 ? long_one
                                               : nullptr;
  NL_CHECK(cipher != nullptr);
  return cipher;
}

bool Authenticate(EVP_CIPHER_CTX* context, const std::vector<std::string_view>& associated_data) {
  return std::ranges::all_of(associated_data, [&](std::string_view piece) {
    int size = 0;
    NL_CHECK(!piece.empty());
    return EVP_CipherUpdate(context, nullptr, &size, Bytes(piece), static_cast<int>(piece.size())) == 1;
  });
}

}  // namespace

namespace internal {

Result<std::string> SealSiv(std::string_view key, const std::vector<std::string_view>& associated_data,
                            std::string_view value) {
  NL_CHECK(!value.empty());
  const EVP_CIPHER* cipher = SivCipher(key.size());
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string out(kSivBytes + value.size(), '\0');
  int size = 0;
  const bool sealed =
      context != nullptr && EVP_EncryptInit_ex2(context.get(), cipher, Bytes(key), nullptr, nullptr) == 1 &&
      Authenticate(context.get(), associated_data) &&
      EVP_EncryptUpdate(context.get(), Bytes(out) + kSivBytes, &size, Bytes(value), static_cast<int>(value.size())) ==
          1 &&
      EVP_EncryptFinal_ex(context.get(), Bytes(out) + kSivBytes + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kSivBytes, out.data()) == 1;
  if (!sealed) return MakeError(ErrorCode::kInternal, "a cell cannot be encrypted");
  return out;
}

Result<std::string> OpenSiv(std::string_view key, const std::vector<std::string_view>& associated_data,
                            std::string_view sealed) {
  if (sealed.size() <= kSivBytes) return NotACell();
  const EVP_CIPHER* cipher = SivCipher(key.size());
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string tag(sealed.substr(0, kSivBytes));
  const std::string_view text = sealed.substr(kSivBytes);
  std::string out(text.size(), '\0');
  int size = 0;
  const bool opened =
      context != nullptr && EVP_DecryptInit_ex2(context.get(), cipher, Bytes(key), nullptr, nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kSivBytes, tag.data()) == 1 &&
      Authenticate(context.get(), associated_data) &&
      EVP_DecryptUpdate(context.get(), Bytes(out), &size, Bytes(text), static_cast<int>(text.size())) == 1 &&
      EVP_DecryptFinal_ex(context.get(), Bytes(out) + size, &size) == 1;
  if (!opened) return NotACell();
  return out;
}

std::string SealXChaCha(const SecretKey& key, std::string_view nonce, std::string_view associated_data,
                        std::string_view value) {
  NL_CHECK(nonce.size() == kNonceBytes);
  std::string out(value.size() + kTagBytes, '\0');
  unsigned long long size = 0;
  NL_CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(Bytes(out), &size, Bytes(value), value.size(),
                                                      Bytes(associated_data), associated_data.size(), nullptr,
                                                      Bytes(nonce), key.bytes().data()) == 0);
  NL_CHECK(size == out.size());
  return out;
}

Result<std::string> OpenXChaCha(const SecretKey& key, std::string_view nonce, std::string_view associated_data,
                                std::string_view sealed) {
  if (nonce.size() != kNonceBytes || sealed.size() < kTagBytes) return NotACell();
  std::string out(sealed.size() - kTagBytes, '\0');
  unsigned long long size = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(Bytes(out), &size, nullptr, Bytes(sealed), sealed.size(),
                                                 Bytes(associated_data), associated_data.size(), Bytes(nonce),
                                                 key.bytes().data()) != 0) {
    return NotACell();
  }
  return out;
}

}  // namespace internal

struct FieldCipher::State {
  State(SecretKey key, CellHeader head, CellAddress where, std::string id)
      : randomized(std::move(key)), header(head), address(std::move(where)), key_id(std::move(id)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { sodium_memzero(deterministic.data(), deterministic.size()); }

  SecretKey randomized;
  // AES-256-SIV takes two keys: one for the synthetic IV, one for the text.
  std::array<uint8_t, kSivKeyBytes> deterministic{};
  CellHeader header;
  CellAddress address;
  std::string key_id;
};

uint64_t KeyTag(std::string_view key_id) {
  std::array<uint8_t, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), Bytes(key_id), key_id.size());
  return NumberAt({reinterpret_cast<const char*>(hash.data()), hash.size()}, 0, 8);
}

Result<CellHeader> ReadCellHeader(std::string_view cell) {
  if (cell.size() < FieldCipher::kHeaderBytes || cell[0] != static_cast<char>(kFormat)) return NotACell();
  const auto mode = static_cast<uint8_t>(cell[1]);
  if (mode != static_cast<uint8_t>(CellHeader::Mode::kRandomized) &&
      mode != static_cast<uint8_t>(CellHeader::Mode::kDeterministic)) {
    return NotACell();
  }
  return CellHeader{.mode = static_cast<CellHeader::Mode>(mode),
                    .key_tag = NumberAt(cell, 2, 8),
                    .key_version = static_cast<uint32_t>(NumberAt(cell, 10, 4))};
}

std::string ColumnKey(const SecretKey& key, const CellAddress& address, CellHeader::Mode mode) {
  // Each mode has keys of its own, and each column: a fault in one says nothing of the others.
  std::string context;
  PutText(context, address.table_id);
  PutText(context, address.column_id);
  if (mode == CellHeader::Mode::kRandomized) {
    return std::string(key.Derive("neurolake cell xchacha20", context).view());
  }
  std::string info = "neurolake cell aes-siv";
  info += '\0';
  info += context;
  std::string derived(kSivKeyBytes, '\0');
  HkdfSha256(key.view(), "", info, {Bytes(derived), derived.size()});
  return derived;
}

FieldCipher::FieldCipher(const SecretKey& key, Key name, CellAddress address, CellHeader::Mode mode) {
  std::string derived = ColumnKey(key, address, mode);
  *this = FieldCipher(derived, std::move(name), std::move(address), mode);
  sodium_memzero(derived.data(), derived.size());
}

FieldCipher::FieldCipher(std::string_view column_key, Key name, CellAddress address, CellHeader::Mode mode) {
  const bool randomized = mode == CellHeader::Mode::kRandomized;
  NL_CHECK(column_key.size() == (randomized ? SecretKey::kBytes : kSivKeyBytes));
  const CellHeader header{mode, KeyTag(name.id), name.version};
  auto key = randomized ? SecretKey::FromBytes(column_key).value() : SecretKey::Random();
  state_ = std::make_unique<State>(std::move(key), header, std::move(address), std::move(name.id));
  if (!randomized) std::ranges::copy(column_key, reinterpret_cast<char*>(state_->deterministic.data()));
}

FieldCipher::~FieldCipher() = default;
FieldCipher::FieldCipher(FieldCipher&&) noexcept = default;
FieldCipher& FieldCipher::operator=(FieldCipher&&) noexcept = default;

size_t FieldCipher::overhead_bytes() const {
  const bool randomized = state_->header.mode == CellHeader::Mode::kRandomized;
  return kHeaderBytes + 1 + (randomized ? kNonceBytes + kTagBytes : kSivBytes);
}

std::string FieldCipher::AssociatedData(std::string_view header) const {
  std::string data(header);
  PutText(data, state_->address.table_id);
  PutText(data, state_->address.column_id);
  PutText(data, state_->key_id);
  return data;
}

Result<std::string> FieldCipher::Encrypt(std::string_view value) const {
  if (value.size() > kValueBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a value to encrypt has at most {} bytes", kValueBytesMax);
  }
  std::string marked;
  marked.reserve(value.size() + 1);
  marked += kValueMark;
  marked += value;
  std::string cell = EncodeHeader(state_->header);
  const std::string about = AssociatedData(cell);
  if (state_->header.mode == CellHeader::Mode::kRandomized) {
    std::array<uint8_t, kNonceBytes> random;
    NL_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
    const std::string_view nonce(reinterpret_cast<const char*>(random.data()), random.size());
    cell += nonce;
    cell += internal::SealXChaCha(state_->randomized, nonce, about, marked);
  } else {
    const std::string_view key(reinterpret_cast<const char*>(state_->deterministic.data()),
                               state_->deterministic.size());
    NL_ASSIGN_OR_RETURN(const std::string sealed, internal::SealSiv(key, {about}, marked));
    cell += sealed;
  }
  sodium_memzero(marked.data(), marked.size());
  return cell;
}

Result<std::string> FieldCipher::Decrypt(std::string_view cell) const {
  NL_ASSIGN_OR_RETURN(const CellHeader header, ReadCellHeader(cell));
  if (header.mode != state_->header.mode || header.key_tag != state_->header.key_tag ||
      header.key_version != state_->header.key_version) {
    return NotACell();
  }
  const std::string about = AssociatedData(cell.substr(0, kHeaderBytes));
  const std::string_view rest = cell.substr(kHeaderBytes);
  std::string marked;
  if (header.mode == CellHeader::Mode::kRandomized) {
    if (rest.size() < kNonceBytes) return NotACell();
    NL_ASSIGN_OR_RETURN(marked, internal::OpenXChaCha(state_->randomized, rest.substr(0, kNonceBytes), about,
                                                      rest.substr(kNonceBytes)));
  } else {
    const std::string_view key(reinterpret_cast<const char*>(state_->deterministic.data()),
                               state_->deterministic.size());
    NL_ASSIGN_OR_RETURN(marked, internal::OpenSiv(key, {about}, rest));
  }
  if (marked.empty() || marked[0] != kValueMark) return NotACell();
  marked.erase(0, 1);
  return marked;
}

}  // namespace neurolake::privacy
