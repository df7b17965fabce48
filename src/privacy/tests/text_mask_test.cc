#include "privacy/text_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/text.h"

namespace neurolake::privacy {
namespace {

using testing::MatchesRegex;

std::string Shown(TextMask& mask, std::string_view value) {
  std::string out = "left from before";
  return mask.Apply(value, out) ? out : "NULL";
}

SecretKey Key(char c = 'k') { return SecretKey::FromBytes(std::string(32, c)).value(); }

TEST(TextMaskTest, FirstAndLastCharacters) {
  const auto first = NewFirstCharactersMask(2), last = NewLastCharactersMask(2);
  EXPECT_EQ(Shown(*first, "Anna"), "An****");
  EXPECT_EQ(Shown(*last, "Anna"), "****na");
  for (const char* short_text : {"", "A", "An"}) {
    EXPECT_EQ(Shown(*first, short_text), "****") << short_text;
    EXPECT_EQ(Shown(*last, short_text), "****") << short_text;
  }
  EXPECT_EQ(Shown(*first, "Åsaé"), "Ås****");
  EXPECT_EQ(Shown(*last, "x日本語"), "****本語");
  EXPECT_EQ(Shown(*NewFirstCharactersMask(0), "Anna"), "****");
  EXPECT_EQ(Shown(*NewLastCharactersMask(0), "Anna"), "****");
  // No UTF-8: it must not read beyond the end.
  EXPECT_EQ(Shown(*first, "\xF0"), "****");
  EXPECT_EQ(Shown(*first, "\xF0\xF0\xF0"), "\xF0\xF0****");
}

TEST(TextMaskTest, ColumnsKeepNull) {
  const auto mask = NewConstantMask("[redacted]");
  const std::vector<std::optional<std::string_view>> values = {"a", std::nullopt, ""};
  EXPECT_THAT(mask->Apply(std::span(values)), testing::ElementsAre("[redacted]", std::nullopt, "[redacted]"));
}

TEST(TextMaskTest, TokensJoinWithinADomain) {
  const auto one = NewTokenMask(Key(), "people"), two = NewTokenMask(Key(), "people");
  const std::string token = Shown(*one, "ann@example.org");
  EXPECT_THAT(token, MatchesRegex("tok_[a-z2-7]{24}"));
  EXPECT_EQ(token, Shown(*two, "ann@example.org"));
  EXPECT_NE(token, Shown(*one, "Ann@example.org"));
  EXPECT_NE(token, Shown(*NewTokenMask(Key(), "orders"), "ann@example.org"));
  EXPECT_NE(token, Shown(*NewTokenMask(Key('l'), "people"), "ann@example.org"));
  EXPECT_THAT(Shown(*one, ""), MatchesRegex("tok_[a-z2-7]{24}"));
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(Shown(*one, std::to_string(i))).second);
}

TEST(TextMaskTest, HashesAreKeyedAndNotTokens) {
  const auto hash = NewHashMask(Key(), "people");
  EXPECT_THAT(Shown(*hash, "ann"), MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(Shown(*hash, "ann"), Shown(*hash, "ann"));
  EXPECT_NE(Shown(*hash, "ann"), Shown(*NewHashMask(Key('l'), "people"), "ann"));
  EXPECT_NE(Shown(*hash, "ann"), Shown(*NewHashMask(Key(), "orders"), "ann"));
  // Of the value alone everybody could compute it.
  EXPECT_NE(Shown(*hash, "ann"), Sha256Hex("ann"));
}

TEST(TextMaskTest, PseudonymsAreShared) {
  const auto mask = NewPseudonymMask(Key(), "people", "person").value();
  EXPECT_THAT(Shown(*mask, "ann"), MatchesRegex("[^ ]+ [^ ]+"));
  EXPECT_EQ(Shown(*mask, "ann"), Shown(*mask, "ann"));
  const auto given = NewPseudonymMask(Key(), "people", "given").value();
  std::map<std::string, int> seen;
  constexpr int kValues = 18'000;
  for (int i = 0; i < kValues; ++i) ++seen[Shown(*given, std::to_string(i))];
  // 180 names, 100 values each on average: every name is used, none by far too often.
  EXPECT_EQ(seen.size(), 180u);
  for (const auto& [name, count] : seen) EXPECT_TRUE(count > 50 && count < 160) << name << " " << count;
  EXPECT_FALSE(NewPseudonymMask(Key(), "people", "dog").has_value());
  EXPECT_TRUE(NewPseudonymMask(Key(), "people", "city").has_value());
}

TEST(TextMaskTest, FormatPreservingMaskShowsNullWithoutTheFormat) {
  const auto mask = NewFormatPreservingMask(Key(), "cards", "card").value();
  EXPECT_EQ(Shown(*mask, "no card"), "NULL");
  EXPECT_THAT(Shown(*mask, "4111-1111-1111-1111"), MatchesRegex("[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{4}"));
  EXPECT_FALSE(NewFormatPreservingMask(Key(), "cards", "nonsense").has_value());
}

}  // namespace
}  // namespace neurolake::privacy
