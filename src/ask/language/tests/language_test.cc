#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/language/token.h"
#include "ask/language/words.h"

namespace neurolake::ask {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  for (const Token& token : TokenizeName(text)) words.push_back(token.word);
  return words;
}

TEST(TokenTest, FoldsCaseAccentsAndForms) {
  EXPECT_EQ(Fold("São  Ｐaulo"), "sao paulo");
  EXPECT_EQ(Fold("Straße"), "strasse");
  EXPECT_EQ(Fold("a\xff"
                 "b"),
            "a?b");
  EXPECT_EQ(Fold(""), "");
}

TEST(TokenTest, CutsWordsNumbersDatesAndQuotes) {
  EXPECT_THAT(Words("Region's sales, please!"), ElementsAre("region", "sales", ",", "please", "!"));
  EXPECT_THAT(Words("hasn't can't won't What's O'Hare customers'"),
              ElementsAre("has", "not", "can", "not", "will", "not", "what", "is", "ohare", "customers"));
  EXPECT_THAT(Words("year-to-date dep_delay"), ElementsAre("year", "-", "to", "-", "date", "dep", "delay"));
  EXPECT_THAT(Words("5,000 2.5M 2013-05-01 03/04/2024 1,2 10:30"),
              ElementsAre("5,000", "2.5m", "2013-05-01", "03/04/2024", "1", ",", "2", "10", ":", "30"));
  EXPECT_THAT(Words("\"Home Office\" “Tea” 'x y'"), ElementsAre("home office", "tea", "x y"));
  EXPECT_EQ(TokenizeName("'O'Hare'").at(0).text, "O'Hare");
  EXPECT_THAT(Words(">= <> $5"), ElementsAre(">=", "<>", "$", "5"));
  EXPECT_THAT(Words("U.S. sales"), ElementsAre("us", "sales"));
  EXPECT_EQ(TokenizeName("03/04/2024").at(0).kind, TokenKind::kDate);
  EXPECT_EQ(TokenizeName("3.5").at(0).kind, TokenKind::kNumber);
}

TEST(TokenTest, RefusesWhatIsTooLong) {
  EXPECT_EQ(Tokenize(std::string(kQuestionBytesMax + 1, 'a')).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Tokenize(std::string(kQuestionBytesMax, 'a')).has_value());
}

TEST(WordsTest, TakesPluralsOff) {
  EXPECT_EQ(Singular("countries"), "country");
  EXPECT_EQ(Singular("boxes"), "box");
  EXPECT_EQ(Singular("people"), "person");
  EXPECT_EQ(Singular("status"), "status");
  EXPECT_EQ(Singular("address"), "address");
  EXPECT_EQ(Singular("ups"), "ups");
  EXPECT_EQ(Stem("ordered"), Stem("orders"));
  EXPECT_EQ(Stem("shipping"), Stem("shipped"));
  EXPECT_NE(Stem("universe"), Stem("universities"));
}

TEST(WordsTest, ReadsNumbers) {
  const auto read = [](std::string_view text) {
    const auto tokens = TokenizeName(text);
    const auto number = ParseNumber(tokens);
    return number && number->tokens == tokens.size() ? std::optional(number->value) : std::nullopt;
  };
  EXPECT_EQ(read("5k"), 5000);
  EXPECT_EQ(read("2.5M"), 2.5e6);
  EXPECT_EQ(read("1.5 million"), 1.5e6);
  EXPECT_EQ(read("5,000"), 5000);
  EXPECT_EQ(read("30 %"), 30);
  EXPECT_EQ(read("30 percent"), 30);
  EXPECT_EQ(read("$5,000.50"), 5000.5);
  EXPECT_EQ(read("20 EUR"), 20);
  EXPECT_EQ(read("a dozen"), 12);
  EXPECT_EQ(read("two hundred and fifty"), 250);
  EXPECT_EQ(read("two thousand three hundred"), 2300);
  EXPECT_EQ(read("twenty five"), 25);
  EXPECT_EQ(read("-20"), -20);
  EXPECT_EQ(read("3rd"), 3);
  EXPECT_EQ(read("a"), std::nullopt);
  EXPECT_EQ(read("b6"), std::nullopt);
  EXPECT_TRUE(ParseNumber(TokenizeName("third"))->ordinal);
  EXPECT_FALSE(ParseNumber(TokenizeName("three"))->ordinal);
}

TEST(WordsTest, TakesSlipsForWordsButNotOtherWords) {
  EXPECT_TRUE(TypoCost("slaes", "sales"));
  EXPECT_TRUE(TypoCost("contry", "country"));
  EXPECT_TRUE(TypoCost("custmoers", "customers"));
  EXPECT_TRUE(TypoCost("averrage", "average"));
  EXPECT_FALSE(TypoCost("older", "order"));  // r and l are no neighbours.
  EXPECT_FALSE(TypoCost("males", "sales"));  // The first letter is right.
  EXPECT_FALSE(TypoCost("cost", "lost"));    // Too short.
  EXPECT_FALSE(TypoCost("b6", "b7"));
  EXPECT_FALSE(TypoCost("revenge", "revenue"));
  EXPECT_LT(*TypoCost("contry", "country"), *TypoCost("custmrs", "customrs") + 1);
}

TEST(WordsTest, FillersAreNoMeaning) {
  for (const std::string_view word : {"the", "please", "of", "bitte"}) EXPECT_TRUE(IsFiller(word)) << word;
  for (const std::string_view word :
       {"not", "without", "never", "except", "more", "or", "since", "before", "only", "why", "my", "this"})
    EXPECT_FALSE(IsFiller(word)) << word;
}

}  // namespace
}  // namespace neurolake::ask
