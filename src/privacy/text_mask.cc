#include "privacy/text_mask.h"

#include <array>
#include <limits>

#include "privacy/format_preserving.h"
#include "privacy/internal/names.h"
#include "privacy/keyed_hash.h"

namespace neurolake::privacy {
namespace {

constexpr std::string_view kStars = "****";

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Bytes of the character that begins at `at`.
size_t CharacterBytes(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  size_t bytes = 1;
  while (bytes < wanted && at + bytes < text.size() && Continues(text[at + bytes])) ++bytes;
  return bytes;
}

class FirstMask final : public TextMask {
 public:
  explicit FirstMask(size_t count) : count_(count) {}
  bool Apply(std::string_view value, std::string& out) override {
    const size_t shown = FirstCharacters(value, count_);
    out = shown < value.size() ? value.substr(0, shown) : std::string_view();
    out += kStars;
    return true;
  }

 private:
  size_t count_;
};

class LastMask final : public TextMask {
 public:
  explicit LastMask(size_t count) : count_(count) {}
  bool Apply(std::string_view value, std::string& out) override {
    const size_t from = LastCharacters(value, count_);
    out = kStars;
    if (from > 0) out += value.substr(from);
    return true;
  }

 private:
  size_t count_;
};

class ConstantMask final : public TextMask {
 public:
  explicit ConstantMask(std::string shown) : shown_(std::move(shown)) {}
  bool Apply(std::string_view, std::string& out) override {
    out = shown_;
    return true;
  }

 private:
  std::string shown_;
};

class HashMask final : public TextMask {
 public:
  HashMask(const SecretKey& key, std::string_view domain)
      : hash_(KeyedHash::Algorithm::kHmacSha256, key.Derive("neurolake hash", domain)) {}
  bool Apply(std::string_view value, std::string& out) override {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto digest = hash_.Of(value);
    out.resize(2 * digest.size());
    for (size_t i = 0; i < digest.size(); ++i) {
      out[2 * i] = kDigits[digest[i] >> 4];
      out[2 * i + 1] = kDigits[digest[i] & 15];
    }
    return true;
  }

 private:
  KeyedHash hash_;
};

class TokenMask final : public TextMask {
 public:
  TokenMask(const SecretKey& key, std::string_view domain)
      : hash_(KeyedHash::Algorithm::kBlake2b, key.Derive("neurolake token", domain)) {}
  bool Apply(std::string_view value, std::string& out) override {
    constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
    constexpr size_t kTokenBytes = 15;
    const auto digest = hash_.Of(value);
    out = "tok_";
    uint64_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < kTokenBytes; ++i) {
      bits = bits << 8 | digest[i];
      for (held += 8; held >= 5; held -= 5) out += kBase32[bits >> (held - 5) & 31];
    }
    return true;
  }

 private:
  KeyedHash hash_;
};

class FormatMask final : public TextMask {
 public:
  FormatMask(FormatPreserving::Format format, const SecretKey& key, std::string_view domain)
      : cipher_(format, key, domain) {}
  bool Apply(std::string_view value, std::string& out) override { return cipher_.Encrypt(value, out); }

 private:
  FormatPreserving cipher_;
};

class PseudonymMask final : public TextMask {
 public:
  PseudonymMask(std::string_view kind, const SecretKey& key, std::string_view domain)
      : hash_(KeyedHash::Algorithm::kBlake2b, key.Derive("neurolake pseudonym", domain)) {
    if (kind == "person") lists_ = {internal::kGivenNames, internal::kFamilyNames};
    if (kind == "given") lists_ = {internal::kGivenNames};
    if (kind == "family") lists_ = {internal::kFamilyNames};
    if (kind == "city") lists_ = {internal::kCities};
  }
  bool known() const { return !lists_.empty(); }
  bool Apply(std::string_view value, std::string& out) override {
    const auto digest = hash_.Of(value);
    out.clear();
    for (size_t i = 0; i < lists_.size(); ++i) {
      // 64 bits for a list of some hundreds: the choice is even to within 2^-54.
      uint64_t number = 0;
      for (size_t j = 0; j < 8; ++j) number = number << 8 | digest[8 * i + j];
      if (i > 0) out += ' ';
      out += lists_[i][number % lists_[i].size()];
    }
    return true;
  }

 private:
  KeyedHash hash_;
  std::vector<std::span<const std::string_view>> lists_;
};

}  // namespace

std::vector<std::optional<std::string>> TextMask::Apply(std::span<const std::optional<std::string_view>> values) {
  std::vector<std::optional<std::string>> shown(values.size());
  std::string out;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] && Apply(*values[i], out)) shown[i] = out;
  }
  return shown;
}

size_t FirstCharacters(std::string_view text, size_t count) {
  size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += CharacterBytes(text, at);
  return at;
}

size_t LastCharacters(std::string_view text, size_t count) {
  size_t characters = 0;
  for (size_t at = 0; at < text.size(); at += CharacterBytes(text, at)) ++characters;
  return characters <= count ? 0 : FirstCharacters(text, characters - count);
}

std::unique_ptr<TextMask> NewFirstCharactersMask(size_t count) { return std::make_unique<FirstMask>(count); }
std::unique_ptr<TextMask> NewLastCharactersMask(size_t count) { return std::make_unique<LastMask>(count); }
std::unique_ptr<TextMask> NewConstantMask(std::string shown) {
  return std::make_unique<ConstantMask>(std::move(shown));
}
std::unique_ptr<TextMask> NewHashMask(const SecretKey& key, std::string_view domain) {
  return std::make_unique<HashMask>(key, domain);
}
std::unique_ptr<TextMask> NewTokenMask(const SecretKey& key, std::string_view domain) {
  return std::make_unique<TokenMask>(key, domain);
}

Result<std::unique_ptr<TextMask>> NewFormatPreservingMask(const SecretKey& key, std::string_view domain,
                                                          std::string_view format) {
  NL_ASSIGN_OR_RETURN(const auto known, FormatPreserving::FormatOf(format));
  return std::make_unique<FormatMask>(known, key, domain);
}

Result<std::unique_ptr<TextMask>> NewPseudonymMask(const SecretKey& key, std::string_view domain,
                                                   std::string_view kind) {
  auto mask = std::make_unique<PseudonymMask>(kind, key, domain);
  if (mask->known()) return mask;
  return MakeError(ErrorCode::kInvalidArgument, "a pseudonym is one of a person, given, family or city, not: {}", kind);
}

}  // namespace neurolake::privacy
