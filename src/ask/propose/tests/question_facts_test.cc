#include "ask/propose/question_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/tests/domains.h"
#include "ask/intent/intent_json.h"

namespace neurolake::ask {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

QuestionFacts Facts(std::string_view question) {
  const auto& domain = testing::Retail();
  return QuestionFacts::Of(question, domain.model, domain.values.get(), domain.time).value();
}

Intent Parsed(std::string_view json) { return DecodeIntent(json).value(); }

/// What is wrong with the intent; empty: nothing.
std::string Wrong(std::string_view question, std::string_view json) {
  Intent intent = Parsed(json);
  return Facts(question).Ground(intent).value_or("");
}

std::vector<std::string> Doubts(std::string_view question, std::string_view json) {
  Intent intent = Parsed(json);
  const auto facts = Facts(question);
  EXPECT_FALSE(facts.Ground(intent).has_value());
  return facts.Doubts(intent);
}

constexpr std::string_view kGerman =
    R"({"metrics":[{"metric":"revenue"}],"filters":[{"any_of":[{"field":{"entity":"customers","name":"country"},
    "values":["Germany"]}]}]})";

TEST(QuestionFactsTest, ValuesHaveToBeSaid) {
  EXPECT_EQ(Wrong("revenue from Germany", kGerman), "");
  EXPECT_EQ(Wrong("revenue from our best market", kGerman), "a value in a condition");
}

TEST(QuestionFactsTest, ValuesAreWrittenAsTheDataWritesThem) {
  Intent intent = Parsed(kGerman);
  intent.filters[0].any_of[0].values = {std::string("germany")};
  EXPECT_FALSE(Facts("revenue from germany").Ground(intent).has_value());
  EXPECT_EQ(intent.filters[0].any_of[0].values, std::vector<Literal>{std::string("Germany")});
}

TEST(QuestionFactsTest, NumbersHaveToBeSaid) {
  constexpr std::string_view kTop =
      R"({"metrics":[{"metric":"revenue"}],"dimensions":[{"field":{"entity":"products","name":"brand"}}],"rank":{"n":5}})";
  EXPECT_EQ(Wrong("the five brands that sell best", kTop), "");
  EXPECT_EQ(Wrong("the brands that sell best", kTop), "how many there are to be");
  constexpr std::string_view kAbove =
      R"({"metrics":[{"metric":"revenue"}],"dimensions":[{"field":{"entity":"products","name":"brand"}}],
      "having":[{"value":{"part":"metric","index":0},"op":"greater","operand":5000}]})";
  EXPECT_EQ(Wrong("brands that brought in over 5k", kAbove), "");
  EXPECT_EQ(Wrong("brands that brought in a lot", kAbove), "a number to compare with");
}

TEST(QuestionFactsTest, FlagsAndGapsHaveToBeNamed) {
  constexpr std::string_view kActive =
      R"({"metrics":[{"metric":"number_of_customers"}],"filters":[{"any_of":[{"field":{"entity":"customers","name":"active"},
      "values":[true]}]}]})";
  EXPECT_EQ(Wrong("how many active people buy here", kActive), "");
  EXPECT_EQ(Wrong("how many people buy here", kActive), "a condition");
  constexpr std::string_view kMissing =
      R"({"metrics":[{"metric":"number_of_customers"}],"filters":[{"any_of":[{"field":{"entity":"customers","name":"segment"},
      "op":"is_not_null"}]}]})";
  EXPECT_EQ(Wrong("how many people have a segment", kMissing), "");
  EXPECT_EQ(Wrong("how many people buy here", kMissing), "a condition");
}

TEST(QuestionFactsTest, TheOneAtAnEndHasToBeAskedFor) {
  constexpr std::string_view kTop =
      R"({"metrics":[{"metric":"revenue"}],"dimensions":[{"field":{"entity":"products","name":"brand"}}],"rank":{"n":1}})";
  EXPECT_THAT(Doubts("the brand that brought in the most revenue", kTop), IsEmpty());
  EXPECT_THAT(Doubts("the revenue that a brand brings in", kTop), Contains(HasSubstr("one of them")));
}

TEST(QuestionFactsTest, TimesHaveToBeSaid) {
  constexpr std::string_view kMonth =
      R"({"metrics":[{"metric":"revenue"}],"time":{"from":"2024-02-01","to":"2024-03-01"}})";
  EXPECT_EQ(Wrong("what came in last month", kMonth), "");
  EXPECT_EQ(Wrong("what came in last year", kMonth), "a range of time");
  EXPECT_EQ(Wrong("what came in", kMonth), "a range of time");
}

TEST(QuestionFactsTest, WhatIsLeftOutIsDoubted) {
  constexpr std::string_view kAll = R"({"metrics":[{"metric":"revenue"}]})";
  EXPECT_THAT(Doubts("what came in as revenue", kAll), IsEmpty());
  EXPECT_THAT(Doubts("revenue earned in Germany", kAll), Contains(HasSubstr("germany")));
  EXPECT_THAT(Doubts("revenue earned last month", kAll), Contains(HasSubstr("last month")));
  EXPECT_THAT(Doubts("revenue earned with 7 people", kAll), Contains(HasSubstr("7")));
  EXPECT_THAT(Doubts("revenue earned per category", kAll), Contains(HasSubstr("category")));
  EXPECT_THAT(Doubts("revenue earned without Germany", kGerman), Contains(HasSubstr("without")));
}

TEST(QuestionFactsTest, WhatIsSaidInFullIsNotDoubted) {
  EXPECT_THAT(Doubts("the turnover earned in Germany", R"({"metrics":[{"metric":"revenue"}],"filters":[{"any_of":[
      {"field":{"entity":"customers","name":"country"},"values":["Germany"]}]}]})"),
              IsEmpty());
}

}  // namespace
}  // namespace neurolake::ask
