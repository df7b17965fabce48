#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "privacy/secret_key.h"

namespace neurolake::privacy {

/// Puts one text in the place of another. One thread at a time: each has its own, made from the same key.
class TextMask {
 public:
  virtual ~TextMask() = default;
  /// Writes into `out`, whose memory is used again; false: NULL.
  virtual bool Apply(std::string_view value, std::string& out) = 0;
  /// A column. NULL stays NULL.
  std::vector<std::optional<std::string>> Apply(std::span<const std::optional<std::string_view>> values);
};

/// Bytes of the text that hold its first `count` characters (code points). Bytes that are no UTF-8 count one each.
size_t FirstCharacters(std::string_view text, size_t count);
/// Position of the byte at which its last `count` characters begin.
size_t LastCharacters(std::string_view text, size_t count);

/// The first or last characters and four stars; four stars alone of a text that is no longer than what would be shown.
std::unique_ptr<TextMask> NewFirstCharactersMask(size_t count);
std::unique_ptr<TextMask> NewLastCharactersMask(size_t count);
/// The same text for every value.
std::unique_ptr<TextMask> NewConstantMask(std::string shown);

/// 64 lower-case hexadecimal digits: HMAC-SHA-256 of the value under a key of its own for `domain`. For the bound on
/// collisions see KeyedHash.
std::unique_ptr<TextMask> NewHashMask(const SecretKey& key, std::string_view domain);
/// "tok_" and 24 characters of RFC 4648's base 32, lower case: 120 bits of keyed BLAKE2b. The same value has the same
/// token in each table whose masks name the domain, and tokens of two domains do not compare. Of n different values any
/// two share a token with a chance below n² / 2^121: 2^-61 for a thousand million.
std::unique_ptr<TextMask> NewTokenMask(const SecretKey& key, std::string_view domain);
/// See FormatPreserving. Errors: kInvalidArgument for a format that is none.
Result<std::unique_ptr<TextMask>> NewFormatPreservingMask(const SecretKey& key, std::string_view domain,
                                                          std::string_view format);
/// A made-up name, chosen by the keyed hash from the product's lists: "person", "given", "family" or "city". Many
/// values share one, so that nobody can go back, with the key either. Errors: kInvalidArgument for a kind that is none.
Result<std::unique_ptr<TextMask>> NewPseudonymMask(const SecretKey& key, std::string_view domain,
                                                   std::string_view kind);

}  // namespace neurolake::privacy
