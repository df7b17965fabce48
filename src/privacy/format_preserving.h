#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "privacy/ff1.h"
#include "privacy/secret_key.h"

namespace neurolake::privacy {

/// Encrypts texts into texts of the same format by FF1: same length, same separators in the same places. Reversible
/// with the key alone. The tweak is the format and the domain, so that texts of two domains do not compare.
/// A text without the format (another character, too short for Ff1::kDomainMin values, longer than kCharactersMax) has
/// no encryption: the caller shows NULL, neither the value nor an error that would tell of it.
/// One thread at a time. Source: docs/masking.md, "Formats".
class FormatPreserving {
 public:
  enum class Format : uint8_t {
    kDigits,        ///< 0-9; everything else has no format.
    kAlphanumeric,  ///< 0-9A-Za-z, one alphabet of 62: a digit may become a letter.
    kUpper,         ///< 0-9A-Z.
    kLower,         ///< 0-9a-z.
    kHex,           ///< 0-9a-f.
    kCard,          ///< Digits between separators, the last one the Luhn check digit, which is right again.
    kPhone,         ///< Digits between separators, "+" in front.
  };
  static constexpr size_t kCharactersMax = 256;

  /// "digits", "alphanumeric", "upper", "lower", "hex", "card", "phone". Errors: kInvalidArgument, with the list.
  static Result<Format> FormatOf(std::string_view name);

  FormatPreserving(Format format, const SecretKey& key, std::string_view domain);

  /// Writes into `out`, whose memory is used again. False: `text` has not the format, `out` is empty.
  bool Encrypt(std::string_view text, std::string& out) { return Run(text, out, true); }
  bool Decrypt(std::string_view text, std::string& out) { return Run(text, out, false); }

 private:
  bool Run(std::string_view text, std::string& out, bool forward);
  bool Read(std::string_view text);

  const Format format_;
  const std::string_view alphabet_;
  Ff1 ff1_;
  std::string tweak_;
  std::vector<uint16_t> numerals_;
  std::vector<size_t> places_;
};

/// Whether the digits end in their check digit. Source: ISO/IEC 7812-1, Annex B.
bool HasLuhnDigit(std::span<const uint16_t> digits);
uint16_t LuhnDigit(std::span<const uint16_t> digits_before);

/// A keyed permutation of all numbers of a width, by FF1 with radix 2: tokens of numbers never collide, so that they
/// join. One thread at a time.
class NumberPermutation {
 public:
  /// `bits`: 20 to 64, as fewer values could be enumerated. Errors: kInvalidArgument.
  static Result<NumberPermutation> Make(const SecretKey& key, std::string_view domain, int bits);
  uint64_t Encrypt(uint64_t value) { return Run(value, true); }
  uint64_t Decrypt(uint64_t value) { return Run(value, false); }

 private:
  NumberPermutation(Ff1 ff1, std::string tweak, int bits)
      : ff1_(std::move(ff1)), tweak_(std::move(tweak)), numerals_(static_cast<size_t>(bits)) {}
  uint64_t Run(uint64_t value, bool forward);

  Ff1 ff1_;
  std::string tweak_;
  std::vector<uint16_t> numerals_;
};

}  // namespace neurolake::privacy
