#include "privacy/format_preserving.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "common/check.h"

namespace neurolake::privacy {
namespace {

using Format = FormatPreserving::Format;

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kLowerAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kSeparators = " -./()";
constexpr std::array<std::pair<std::string_view, Format>, 7> kFormats = {{{"digits", Format::kDigits},
                                                                          {"alphanumeric", Format::kAlphanumeric},
                                                                          {"upper", Format::kUpper},
                                                                          {"lower", Format::kLower},
                                                                          {"hex", Format::kHex},
                                                                          {"card", Format::kCard},
                                                                          {"phone", Format::kPhone}}};

std::string_view AlphabetOf(Format format) {
  switch (format) {
    case Format::kDigits:
    case Format::kCard:
    case Format::kPhone: return kAlphabet.substr(0, 10);
    case Format::kAlphanumeric: return kAlphabet;
    case Format::kUpper: return kAlphabet.substr(0, 36);
    case Format::kLower: return kLowerAlphabet;
    case Format::kHex: return kLowerAlphabet.substr(0, 16);
  }
  NL_UNREACHABLE();
}

std::string_view NameOf(Format format) {
  return std::ranges::find(kFormats, format, &std::pair<std::string_view, Format>::second)->first;
}

bool IsSeparator(Format format, char c, size_t place) {
  if (format != Format::kCard && format != Format::kPhone) return false;
  return kSeparators.contains(c) || (format == Format::kPhone && c == '+' && place == 0);
}

// A zero byte between the parts: no format has one.
std::string TweakOf(std::string_view format, std::string_view domain) {
  std::string tweak(format);
  tweak += '\0';
  tweak += domain;
  return tweak;
}

Ff1 Cipher(const SecretKey& key, uint32_t radix) {
  auto ff1 = Ff1::Make(key.Derive("neurolake ff1", "").view(), radix);
  NL_CHECK(ff1.has_value());
  return std::move(*ff1);
}

}  // namespace

Result<Format> FormatPreserving::FormatOf(std::string_view name) {
  const auto found = std::ranges::find(kFormats, name, &std::pair<std::string_view, Format>::first);
  if (found != kFormats.end()) return found->second;
  return MakeError(ErrorCode::kInvalidArgument,
                   "a format is digits, alphanumeric, upper, lower, hex, card or phone, not: {}", name);
}

uint16_t LuhnDigit(std::span<const uint16_t> digits_before) {
  unsigned sum = 0;
  bool doubled = true;
  for (size_t i = digits_before.size(); i-- > 0; doubled = !doubled) {
    const unsigned digit = digits_before[i] * (doubled ? 2u : 1u);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return static_cast<uint16_t>((10 - sum % 10) % 10);
}

bool HasLuhnDigit(std::span<const uint16_t> digits) {
  return !digits.empty() && LuhnDigit(digits.first(digits.size() - 1)) == digits.back();
}

FormatPreserving::FormatPreserving(Format format, const SecretKey& key, std::string_view domain)
    : format_(format),
      alphabet_(AlphabetOf(format)),
      ff1_(Cipher(key, static_cast<uint32_t>(alphabet_.size()))),
      tweak_(TweakOf(NameOf(format), domain)) {}

/// Takes the text apart into numerals and their places.
bool FormatPreserving::Read(std::string_view text) {
  numerals_.clear();
  places_.clear();
  if (text.size() > kCharactersMax) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsSeparator(format_, text[i], i)) continue;
    const size_t numeral = alphabet_.find(text[i]);
    if (numeral == std::string_view::npos) return false;
    numerals_.push_back(static_cast<uint16_t>(numeral));
    places_.push_back(i);
  }
  return true;
}

bool FormatPreserving::Run(std::string_view text, std::string& out, bool forward) {
  out.clear();
  if (!Read(text)) return false;
  std::span<uint16_t> body(numerals_);
  if (format_ == Format::kCard) {
    if (!HasLuhnDigit(body)) return false;
    body = body.first(body.size() - 1);
  }
  if (body.size() < ff1_.numerals_min()) return false;
  const auto done = forward ? ff1_.Encrypt(body, tweak_) : ff1_.Decrypt(body, tweak_);
  NL_CHECK(done.has_value());
  if (format_ == Format::kCard) numerals_.back() = LuhnDigit(body);
  out = text;
  for (size_t i = 0; i < places_.size(); ++i) out[places_[i]] = alphabet_[numerals_[i]];
  return true;
}

Result<NumberPermutation> NumberPermutation::Make(const SecretKey& key, std::string_view domain, int bits) {
  if (bits < 20 || bits > 64) {
    return MakeError(ErrorCode::kInvalidArgument, "a permutation of numbers needs 20 to 64 bits, not {}", bits);
  }
  return NumberPermutation(Cipher(key, 2), TweakOf(fmt::format("int{}", bits), domain), bits);
}

uint64_t NumberPermutation::Run(uint64_t value, bool forward) {
  const size_t bits = numerals_.size();
  for (size_t i = 0; i < bits; ++i) numerals_[i] = static_cast<uint16_t>(value >> (bits - 1 - i) & 1);
  const auto done = forward ? ff1_.Encrypt(numerals_, tweak_) : ff1_.Decrypt(numerals_, tweak_);
  NL_CHECK(done.has_value());
  uint64_t moved = 0;
  for (const uint16_t numeral : numerals_) moved = moved << 1 | numeral;
  return moved;
}

}  // namespace neurolake::privacy
