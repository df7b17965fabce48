#include "privacy/local_keyring.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <sys/stat.h>

#include <array>

#include "common/check.h"
#include "common/descriptor.h"
#include "common/text.h"

namespace neurolake::privacy {
namespace {

using storage::SecretBox;

constexpr std::string_view kProtected = "neurolake-keyring-1";
constexpr std::string_view kAboutFile = "neurolake keyring file";
constexpr size_t kFileBytesMax = 1 << 16;

std::string Hex(std::string_view bytes) {
  std::string text(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  text.pop_back();
  return text;
}

std::optional<std::string> FromHex(std::string_view text) {
  std::string bytes(text.size() / 2, '\0');
  size_t size = 0;
  if (sodium_hex2bin(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr, &size,
                     nullptr) != 0 ||
      size * 2 != text.size()) {
    return std::nullopt;
  }
  return bytes;
}

void Wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

/// The file's text, if nobody else may read it; nullopt: there is none.
Result<std::optional<std::string>> ReadFile(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() && errno == ENOENT) return std::optional<std::string>();
  struct stat info {};
  const bool known = file.valid() && ::fstat(file.get(), &info) == 0;
  if (!known || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) {
    return MakeError(ErrorCode::kPermissionDenied, "the keyring must be a file of the server's user with mode 0600: {}",
                     path);
  }
  std::string text(kFileBytesMax, '\0');
  const ssize_t count = ::read(file.get(), text.data(), text.size());
  if (count < 0) return MakeError(ErrorCode::kIoError, "the keyring cannot be read: {}", path);
  text.resize(static_cast<size_t>(count));
  return std::optional(std::move(text));
}

std::unexpected<Error> CannotOpen(const std::string& path) {
  return MakeError(ErrorCode::kPermissionDenied,
                   "the keyring is not opened by what the settings keys.passphrase and keys.wrapping_key say: {}",
                   path);
}

}  // namespace

LocalKeyring::LocalKeyring(std::string path, KeyringProtection protection, std::function<Result<bool>()> may_make)
    : path_(std::move(path)), protection_(std::move(protection)), may_make_(std::move(may_make)) {}

LocalKeyring::~LocalKeyring() {
  Wipe(protection_.passphrase);
  Wipe(protection_.wrapping_key);
}

Result<const SecretBox*> LocalKeyring::Protector(const KeyringProtection& protection, const std::string& salt) {
  const std::string about = salt + protection.passphrase + "|" + protection.wrapping_key;
  const std::string known = Sha256Hex(about);
  if (stretched_ && stretched_salt_ == known) return &*stretched_;
  if (!protection.passphrase.empty() && !protection.wrapping_key.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the keyring is protected by keys.passphrase or by keys.wrapping_key, not by both");
  }
  std::string key = protection.wrapping_key;
  if (key.empty()) {
    const auto salt_bytes = FromHex(salt);
    if (!salt_bytes || salt_bytes->size() != crypto_pwhash_SALTBYTES) return CannotOpen(path_);
    std::string stretched(SecretBox::kKeyBytes, '\0');
    if (crypto_pwhash(reinterpret_cast<uint8_t*>(stretched.data()), stretched.size(), protection.passphrase.data(),
                      protection.passphrase.size(), reinterpret_cast<const uint8_t*>(salt_bytes->data()),
                      crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
      return MakeError(ErrorCode::kOutOfMemory, "the keyring's passphrase needs 256 MiB for a moment");
    }
    key = Hex(stretched);
    Wipe(stretched);
  }
  auto box = SecretBox::FromText(key);
  Wipe(key);
  if (!box) return std::unexpected(box.error());
  stretched_.emplace(std::move(*box));
  stretched_salt_ = known;
  return &*stretched_;
}

// A protected file is one line: the format, the salt, the id of the key that seals it, and the keys, sealed.
Result<SecretBox> LocalKeyring::OpenBy(const KeyringProtection& protection) {
  NL_ASSIGN_OR_RETURN(auto text, ReadFile(path_));
  if (!text) return MakeError(ErrorCode::kNotFound, "there is no keyring: {}", path_);
  if (!text->starts_with(kProtected)) {
    if (!protection.none()) {
      return MakeError(ErrorCode::kPermissionDenied,
                       "the keyring is not protected although the settings say so, keys.protect_keyring does it: {}",
                       path_);
    }
    auto box = SecretBox::FromText(*text);
    Wipe(*text);
    return box;
  }
  const auto parts = Split(Trim(*text), ' ');
  if (parts.size() != 4 || protection.none()) return CannotOpen(path_);
  NL_ASSIGN_OR_RETURN(const SecretBox* protector, Protector(protection, parts[1]));
  auto keys = protector->Open(parts[3], kAboutFile, parts[2]);
  if (!keys) return CannotOpen(path_);
  auto box = SecretBox::FromText(*keys);
  Wipe(*keys);
  return box;
}

Result<void> LocalKeyring::Write(const std::vector<std::string>& keys, const KeyringProtection& protection) {
  if (protection.none()) return SecretBox::WriteFile(path_, keys);
  std::array<char, crypto_pwhash_SALTBYTES> salt;
  NL_CHECK(RAND_bytes(reinterpret_cast<uint8_t*>(salt.data()), static_cast<int>(salt.size())) == 1);
  const std::string salt_text = Hex({salt.data(), salt.size()});
  NL_ASSIGN_OR_RETURN(const SecretBox* protector, Protector(protection, salt_text));
  std::string all;
  for (const std::string& key : keys) all += key + "\n";
  auto sealed = protector->Seal(all, kAboutFile);
  Wipe(all);
  if (!sealed) return std::unexpected(sealed.error());
  return SecretBox::WriteFile(path_, {fmt::format("{} {} {} {}", kProtected, salt_text, protector->key_id(), *sealed)});
}

Result<SecretBox> LocalKeyring::OpenOrMake() {
  auto box = Open();
  if (box.has_value() || box.error().code() != ErrorCode::kNotFound) return box;
  NL_ASSIGN_OR_RETURN(const bool may_make, may_make_());
  if (!may_make) return box;
  NL_RETURN_IF_ERROR(Write({SecretBox::NewKey()}, protection_));
  return Open();
}

Result<WrappedKey> LocalKeyring::Wrap(const RequestContext& ctx, const SecretKey& key, std::string_view about) {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  std::lock_guard lock(mutex_);
  NL_ASSIGN_OR_RETURN(const SecretBox box, OpenOrMake());
  NL_ASSIGN_OR_RETURN(std::string sealed, box.Seal(key.view(), about));
  return WrappedKey{name(), box.key_id(), std::move(sealed)};
}

Result<SecretKey> LocalKeyring::Unwrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  std::lock_guard lock(mutex_);
  NL_ASSIGN_OR_RETURN(const SecretBox box, Open());
  auto bytes = box.Open(wrapped.text, about, wrapped.key_id);
  if (!bytes) {
    const bool missing = bytes.error().code() == ErrorCode::kNotFound;
    return MakeError(bytes.error().code(), "a data key {}: the keyring's key {}",
                     missing ? "cannot be opened without a key that is not in the keyring"
                             : "is not what was put into the metadata store",
                     wrapped.key_id);
  }
  auto key = SecretKey::FromBytes(*bytes);
  Wipe(*bytes);
  return key;
}

Result<WrappedKey> LocalKeyring::Rewrap(const RequestContext& ctx, const WrappedKey& wrapped, std::string_view about) {
  {
    std::lock_guard lock(mutex_);
    NL_ASSIGN_OR_RETURN(const SecretBox box, Open());
    if (box.key_id() == wrapped.key_id) return wrapped;
  }
  NL_ASSIGN_OR_RETURN(const SecretKey key, Unwrap(ctx, wrapped, about));
  return Wrap(ctx, key, about);
}

Result<void> LocalKeyring::Rotate(const RequestContext& ctx) {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  std::lock_guard lock(mutex_);
  NL_ASSIGN_OR_RETURN(const SecretBox box, OpenOrMake());
  std::vector<std::string> keys = box.KeyTexts();
  keys.insert(keys.begin(), SecretBox::NewKey());
  const auto done = Write(keys, protection_);
  for (std::string& key : keys) Wipe(key);
  return done;
}

Result<void> LocalKeyring::Retire(const RequestContext& ctx) {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  std::lock_guard lock(mutex_);
  NL_ASSIGN_OR_RETURN(const SecretBox box, Open());
  std::vector<std::string> keys = box.KeyTexts();
  const auto done = Write({keys.front()}, protection_);
  for (std::string& key : keys) Wipe(key);
  return done;
}

Result<void> LocalKeyring::ProtectPlain() {
  std::lock_guard lock(mutex_);
  if (protection_.none()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "keys.protect_keyring needs one of keys.passphrase and keys.wrapping_key");
  }
  NL_ASSIGN_OR_RETURN(auto text, ReadFile(path_));
  if (!text || text->starts_with(kProtected)) return {};
  auto box = SecretBox::FromText(*text);
  Wipe(*text);
  if (!box) return std::unexpected(box.error());
  return Write(box->KeyTexts(), protection_);
}

Result<void> LocalKeyring::ProtectAnew(const KeyringProtection& before) {
  std::lock_guard lock(mutex_);
  const auto present = Open();
  if (present || present.error().code() == ErrorCode::kNotFound) return {};
  NL_ASSIGN_OR_RETURN(const SecretBox box, OpenBy(before));
  return Write(box.KeyTexts(), protection_);
}

}  // namespace neurolake::privacy
