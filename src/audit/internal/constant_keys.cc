#include "audit/internal/constant_keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <unistd.h>

#include <charconv>

#include "audit/log_files.h"
#include "audit/merkle.h"
#include "common/descriptor.h"

namespace neurolake::audit {
namespace {

constexpr std::string_view kHeader = "neurolake-constant-keys 2";
constexpr size_t kIdDigits = 16;

template <size_t N>
std::string Hex(const std::array<uint8_t, N>& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

template <size_t N>
bool ReadHex(std::string_view text, std::array<uint8_t, N>& bytes) {
  size_t size = 0;
  const char* end = nullptr;
  return sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end) == 0 && size == N &&
         end == text.data() + text.size();
}

std::string Encode(const ConstantKeys& keys) {
  std::string text = fmt::format("{}\nid {}\nhash {}\n", kHeader, keys.id, Hex(keys.hash_key));
  if (keys.old_key) text += fmt::format("old {}\n", Hex(*keys.old_key));
  for (const auto& [path, branch] : keys.tree.branches()) {
    text += fmt::format("branch {} {} {}\n", branch.depth, Hex(path), Hex(branch.seed));
  }
  return text;
}

/// One line of a file that has the header already.
bool ReadLine(std::string_view line, ConstantKeys& keys, KeyTree::Branches& branches) {
  const auto rest = [&](std::string_view word) {
    return line.starts_with(word) ? std::optional(line.substr(word.size())) : std::nullopt;
  };
  if (const auto id = rest("id ")) {
    keys.id = *id;
    return id->size() == kIdDigits;
  }
  if (const auto hash = rest("hash ")) return ReadHex(*hash, keys.hash_key);
  if (const auto old = rest("old ")) return ReadHex(*old, keys.old_key.emplace());
  const auto branch = rest("branch ");
  if (!branch) return false;
  const size_t first = branch->find(' ');
  const size_t second = first == std::string_view::npos ? first : branch->find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  KeyTree::Path path;
  KeyTree::Branch read;
  const auto number = std::from_chars(branch->data(), branch->data() + first, read.depth);
  if (number.ec != std::errc() || read.depth > KeyTree::kDepth) return false;
  if (!ReadHex(branch->substr(first + 1, second - first - 1), path)) return false;
  if (!ReadHex(branch->substr(second + 1), read.seed)) return false;
  return branches.emplace(path, read).second;
}

std::optional<ConstantKeys> Decode(std::string_view text) {
  ConstantKeys keys;
  KeyTree::Branches branches;
  if (!text.starts_with(kHeader)) return std::nullopt;
  text.remove_prefix(std::min(text.size(), kHeader.size() + 1));
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || !ReadLine(text.substr(0, end), keys, branches)) return std::nullopt;
    text.remove_prefix(end + 1);
  }
  if (keys.id.empty()) return std::nullopt;
  keys.tree = KeyTree(std::move(branches));
  return keys;
}

ConstantKeys NewKeys() {
  ConstantKeys keys;
  std::array<uint8_t, kIdDigits / 2> id;
  KeyTree::Seed root;
  randombytes_buf(id.data(), id.size());
  randombytes_buf(root.data(), root.size());
  randombytes_buf(keys.hash_key.data(), keys.hash_key.size());
  keys.id = Hex(id);
  keys.tree = KeyTree::OfRoot(root);
  sodium_memzero(root.data(), root.size());
  return keys;
}

/// Of a file as it was before constants had keys of their own.
std::optional<ConstantKeys> DecodeOneKey(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  KeyTree::Seed one;
  if (!ReadHex(text, one)) return std::nullopt;
  ConstantKeys keys = NewKeys();
  keys.old_key = one;
  return keys;
}

}  // namespace

Result<ConstantKeys> ReadConstantKeys(const std::string& path) {
  auto secret = ReadSecretFile(path);
  if (!secret && secret.error().code() == ErrorCode::kNotFound) {
    ConstantKeys fresh = NewKeys();
    NL_RETURN_IF_ERROR(CreateFile(path, Encode(fresh)));
    return fresh;
  }
  if (!secret) return std::unexpected(std::move(secret).error());
  // As a file of secrets is meant to be short, that was its beginning.
  NL_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  auto keys = Decode(text);
  const bool is_new = !keys.has_value();
  if (!keys) keys = DecodeOneKey(text);
  sodium_memzero(secret->data(), secret->size());
  sodium_memzero(text.data(), text.size());
  if (!keys) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the file of the keys that the audit log encrypts constants with holds something else: {}", path);
  }
  if (is_new) NL_RETURN_IF_ERROR(ReplaceConstantKeys(path, *keys));
  return *std::move(keys);
}

Result<void> ReplaceConstantKeys(const std::string& path, const ConstantKeys& keys) {
  const Descriptor before(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  const auto size = FileSize(path);
  std::string text = Encode(keys);
  auto replaced = ReplaceFile(path, text);
  sodium_memzero(text.data(), text.size());
  NL_RETURN_IF_ERROR(std::move(replaced));
  if (!before.valid() || !size) return {};
  const std::string zeros(*size, '\0');
  for (size_t at = 0; at < zeros.size();) {
    const ssize_t count = ::pwrite(before.get(), zeros.data() + at, zeros.size() - at, static_cast<off_t>(at));
    if (count <= 0) break;  // The new keys are in force; what is left of the old ones has no name.
    at += static_cast<size_t>(count);
  }
  std::ignore = ::fdatasync(before.get());
  return {};
}

}  // namespace neurolake::audit
