#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/internal/second_look.h"
#include "ask/grammar/tests/domains.h"

namespace neurolake::ask::testing {
namespace {

using ::testing::HasSubstr;

std::string Read(const Domain& domain, std::string_view question, const Intent* previous = nullptr) {
  const Understanding result = domain.Ask(question, previous);
  if (result.status != Status::kAnswered) return "refused: " + result.reason;
  return result.readings[0].text;
}

TEST(ClassesTest, TheShareOfThoseThatAreSoIsSetAgainstAll) {
  for (const char* question : {"what percentage of orders is paid", "what share of orders are paid",
                               "share of paid orders", "paid share of orders"}) {
    EXPECT_THAT(Read(Retail(), question), HasSubstr("the share of these among all")) << question;
    EXPECT_THAT(Read(Retail(), question), HasSubstr("where status is “paid”")) << question;
  }
  EXPECT_THAT(Read(Retail(), "Germany's share of revenue by month"), HasSubstr("by month"));
  EXPECT_THAT(Read(Retail(), "Germany's share of revenue by month"), HasSubstr("the share of these among all"));
  // An average has no parts, and a value is no part of itself.
  EXPECT_THAT(Read(Retail(), "Germany's share of average order value"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "Germany's share of revenue by country"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "share of paid orders by country"), HasSubstr("refused"));
}

TEST(ClassesTest, ANounInAListOfNumbersIsOneOfThem) {
  EXPECT_THAT(Read(Retail(), "customers, orders and revenue by country"),
              HasSubstr("customers and orders and revenue"));
  EXPECT_THAT(Read(Retail(), "revenue by country and channel"), HasSubstr("by country and channel"));
}

TEST(ClassesTest, NegationTakesWhateverStandsBetween) {
  EXPECT_THAT(Read(Retail(), "customers not from Germany or France"), HasSubstr("is not “France” or “Germany”"));
  EXPECT_THAT(Read(Retail(), "orders neither in Germany nor in France"), HasSubstr("is not “France” or “Germany”"));
  EXPECT_THAT(Read(Retail(), "orders neither in Germany"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "customers that are neither in Germany nor France"),
              HasSubstr("is not “France” or “Germany”"));
  EXPECT_THAT(Read(Retail(), "all countries but Germany: revenue"), HasSubstr("is not “Germany”"));
}

TEST(ClassesTest, TimesAreComparedByWordsInAnyOrder) {
  EXPECT_THAT(Read(Retail(), "revenue in February compared to the same month a year ago"), HasSubstr("1 year before"));
  EXPECT_THAT(Read(Retail(), "revenue last month vs month before"), HasSubstr("compared with the period before"));
  EXPECT_THAT(Read(Retail(), "revenue in the last 4 weeks against the 4 weeks before"),
              HasSubstr("compared with the period before"));
  EXPECT_THAT(Read(Retail(), "revenue in the last 4 weeks against the 3 weeks before"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "revenue this year vs last year so far"), HasSubstr("2024-01-01 to before 2024-03-16"));
  EXPECT_THAT(Read(Retail(), "how many more orders in 2023 than in 2022"), HasSubstr("(difference)"));
  // A week is compared with the week of that number.
  EXPECT_THAT(Read(Retail(), "revenue last week vs same week last year"), HasSubstr("2023-03-06 to before 2023-03-13"));
}

TEST(ClassesTest, BestAndWorstGoByWhatTheNumberIs) {
  EXPECT_THAT(Read(Retail(), "ten best customers by revenue"), HasSubstr("the top 10 by revenue"));
  EXPECT_THAT(Read(Flights(), "3 carriers with the worst average departure delay"), HasSubstr("the top 3"));
  EXPECT_THAT(Read(Flights(), "3 carriers with the best average departure delay"), HasSubstr("the bottom 3"));
}

TEST(ClassesTest, AConditionOnWhatARowHasIsAConditionOnRows) {
  EXPECT_THAT(Read(Retail(), "countries with revenue over 5k"), HasSubstr("only"));
  EXPECT_THAT(Read(Retail(), "orders with a discount over 10"), HasSubstr("where discount above 10"));
}

TEST(ClassesTest, FollowUpsReferSortAndAdd) {
  const Intent before = Retail().Ask("revenue by country last month").readings.at(0).intent;
  EXPECT_THAT(Read(Retail(), "their average order value", &before), HasSubstr("average order value by country"));
  EXPECT_THAT(Read(Retail(), "their average order value"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "and orders?", &before), HasSubstr("revenue and orders by country"));
  EXPECT_THAT(Read(Retail(), "and orders?"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "sort ascending", &before), HasSubstr("upwards"));
  EXPECT_THAT(Read(Retail(), "sorted by segment", &before), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "as a share of the total", &before), HasSubstr("share of the total"));
  const Intent top = Retail().Ask("top 5 countries by revenue").readings.at(0).intent;
  EXPECT_THAT(Read(Retail(), "make it 2", &top), HasSubstr("the top 2"));
  EXPECT_THAT(Read(Retail(), "make it 2", &before), HasSubstr("refused"));
}

TEST(ClassesTest, WordsThatTellTheTimeAreNoMisspellings) {
  EXPECT_THAT(Read(Retail(), "last order date by country"), HasSubstr("max of order date by country"));
  EXPECT_THAT(Read(Retail(), "first revenue by country"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "orders on the last day of each month"), HasSubstr("refused"));
}

TEST(ClassesTest, WhenSomethingWasLastIsSaidOfWhatHasATime) {
  EXPECT_THAT(Read(Retail(), "when was the last order"), HasSubstr("max of order date"));
  EXPECT_THAT(Read(Retail(), "when was the last order shipped"), HasSubstr("max of ship date"));
  EXPECT_THAT(Read(Retail(), "when was the first order in Germany"), HasSubstr("min of order date"));
  for (const char* question :
       {"when was the last product", "when was the last flurb", "when was the second last order",
        "when was the last order returned", "when was the last big order", "when was the last"}) {
    EXPECT_THAT(Read(Retail(), question), HasSubstr("refused")) << question;
  }
}

TEST(SecondLookTest, FindsWhatAReadingDoesNotSay) {
  const auto left_out = [](std::string_view question, const Intent& intent) {
    const auto tokens = Tokenize(question);
    return LeftOut(*tokens, Retail().linker->Find(*tokens), intent, Retail().time, Retail().model);
  };
  Intent intent = Retail().Ask("orders in Germany").readings.at(0).intent;
  EXPECT_EQ(left_out("orders in Germany", intent), std::nullopt);
  EXPECT_NE(left_out("orders not in Germany", intent), std::nullopt);
  EXPECT_NE(left_out("orders over 12 in Germany", intent), std::nullopt);
  EXPECT_NE(left_out("most orders in Germany", intent), std::nullopt);
  intent = Retail().Ask("top 5 customers by revenue in the last 7 days").readings.at(0).intent;
  EXPECT_EQ(left_out("top 5 customers by revenue in the last 7 days", intent), std::nullopt);
  EXPECT_NE(left_out("top 6 customers by revenue in the last 7 days", intent), std::nullopt);
  intent = Retail().Ask("revenue in 2023 compared to 2022").readings.at(0).intent;
  EXPECT_EQ(left_out("revenue in 2023 compared to 2022", intent), std::nullopt);
  EXPECT_NE(left_out("revenue in 2023 compared to 2019", intent), std::nullopt);
}

}  // namespace
}  // namespace neurolake::ask::testing
