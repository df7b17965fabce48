#include "note.h"

#include <openssl/evp.h>

#include <charconv>
#include <memory>

namespace audit_verify {
namespace {

constexpr std::string_view kDash = "\xE2\x80\x94 ";

bool VerifySignature(const PublicKey& key, std::string_view text, std::string_view signature) {
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
  const auto* bytes = [](std::string_view view) {
    return reinterpret_cast<const unsigned char*>(view.data());
  }(key.bytes);
  const Key public_key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes, key.bytes.size()), &EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return public_key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

std::string TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string line(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

bool ReadNumber(std::string_view text, uint64_t& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() && std::to_string(number) == text;
}

bool ReadPublicKey(std::string_view text, PublicKey& key) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  const size_t first = text.find('+');
  const size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos || first == 0) return false;
  key.name = text.substr(0, first);
  std::string bytes;
  if (!DecodeBase64(text.substr(second + 1), bytes) || bytes.size() != 33 || bytes[0] != 1) return false;
  key.bytes = bytes.substr(1);
  const Digest digest = Sha256(key.name + "\n" + bytes);
  key.id.assign(digest.begin(), digest.begin() + 4);
  std::string hex;
  for (const unsigned char byte : key.id) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex == text.substr(first + 1, second - first - 1);
}

bool ReadSignedTree(std::string_view note, const PublicKey& key, SignedTree& tree, std::string& why) {
  const size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos || !note.ends_with('\n')) {
    why = "it is no signed note";
    return false;
  }
  const std::string_view text = note.substr(0, blank + 1);
  std::string_view signatures = note.substr(blank + 2);
  int good = 0, bad = 0;
  while (!signatures.empty()) {
    const std::string line = TakeLine(signatures);
    const std::string own = std::string(kDash) + key.name + " ";
    if (!line.starts_with(kDash)) {
      why = "a line of its signatures is none";
      return false;
    }
    std::string bytes;
    if (!line.starts_with(own) || !DecodeBase64(std::string_view(line).substr(own.size()), bytes) ||
        !bytes.starts_with(key.id)) {
      continue;  // Somebody else's.
    }
    ++(VerifySignature(key, text, std::string_view(bytes).substr(key.id.size())) ? good : bad);
  }
  if (good != 1 || bad != 0) {
    why = bad > 0 ? "its signature is wrong" : "the log's key has not signed it, or twice";
    return false;
  }
  std::string_view rest = text;
  const std::string origin = TakeLine(rest), count = TakeLine(rest), root = TakeLine(rest);
  if (origin != key.name || !ReadNumber(count, tree.count) || !DecodeDigest(root, tree.root)) {
    why = "it is no checkpoint of this log";
    return false;
  }
  return true;
}

std::vector<std::string> SplitNotes(std::string_view text, std::string& rest) {
  std::vector<std::string> notes;
  while (!text.empty()) {
    const size_t blank = text.find("\n\n");
    if (blank == std::string_view::npos) break;
    const size_t end = text.find("\n\n", blank + 2);
    if (end == std::string_view::npos) {
      // The last one of a file need not be followed by a blank line if its own last line is whole.
      if (!text.ends_with('\n') || text.substr(blank + 2).find(kDash) != 0) break;
      notes.emplace_back(text);
      text = {};
      break;
    }
    notes.emplace_back(text.substr(0, end + 1));
    text.remove_prefix(end + 2);
  }
  rest = text;
  return notes;
}

}  // namespace audit_verify
