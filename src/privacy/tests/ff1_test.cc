#include "privacy/ff1.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "privacy/tests/hex.h"

namespace neurolake::privacy {
namespace {

std::vector<uint16_t> Numerals(std::string_view text) {
  std::vector<uint16_t> numerals;
  for (const char c : text) numerals.push_back(static_cast<uint16_t>(c <= '9' ? c - '0' : c - 'a' + 10));
  return numerals;
}

struct Sample {
  std::string key, tweak;
  uint32_t radix;
  std::string plain, cipher;
};

constexpr const char* kKey128 = "2b7e151628aed2a6abf7158809cf4f3c";
constexpr const char* kKey192 = "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f";
constexpr const char* kKey256 = "2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94";

// NIST, "Examples with intermediate values", FF1samples: all nine.
TEST(Ff1Test, GivesTheSamplesOfNist) {
  const Sample samples[] = {{kKey128, "", 10, "0123456789", "2433477484"},
                            {kKey128, "39383736353433323130", 10, "0123456789", "6124200773"},
                            {kKey128, "3737373770717273373737", 36, "0123456789abcdefghi", "a9tv40mll9kdu509eum"},
                            {kKey192, "", 10, "0123456789", "2830668132"},
                            {kKey192, "39383736353433323130", 10, "0123456789", "2496655549"},
                            {kKey192, "3737373770717273373737", 36, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"},
                            {kKey256, "", 10, "0123456789", "6657667009"},
                            {kKey256, "39383736353433323130", 10, "0123456789", "1001623463"},
                            {kKey256, "3737373770717273373737", 36, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"}};
  for (const Sample& sample : samples) {
    Ff1 ff1 = Ff1::Make(FromHex(sample.key), sample.radix).value();
    auto numerals = Numerals(sample.plain);
    ASSERT_TRUE(ff1.Encrypt(numerals, FromHex(sample.tweak)).has_value());
    EXPECT_EQ(numerals, Numerals(sample.cipher)) << sample.cipher;
    ASSERT_TRUE(ff1.Decrypt(numerals, FromHex(sample.tweak)).has_value());
    EXPECT_EQ(numerals, Numerals(sample.plain));
  }
}

TEST(Ff1Test, ComesBackForAllRadixesAndLengths) {
  std::mt19937 random(20261121);
  for (const uint32_t radix : {2u, 3u, 7u, 10u, 26u, 36u, 62u, 100u, 255u, 256u, 257u, 1000u, 65535u, 65536u}) {
    Ff1 ff1 = Ff1::Make(FromHex(kKey256), radix).value();
    for (const size_t more : {0, 1, 2, 7, 8, 20, 31, 56, 57, 58, 90, 301}) {
      std::vector<uint16_t> plain(ff1.numerals_min() + more);
      for (auto& numeral : plain) numeral = static_cast<uint16_t>(random() % radix);
      const std::string tweak(random() % 40, 't');
      auto numerals = plain;
      ASSERT_TRUE(ff1.Encrypt(numerals, tweak).has_value());
      EXPECT_TRUE(std::ranges::all_of(numerals, [&](uint16_t one) { return one < radix; }));
      EXPECT_NE(numerals, plain);
      auto other = plain;
      ASSERT_TRUE(ff1.Encrypt(other, tweak + "x").has_value());
      EXPECT_NE(numerals, other) << "radix " << radix << " length " << plain.size();
      ASSERT_TRUE(ff1.Decrypt(numerals, tweak).has_value());
      EXPECT_EQ(numerals, plain) << "radix " << radix << " length " << plain.size();
    }
  }
}

TEST(Ff1Test, IsAPermutation) {
  Ff1 ff1 = Ff1::Make(FromHex(kKey128), 10).value();
  std::set<std::vector<uint16_t>> seen;
  for (int i = 0; i < 20'000; ++i) {
    auto numerals = Numerals(fmt::format("{:06}", i * 37));
    ASSERT_TRUE(ff1.Encrypt(numerals, "").has_value());
    EXPECT_TRUE(seen.insert(numerals).second);
  }
}

TEST(Ff1Test, RefusesSmallDomains) {
  const std::pair<uint32_t, size_t> fewest[] = {{2, 20}, {10, 6},  {16, 5},   {36, 4},
                                                {62, 4}, {100, 3}, {1000, 2}, {65536, 2}};
  for (const auto& [radix, count] : fewest) {
    Ff1 ff1 = Ff1::Make(FromHex(kKey128), radix).value();
    EXPECT_EQ(ff1.numerals_min(), count) << radix;
    std::vector<uint16_t> numerals(count - 1);
    EXPECT_EQ(ff1.Encrypt(numerals, "").error().code(), ErrorCode::kInvalidArgument) << radix;
    EXPECT_FALSE(ff1.Decrypt(numerals, "").has_value());
    numerals.push_back(0);
    EXPECT_TRUE(ff1.Encrypt(numerals, "").has_value()) << radix;
  }
}

TEST(Ff1Test, RefusesWhatIsNoInput) {
  EXPECT_FALSE(Ff1::Make(std::string(15, 'k'), 10).has_value());
  EXPECT_FALSE(Ff1::Make(std::string(16, 'k'), 1).has_value());
  EXPECT_FALSE(Ff1::Make(std::string(16, 'k'), 65537).has_value());
  Ff1 ff1 = Ff1::Make(std::string(16, 'k'), 10).value();
  std::vector<uint16_t> numerals = Numerals("123456");
  numerals[3] = 10;
  const auto refused = ff1.Encrypt(numerals, "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(numerals[0], 1) << "nothing was changed";
  std::vector<uint16_t> most(Ff1::kNumeralsMax + 1);
  EXPECT_FALSE(ff1.Encrypt(most, "").has_value());
  numerals[3] = 1;
  EXPECT_FALSE(ff1.Encrypt(numerals, std::string(Ff1::kTweakBytesMax + 1, 't')).has_value());
}

}  // namespace
}  // namespace neurolake::privacy
