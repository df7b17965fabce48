#include "retrieval/terms.h"

#include <gmock/gmock.h>

namespace neurolake::retrieval {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TermsTest, PlainWordsAreInLowerCase) {
  EXPECT_THAT(TermsOf("Refunds take five days."), ElementsAre("refunds", "take", "five", "days"));
}

TEST(TermsTest, IdentifiersKeepTheirCaseAndGiveTheirParts) {
  EXPECT_THAT(TermsOf("custEmail_v2"), ElementsAre("custEmail_v2", "cust", "email", "v2"));
  EXPECT_THAT(TermsOf("HTTPServer"), ElementsAre("HTTPServer", "http", "server"));
  EXPECT_THAT(TermsOf("order_id"), ElementsAre("order_id", "order", "id"));
  EXPECT_THAT(TermsOf("EUR"), ElementsAre("EUR", "eur"));
}

TEST(TermsTest, DottedNamesGiveEachName) {
  EXPECT_THAT(TermsOf("shop.orders"), ElementsAre("shop.orders", "shop", "orders"));
  EXPECT_THAT(TermsOf("end of a sentence. Next"), ElementsAre("end", "of", "a", "sentence", "next"));
}

TEST(TermsTest, AnIdentifierIsNotAnotherOneOfOtherCase) {
  const auto terms = TermsOf("OrderId");
  EXPECT_EQ(std::ranges::count(terms, "OrderID"), 0);
  EXPECT_EQ(std::ranges::count(terms, "OrderId"), 1);
}

TEST(TermsTest, ScriptsWithoutSpacesGiveCharacters) {
  EXPECT_THAT(TermsOf("数据 lake"), ElementsAre("数", "据", "lake"));
}

TEST(TermsTest, LettersWithAccentsStayInTheirWord) { EXPECT_THAT(TermsOf("Zürich"), ElementsAre("zürich")); }

TEST(TermsTest, PunctuationIsNoLetter) {
  EXPECT_THAT(TermsOf("\u201Crefunds\u201D \u2013 soon\u2026\u00A0now"), ElementsAre("refunds", "soon", "now"));
}

TEST(TermsTest, NothingGivesNothing) {
  EXPECT_THAT(TermsOf(""), IsEmpty());
  EXPECT_THAT(TermsOf(" ... ?! "), IsEmpty());
}

TEST(TermsTest, TermsAreCutOffAtABound) {
  const auto terms = TermsOf(std::string(100'000, 'a'));
  ASSERT_EQ(terms.size(), 1U);
  EXPECT_EQ(terms[0].size(), 128U);
}

TEST(TermsTest, BytesThatAreNoTextAreTaken) {
  EXPECT_NO_THROW(TermsOf("\xE2\xFF\xF0\x80 x\xC3"));
  EXPECT_FALSE(TermsOf("\xFF\xFE").empty());
}

TEST(TermsTest, AQuestionIsItsTellingWords) {
  EXPECT_THAT(QuestionTermsOf("How late was the plane?"), ElementsAre("late", "plane"));
  EXPECT_THAT(QuestionTermsOf("what is that"), ElementsAre("what", "is", "that"));
  // Of identifiers nothing is left out.
  EXPECT_THAT(QuestionTermsOf("what is cust_id"), ElementsAre("cust_id", "cust", "id"));
}

TEST(TermsTest, AQuestionsIdentifiersAreKeptFromTheModelOfMeanings) {
  EXPECT_EQ(WithoutIdentifiers("what does cust_email mean"), "what does  mean");
  EXPECT_EQ(WithoutIdentifiers("delay in shop.flights of GDP"), "delay in  of GDP");
  EXPECT_EQ(WithoutIdentifiers("cust_email"), "cust_email");
}

}  // namespace
}  // namespace neurolake::retrieval
