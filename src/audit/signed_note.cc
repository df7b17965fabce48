#include "audit/signed_note.h"

#include <openssl/sha.h>
#include <sodium.h>

#include "audit/merkle.h"
#include "common/check.h"

namespace neurolake::audit {
namespace {

constexpr char kEd25519 = 1;
constexpr size_t kKeyIdBytes = 4;
constexpr std::string_view kPrivateMark = "PRIVATE+KEY+";
/// Of witnesses too; a bound, so that a hostile note costs little.
constexpr int kSignaturesMax = 100;

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

std::string HexOf(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  return text;
}

std::string KeyIdOf(std::string_view name, std::string_view public_key) {
  const std::string keyed = std::string(name) + '\n' + kEd25519 + std::string(public_key);
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(Bytes(keyed), keyed.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), kKeyIdBytes};
}

/// "<name>+<id>+<base64(0x01 || 32 bytes)>". The name has no '+', base64 may.
struct KeyText {
  std::string name;
  std::string id_hex;
  std::string bytes;
};

Result<KeyText> ReadKeyText(std::string_view text) {
  const auto broken = [] { return MakeError(ErrorCode::kInvalidArgument, "a text is not the key of a signed note"); };
  const size_t first = text.find('+');
  const size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return broken();
  KeyText key{.name = std::string(text.substr(0, first)),
              .id_hex = std::string(text.substr(first + 1, second - first - 1)),
              .bytes = {}};
  auto bytes = FromBase64(text.substr(second + 1));
  if (!bytes || bytes->size() != 33 || bytes->front() != kEd25519 || !IsKeyName(key.name)) return broken();
  key.bytes = bytes->substr(1);
  sodium_memzero(bytes->data(), bytes->size());
  return key;
}

}  // namespace

bool IsKeyName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f' && c != '+'; });
}

VerifierKey::VerifierKey(std::string name, std::string public_key)
    : name_(std::move(name)), public_key_(std::move(public_key)), key_id_(KeyIdOf(name_, public_key_)) {}

Result<VerifierKey> VerifierKey::FromText(std::string_view text) {
  NL_ASSIGN_OR_RETURN(KeyText read, ReadKeyText(text));
  VerifierKey key(std::move(read.name), std::move(read.bytes));
  if (HexOf(key.key_id_) != read.id_hex) {
    return MakeError(ErrorCode::kInvalidArgument, "a verifier key's id is not the one of its name and key");
  }
  return key;
}

std::string VerifierKey::ToText() const {
  return name_ + "+" + HexOf(key_id_) + "+" + ToBase64(std::string(1, kEd25519) + public_key_);
}

bool VerifierKey::Verifies(std::string_view text, std::string_view signature) const {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(Bytes(signature), Bytes(text), text.size(), Bytes(public_key_)) == 0;
}

Result<SigningKey> SigningKey::FromSeed(std::string_view name, const uint8_t* seed) {
  if (!IsKeyName(name)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the name of a key that signs has to be printable ASCII without blanks and '+': {}", name);
  }
  NL_CHECK(sodium_init() >= 0);
  std::array<uint8_t, crypto_sign_PUBLICKEYBYTES> public_key;
  std::array<uint8_t, kSecretBytes> secret;
  crypto_sign_seed_keypair(public_key.data(), secret.data(), seed);
  SigningKey key(VerifierKey(std::string(name), {reinterpret_cast<const char*>(public_key.data()), public_key.size()}),
                 secret);
  sodium_memzero(secret.data(), secret.size());
  return key;
}

Result<SigningKey> SigningKey::Make(std::string_view name) {
  NL_CHECK(sodium_init() >= 0);
  std::array<uint8_t, crypto_sign_SEEDBYTES> seed;
  randombytes_buf(seed.data(), seed.size());
  auto key = FromSeed(name, seed.data());
  sodium_memzero(seed.data(), seed.size());
  return key;
}

Result<SigningKey> SigningKey::FromText(std::string_view text) {
  if (!text.starts_with(kPrivateMark)) {
    return MakeError(ErrorCode::kInvalidArgument, "a text is not the private key of a signed note");
  }
  NL_ASSIGN_OR_RETURN(KeyText read, ReadKeyText(text.substr(kPrivateMark.size())));
  auto key = FromSeed(read.name, Bytes(read.bytes));
  sodium_memzero(read.bytes.data(), read.bytes.size());
  if (key && HexOf(key->verifier_.key_id_) != read.id_hex) {
    return MakeError(ErrorCode::kInvalidArgument, "a private key's id is not the one of its name and key");
  }
  return key;
}

std::string SigningKey::ToText() const {
  // The first half of libsodium's secret key is the seed.
  const std::string seed(reinterpret_cast<const char*>(secret_.data()), crypto_sign_SEEDBYTES);
  return std::string(kPrivateMark) + verifier_.name_ + "+" + HexOf(verifier_.key_id_) + "+" +
         ToBase64(std::string(1, kEd25519) + seed);
}

SigningKey::SigningKey(SigningKey&& other) noexcept : verifier_(std::move(other.verifier_)), secret_(other.secret_) {
  sodium_memzero(other.secret_.data(), other.secret_.size());
}

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

std::string SigningKey::Sign(std::string_view text) const {
  NL_CHECK(text.ends_with('\n'));
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<uint8_t*>(signature.data()), nullptr, Bytes(text), text.size(), secret_.data());
  return std::string(text) + "\n" + std::string(kSignatureMark) + verifier_.name_ + " " +
         ToBase64(verifier_.key_id_ + signature) + "\n";
}

Result<std::string> OpenNote(std::string_view note, const VerifierKey& key) {
  const auto broken = [](const char* why) { return MakeError(ErrorCode::kCorruption, "{}", why); };
  const bool controls = std::ranges::any_of(note, [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == 0x7f; });
  // The text may have blank lines; signatures begin behind the last one.
  const size_t blank = note.rfind("\n\n");
  if (controls || blank == std::string_view::npos || !note.ends_with('\n')) return broken("a text is no signed note");
  const std::string_view text = note.substr(0, blank + 1);
  std::string_view rest = note.substr(blank + 2);
  bool verified = false;
  for (int count = 0; !rest.empty(); ++count) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const size_t name_end = line.find(' ', kSignatureMark.size());
    if (count == kSignaturesMax || !line.starts_with(kSignatureMark) || name_end == std::string_view::npos) {
      return broken("a line of a note's signatures is none");
    }
    const auto bytes = FromBase64(line.substr(name_end + 1));
    if (!bytes || bytes->size() <= kKeyIdBytes) return broken("a line of a note's signatures is none");
    const std::string_view name = line.substr(kSignatureMark.size(), name_end - kSignatureMark.size());
    if (name != key.name() || !bytes->starts_with(key.key_id())) continue;
    if (verified || !key.Verifies(text, std::string_view(*bytes).substr(kKeyIdBytes))) {
      return broken("a note's signature is wrong, or there twice");
    }
    verified = true;
  }
  if (!verified) return broken("a note has no signature of the key it should have");
  return std::string(text);
}

}  // namespace neurolake::audit
