#include "privacy/format_preserving.h"

#include <gtest/gtest.h>

#include <set>

namespace neurolake::privacy {
namespace {

using Format = FormatPreserving::Format;

const SecretKey& Key() {
  static const SecretKey key = SecretKey::FromBytes(std::string(32, 'k')).value();
  return key;
}

std::optional<std::string> Encrypt(Format format, std::string_view text, std::string_view domain = "people") {
  FormatPreserving cipher(format, Key(), domain);
  std::string out, back;
  if (!cipher.Encrypt(text, out)) {
    EXPECT_EQ(out, "");
    return std::nullopt;
  }
  EXPECT_TRUE(cipher.Decrypt(out, back));
  EXPECT_EQ(back, text);
  EXPECT_EQ(out.size(), text.size());
  return out;
}

TEST(FormatPreservingTest, KeepsSeparatorsAndLengths) {
  const auto phone = Encrypt(Format::kPhone, "+49 (030) 901-820").value();
  for (size_t i = 0; i < phone.size(); ++i) {
    const char was = "+49 (030) 901-820"[i];
    EXPECT_EQ(std::isdigit(was) != 0, std::isdigit(phone[i]) != 0);
    if (std::isdigit(was) == 0) {
      EXPECT_EQ(was, phone[i]);
    }
  }
  EXPECT_NE(phone, "+49 (030) 901-820");
  const auto letters = Encrypt(Format::kAlphanumeric, "Ab12Cd34").value();
  EXPECT_EQ(letters.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
            std::string::npos);
  EXPECT_EQ(Encrypt(Format::kHex, "00ff00ff")->find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(Encrypt(Format::kUpper, "DE44500105")->find_first_of("abcdefghijklmnopqrstuvwxyz"), std::string::npos);
  EXPECT_TRUE(Encrypt(Format::kLower, "abc123").has_value());
}

TEST(FormatPreservingTest, CardsStayCards) {
  // Test numbers that card schemes publish.
  for (const std::string card : {"4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"}) {
    const auto shown = Encrypt(Format::kCard, card).value();
    std::vector<uint16_t> digits;
    for (const char c : shown) {
      if (c >= '0' && c <= '9') digits.push_back(static_cast<uint16_t>(c - '0'));
    }
    EXPECT_TRUE(HasLuhnDigit(digits)) << shown;
    EXPECT_NE(shown, card);
  }
  EXPECT_FALSE(Encrypt(Format::kCard, "4111 1111 1111 1112").has_value()) << "not a card";
}

TEST(FormatPreservingTest, WhatHasNotTheFormatIsNotShown) {
  EXPECT_FALSE(Encrypt(Format::kDigits, "12345").has_value()) << "fewer than a million values";
  EXPECT_TRUE(Encrypt(Format::kDigits, "123456").has_value());
  EXPECT_FALSE(Encrypt(Format::kDigits, "").has_value());
  EXPECT_FALSE(Encrypt(Format::kDigits, "123-456").has_value());
  EXPECT_FALSE(Encrypt(Format::kPhone, "call Bob 1234567").has_value());
  EXPECT_FALSE(Encrypt(Format::kPhone, "123+4567").has_value());
  EXPECT_FALSE(Encrypt(Format::kAlphanumeric, "Müller").has_value());
  EXPECT_FALSE(Encrypt(Format::kAlphanumeric, "abc").has_value());
  EXPECT_FALSE(Encrypt(Format::kUpper, "abcdef").has_value());
  EXPECT_FALSE(Encrypt(Format::kDigits, std::string(257, '1')).has_value());
  EXPECT_TRUE(Encrypt(Format::kDigits, std::string(256, '1')).has_value());
  EXPECT_FALSE(Encrypt(Format::kDigits, std::string_view("12345\0", 6)).has_value());
}

TEST(FormatPreservingTest, DomainsFormatsAndKeysDiffer) {
  const auto one = Encrypt(Format::kDigits, "1234567890");
  EXPECT_EQ(one, Encrypt(Format::kDigits, "1234567890"));
  EXPECT_NE(one, Encrypt(Format::kDigits, "1234567890", "orders"));
  EXPECT_NE(one, Encrypt(Format::kPhone, "1234567890"));
  FormatPreserving other(Format::kDigits, SecretKey::Random(), "people");
  std::string out;
  ASSERT_TRUE(other.Encrypt("1234567890", out));
  EXPECT_NE(one, out);
}

TEST(FormatPreservingTest, NamesOfFormats) {
  EXPECT_EQ(FormatPreserving::FormatOf("card").value(), Format::kCard);
  EXPECT_EQ(FormatPreserving::FormatOf("Card").error().code(), ErrorCode::kInvalidArgument);
}

TEST(NumberPermutationTest, IsOneAndComesBack) {
  for (const int bits : {20, 32, 63, 64}) {
    auto permutation = NumberPermutation::Make(Key(), "people", bits).value();
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < 1000; ++i) {
      const uint64_t value = i % 2 == 0 ? i : (uint64_t{1} << (bits - 1)) - 1 + i;
      const uint64_t token = permutation.Encrypt(value);
      EXPECT_TRUE(bits == 64 || token < uint64_t{1} << bits);
      EXPECT_TRUE(seen.insert(token).second);
      EXPECT_EQ(permutation.Decrypt(token), value);
    }
  }
  EXPECT_FALSE(NumberPermutation::Make(Key(), "people", 16).has_value());
  EXPECT_FALSE(NumberPermutation::Make(Key(), "people", 65).has_value());
}

}  // namespace
}  // namespace neurolake::privacy
