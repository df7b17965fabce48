#include "storage/secret_box.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "common/check.h"
#include "common/descriptor.h"

namespace neurolake::storage {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kKeyFileBytesMax = 1 << 16;
constexpr size_t kIdDigits = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Hex(const uint8_t* bytes, size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string IdOf(const uint8_t* key, size_t count) {
  std::array<uint8_t, 32> hash{};
  unsigned size = 0;
  NL_CHECK(EVP_Digest(key, count, hash.data(), &size, EVP_sha256(), nullptr) == 1);
  return Hex(hash.data(), hash.size()).substr(0, kIdDigits);
}

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

std::string ToBase64(const std::vector<uint8_t>& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::vector<uint8_t> FromBase64(std::string_view text) {
  std::vector<uint8_t> bytes(text.size() / 4 * 3 + 3);
  const int size = EVP_DecodeBlock(bytes.data(), Bytes(text), static_cast<int>(text.size()));
  if (size < 0 || text.size() < 4) return {};
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

std::unexpected<Error> CannotWrite(const std::string& path) {
  return MakeError(ErrorCode::kIoError, "the file of the credentials' key cannot be written, errno {}: {}", errno,
                   path);
}

}  // namespace

SecretBox::~SecretBox() {
  for (Key& key : keys_) OPENSSL_cleanse(key.bytes.data(), key.bytes.size());
}

Result<SecretBox> SecretBox::FromText(std::string_view text) {
  SecretBox box;
  constexpr std::string_view kSpace = ", \t\r\n";
  for (size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    const std::string_view digits = text.substr(begin, end - begin);
    Key key;
    bool valid = digits.size() == 2 * kKeyBytes;
    for (size_t i = 0; valid && i < kKeyBytes; ++i) {
      const int high = HexDigit(digits[2 * i]), low = HexDigit(digits[2 * i + 1]);
      valid = high >= 0 && low >= 0;
      key.bytes[i] = static_cast<uint8_t>(high * 16 + low);
    }
    if (!valid) {
      return MakeError(ErrorCode::kInvalidArgument, "a key for credentials has to be 64 hexadecimal digits");
    }
    key.id = IdOf(key.bytes.data(), key.bytes.size());
    box.keys_.push_back(std::move(key));
    begin = text.find_first_not_of(kSpace, end);
  }
  if (box.keys_.empty()) return MakeError(ErrorCode::kInvalidArgument, "there is no key for credentials");
  return box;
}

Result<SecretBox> SecretBox::FromFile(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() && errno == ENOENT) {
    return MakeError(ErrorCode::kNotFound, "there is no file of the credentials' key: {}", path);
  }
  struct stat info {};
  const bool known = file.valid() && ::fstat(file.get(), &info) == 0;
  if (!known || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) {
    return MakeError(ErrorCode::kPermissionDenied,
                     "the file of the credentials' key must be a file of the server's user with mode 0600: {}", path);
  }
  std::string text(kKeyFileBytesMax, '\0');
  const ssize_t count = ::read(file.get(), text.data(), text.size());
  if (count < 0) return MakeError(ErrorCode::kIoError, "the file of the credentials' key cannot be read: {}", path);
  auto box = FromText(std::string_view(text).substr(0, static_cast<size_t>(count)));
  OPENSSL_cleanse(text.data(), text.size());
  return box;
}

std::string SecretBox::NewKey() {
  std::array<uint8_t, kKeyBytes> bytes{};
  NL_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  std::string text = Hex(bytes.data(), bytes.size());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return text;
}

Result<void> SecretBox::WriteFile(const std::string& path, const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += key + "\n";
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid()) return CannotWrite(path);
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0) return CannotWrite(path);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return CannotWrite(path);
  const Descriptor directory(::open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) return CannotWrite(path);
  return {};
}

std::vector<std::string> SecretBox::KeyTexts() const {
  std::vector<std::string> texts;
  for (const Key& key : keys_) texts.push_back(Hex(key.bytes.data(), key.bytes.size()));
  return texts;
}

Result<std::string> SecretBox::Seal(std::string_view secret, std::string_view about) const {
  std::vector<uint8_t> out(kNonceBytes + secret.size() + kTagBytes);
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  const bool sealed =
      cipher != nullptr && RAND_bytes(out.data(), kNonceBytes) == 1 &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, keys_.front().bytes.data(), out.data()) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(about), static_cast<int>(about.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), out.data() + kNonceBytes, &size, Bytes(secret),
                        static_cast<int>(secret.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), out.data() + kNonceBytes + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, out.data() + kNonceBytes + secret.size()) == 1;
  if (!sealed) return MakeError(ErrorCode::kInternal, "a secret cannot be encrypted");
  return ToBase64(out);
}

Result<std::string> SecretBox::Open(std::string_view sealed, std::string_view about, std::string_view key_id) const {
  const auto key = std::ranges::find(keys_, key_id, &Key::id);
  if (key == keys_.end()) {
    return MakeError(ErrorCode::kNotFound, "the key that a credential was encrypted with is not there, its id: {}",
                     key_id);
  }
  std::vector<uint8_t> in = FromBase64(sealed);
  const auto damaged = [] {
    return MakeError(ErrorCode::kCorruption, "a credential in the metadata store is not what was put there");
  };
  if (in.size() < kNonceBytes + kTagBytes) return damaged();
  const size_t secret_size = in.size() - kNonceBytes - kTagBytes;
  std::string secret(secret_size + 1, '\0');
  auto* out = reinterpret_cast<uint8_t*>(secret.data());
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  const bool opened =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key->bytes.data(), in.data()) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(about), static_cast<int>(about.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), out, &size, in.data() + kNonceBytes, static_cast<int>(secret_size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, in.data() + kNonceBytes + secret_size) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), out + size, &size) == 1;
  if (!opened) return damaged();
  secret.resize(secret_size);
  return secret;
}

}  // namespace neurolake::storage
