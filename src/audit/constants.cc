#include "audit/constants.h"

#include <openssl/sha.h>
#include <sodium.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <mutex>
#include <shared_mutex>

#include "audit/internal/constant_keys.h"
#include "audit/merkle.h"
#include "common/check.h"

namespace neurolake::audit {
namespace {

using Path = KeyTree::Path;
using Seed = KeyTree::Seed;

constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == std::tuple_size_v<Seed>);

/// A way through the tree: when (milliseconds), which statement (random), which of its constants.
constexpr size_t kTimeBytes = 6;
constexpr size_t kStatementBytes = 10;
constexpr size_t kTimeDepth = kTimeBytes * 8;
constexpr size_t kStatementDepth = kStatementBytes * 8;
constexpr size_t kStatementDigits = kStatementBytes * 2;

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }
uint8_t* Bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

Path PathOf(WallTime at) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const auto time = static_cast<uint64_t>(std::max<int64_t>(ms, 0));
  Path path{};
  for (size_t i = 0; i < kTimeBytes; ++i) path[i] = static_cast<uint8_t>(time >> (8 * (kTimeBytes - 1 - i)));
  return path;
}

Path OfConstant(Path path, size_t index) {
  path[kStatementBytes] = static_cast<uint8_t>(index >> 8);
  path[kStatementBytes + 1] = static_cast<uint8_t>(index);
  return path;
}

std::string HexOf(const Path& path) {
  std::string text;
  for (size_t i = 0; i < kStatementBytes; ++i) text += fmt::format("{:02x}", path[i]);
  return text;
}

/// A key is used once; should two statements ever have the same one, they differ in this.
std::array<uint8_t, kNonceBytes> NonceOf(std::string_view statement) {
  std::array<uint8_t, kNonceBytes> nonce;
  NL_CHECK(crypto_generichash(nonce.data(), nonce.size(), Bytes(statement), statement.size(), nullptr, 0) == 0);
  return nonce;
}

std::string Encrypt(const Seed& key, std::string_view text, std::string_view statement) {
  std::string out(text.size() + kTagBytes, '\0');
  const auto nonce = NonceOf(statement);
  crypto_aead_xchacha20poly1305_ietf_encrypt(Bytes(out), nullptr, Bytes(text), text.size(), Bytes(statement),
                                             statement.size(), nullptr, nonce.data(), key.data());
  return out;
}

std::optional<std::string> Decrypt(const Seed& key, std::string_view nonce, std::string_view bytes,
                                   std::string_view statement) {
  if (bytes.size() < kTagBytes) return std::nullopt;
  std::string out(bytes.size() - kTagBytes, '\0');
  const bool right =
      crypto_aead_xchacha20poly1305_ietf_decrypt(Bytes(out), nullptr, nullptr, Bytes(bytes), bytes.size(),
                                                 Bytes(statement), statement.size(), Bytes(nonce), key.data()) == 0;
  return right ? std::optional(std::move(out)) : std::nullopt;
}

std::unexpected<Error> Damaged() {
  return MakeError(ErrorCode::kCorruption, "a statement's constants are not those that were encrypted for it");
}

std::unexpected<Error> KeysAreGone() {
  return MakeError(ErrorCode::kNotFound, "the keys that a statement's constants were encrypted with are not there");
}

/// "<id>.<time and statement>:<literal>,…;<parameter>,…", understood.
struct SealedText {
  std::string_view id;
  Path path{};
  std::vector<std::string_view> literals, parameters;
};

std::vector<std::string_view> SplitList(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    parts.push_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

std::optional<SealedText> Understand(std::string_view sealed) {
  const size_t dot = sealed.find('.'), colon = sealed.find(':');
  if (dot == std::string_view::npos || colon == std::string_view::npos || colon < dot) return std::nullopt;
  SealedText text{.id = sealed.substr(0, dot), .path = {}, .literals = {}, .parameters = {}};
  const std::string_view digits = sealed.substr(dot + 1, colon - dot - 1);
  size_t size = 0;
  if (digits.size() != kStatementDigits ||
      sodium_hex2bin(text.path.data(), kStatementBytes, digits.data(), digits.size(), nullptr, &size, nullptr) != 0) {
    return std::nullopt;
  }
  const std::string_view rest = sealed.substr(colon + 1);
  const size_t semicolon = std::min(rest.find(';'), rest.size());
  text.literals = SplitList(rest.substr(0, semicolon));
  if (semicolon < rest.size()) text.parameters = SplitList(rest.substr(semicolon + 1));
  return text;
}

class KeyTreeSealer final : public ConstantSealer {
 public:
  KeyTreeSealer(std::string path, ConstantKeys keys) : path_(std::move(path)), keys_(std::move(keys)) {}
  ~KeyTreeSealer() override {
    sodium_memzero(keys_.hash_key.data(), keys_.hash_key.size());
    if (keys_.old_key) sodium_memzero(keys_.old_key->data(), keys_.old_key->size());
  }

  Result<std::string> Seal(const Constants& constants, std::string_view statement, WallTime at) const override {
    if (constants.literals.size() + constants.parameters.size() > kConstantsMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a statement has more constants than can be kept: {}",
                       constants.literals.size() + constants.parameters.size());
    }
    Path path = PathOf(at);
    randombytes_buf(path.data() + kTimeBytes, kStatementBytes - kTimeBytes);
    std::shared_lock lock(mutex_);
    const auto seed = keys_.tree.SeedOf(path, kStatementDepth);
    if (!seed) return KeysAreGone();
    std::string sealed = keys_.id + "." + HexOf(path) + ":";
    lock.unlock();
    size_t index = 0;
    const auto add = [&](const std::vector<std::string>& list) {
      for (size_t i = 0; i < list.size(); ++i) {
        const Seed key = KeyTree::Descend(*seed, OfConstant(path, index++), kStatementDepth, KeyTree::kDepth);
        if (i > 0) sealed += ',';
        sealed += ToBase64(Encrypt(key, list[i], statement));
      }
    };
    add(constants.literals);
    if (!constants.parameters.empty()) sealed += ';';
    add(constants.parameters);
    return sealed;
  }

  Result<OpenedConstants> Open(std::string_view sealed, std::string_view statement) const override {
    if (sealed.find('.') == std::string_view::npos) return OpenOld(sealed, statement);
    const auto text = Understand(sealed);
    if (!text) return Damaged();
    if (text->id != keys_.id) return KeysAreGone();
    const auto nonce = NonceOf(statement);
    const std::string_view nonce_text(reinterpret_cast<const char*>(nonce.data()), nonce.size());
    OpenedConstants opened;
    size_t index = 0;
    std::shared_lock lock(mutex_);
    const auto seed = keys_.tree.SeedOf(text->path, kStatementDepth);
    const auto open = [&](const std::vector<std::string_view>& list, auto& out) -> Result<void> {
      for (const std::string_view one : list) {
        const Path leaf = OfConstant(text->path, index++);
        const auto key = seed ? std::optional(KeyTree::Descend(*seed, leaf, kStatementDepth, KeyTree::kDepth))
                              : keys_.tree.SeedOf(leaf);
        out.push_back(std::nullopt);
        if (!key) continue;
        const auto bytes = FromBase64(one);
        if (!bytes) return Damaged();
        out.back() = Decrypt(*key, nonce_text, *bytes, statement);
        if (!out.back()) return Damaged();
      }
      return {};
    };
    NL_RETURN_IF_ERROR(open(text->literals, opened.literals));
    NL_RETURN_IF_ERROR(open(text->parameters, opened.parameters));
    return opened;
  }

  Result<int64_t> Erase(const std::vector<SealedConstant>& constants) override {
    std::unique_lock lock(mutex_);
    ConstantKeys next = keys_;
    int64_t erased = 0;
    for (const SealedConstant& one : constants) {
      if (IsOld(one.sealed)) {
        erased += next.old_key ? 1 : 0;
        next.old_key.reset();
        continue;
      }
      const auto text = Understand(one.sealed);
      if (text && text->id == keys_.id && next.tree.Remove(OfConstant(text->path, one.index))) ++erased;
    }
    if (erased > 0) NL_RETURN_IF_ERROR(Keep(std::move(next)));
    return erased;
  }

  Result<bool> EraseBefore(WallTime time) override {
    std::unique_lock lock(mutex_);
    ConstantKeys next = keys_;
    if (!next.tree.RemoveBefore(PathOf(time), kTimeDepth)) return false;
    NL_RETURN_IF_ERROR(Keep(std::move(next)));
    return true;
  }

  std::string HashOf(std::string_view text) const override {
    std::array<uint8_t, crypto_auth_hmacsha512256_BYTES> hash;
    crypto_auth_hmacsha512256(hash.data(), Bytes(text), text.size(), keys_.hash_key.data());
    Hash out;
    std::copy(hash.begin(), hash.end(), out.begin());
    return ToHex(out);
  }

 private:
  Result<void> Keep(ConstantKeys next) {
    NL_RETURN_IF_ERROR(ReplaceConstantKeys(path_, next));
    keys_ = std::move(next);
    return {};
  }

  bool IsOld(std::string_view sealed) const {
    return sealed.find('.') == std::string_view::npos && keys_.old_key && sealed.starts_with(OldId() + ":");
  }

  std::string OldId() const {
    Hash digest;
    SHA256(keys_.old_key->data(), keys_.old_key->size(), digest.data());
    return ToHex(digest).substr(0, 16);
  }

  /// As constants were kept when all had one key: nonce and JSON together.
  Result<OpenedConstants> OpenOld(std::string_view sealed, std::string_view statement) const {
    std::shared_lock lock(mutex_);
    if (!IsOld(sealed)) return KeysAreGone();
    const auto bytes = FromBase64(sealed.substr(sealed.find(':') + 1));
    if (!bytes || bytes->size() < kNonceBytes) return Damaged();
    const auto json_text = Decrypt(*keys_.old_key, std::string_view(*bytes).substr(0, kNonceBytes),
                                   std::string_view(*bytes).substr(kNonceBytes), statement);
    if (!json_text) return Damaged();
    boost::system::error_code problem;
    const auto json = boost::json::parse(*json_text, problem);
    if (problem || !json.is_object()) return Damaged();
    OpenedConstants opened;
    if (const auto* literals = json.get_object().if_contains("literals"); literals != nullptr && literals->is_array()) {
      for (const auto& one : literals->get_array()) {
        if (one.is_string()) opened.literals.emplace_back(std::string(one.get_string()));
      }
    }
    const auto* parameters = json.get_object().if_contains("parameters");
    if (parameters != nullptr && parameters->is_array()) {
      for (const auto& one : parameters->get_array()) opened.parameters.emplace_back(boost::json::serialize(one));
    }
    return opened;
  }

  const std::string path_;
  mutable std::shared_mutex mutex_;
  ConstantKeys keys_;
};

}  // namespace

Result<std::unique_ptr<ConstantSealer>> OpenConstantSealer(const std::string& path) {
  NL_CHECK(sodium_init() >= 0);
  NL_ASSIGN_OR_RETURN(auto keys, ReadConstantKeys(path));
  std::unique_ptr<ConstantSealer> sealer = std::make_unique<KeyTreeSealer>(path, std::move(keys));
  return sealer;
}

}  // namespace neurolake::audit
