#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/tests/domains.h"

namespace neurolake::ask::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Read(const Domain& domain, std::string_view question) {
  const Understanding result = domain.Ask(question);
  if (result.status == Status::kAnswered) return result.readings[0].text;
  std::string open = result.status == Status::kClarify ? "asked back" : "refused: " + result.reason;
  for (const Reading& reading : result.readings) open += "; " + reading.text;
  return open;
}

TEST(ThingsTest, AnAdjectiveRanksRowsByWhatItMeasures) {
  const std::string price = Read(Retail(), "most expensive product");
  EXPECT_THAT(price, HasSubstr("rows of products"));
  EXPECT_THAT(price, HasSubstr("the first 1, sorted by price downwards"));
  EXPECT_EQ(Read(Retail(), "what is the most expensive product"), price);
  EXPECT_THAT(Read(Retail(), "3 cheapest products"), HasSubstr("the first 3, sorted by price upwards"));
  EXPECT_THAT(Read(Retail(), "the least expensive product"), HasSubstr("the first 1, sorted by price upwards"));
  EXPECT_THAT(Read(Retail(), "second most expensive product"), HasSubstr("only number 2, sorted by price downwards"));
  EXPECT_THAT(Read(Retail(), "5 latest orders in Germany"), HasSubstr("the first 5, sorted by order date downwards"));
  EXPECT_THAT(Read(Retail(), "latest 5 orders in Germany"), HasSubstr("the first 5, sorted by order date downwards"));
  // Nothing of a customer is a weight, how many is open, and a number beside it is another question.
  EXPECT_THAT(Read(Retail(), "heaviest customer"), Not(HasSubstr("rows of")));
  EXPECT_THAT(Read(Retail(), "latest orders"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "revenue of the most expensive product"), HasSubstr("refused"));
}

TEST(ThingsTest, WhatHappenedIsCountedByItsTime) {
  EXPECT_EQ(Read(Retail(), "sign-ups in 2023"), Read(Retail(), "new customers in 2023"));
  EXPECT_THAT(Read(Retail(), "sign-ups by month"), HasSubstr("number of customers by month, by signup date"));
  EXPECT_THAT(Read(Retail(), "shipments by month"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "new customers"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "new products in 2023"), HasSubstr("refused"));
}

TEST(ThingsTest, WhatWasNotDoneHasNoTime) {
  EXPECT_THAT(Read(Retail(), "orders that have not been shipped"), HasSubstr("where ship date is missing"));
  EXPECT_EQ(Read(Retail(), "unshipped orders"), Read(Retail(), "orders not yet shipped"));
  EXPECT_THAT(Read(Retail(), "inactive customers"), HasSubstr("where active is no"));
  EXPECT_THAT(Read(Retail(), "unpaid orders"), HasSubstr("where status is not “paid”"));
  EXPECT_THAT(Read(Retail(), "undelivered orders"), HasSubstr("refused"));
}

TEST(ThingsTest, PerOneOfThemDivides) {
  EXPECT_THAT(Read(Retail(), "average units per order"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "average revenue per customer"), HasSubstr("divided by number of different"));
  EXPECT_THAT(Read(Retail(), "revenue per customer by channel"), HasSubstr("divided by number of different"));
  EXPECT_THAT(Read(Retail(), "revenue per customer"), HasSubstr("asked back"));
  EXPECT_THAT(Read(Retail(), "revenue per country"), Not(HasSubstr("divided")));
  EXPECT_THAT(Read(Retail(), "revenue by customer"), Not(HasSubstr("divided")));
}

TEST(ThingsTest, DifferentOnesOfATimeAreThoseThatDidSomethingInIt) {
  EXPECT_EQ(Read(Retail(), "distinct customers per month"), "number of different customers name in orders by month");
  EXPECT_EQ(Read(Retail(), "number of distinct customers"), "number of customers");
}

TEST(ThingsTest, SumsAreOfWhatAddsUp) {
  semantic::SemanticModel model = Retail().model;
  semantic::Measure average{};
  average.name = average.label = "average_price";
  average.aggregation = semantic::Aggregation::kAverage;
  average.expr = "price";
  model.entities[3].measures.push_back(average);
  const Linker linker(model, Retail().values.get());
  const Understander understander(model, linker);
  EXPECT_EQ(understander.Understand("sum of price", Retail().time)->status, Status::kAbstained);
  EXPECT_EQ(understander.Understand("average price", Retail().time)->status, Status::kAnswered);
  EXPECT_EQ(Retail().Ask("sum of price").status, Status::kAnswered);
}

TEST(ThingsTest, TheBestAreRankedByANumberThatIsSaid) {
  EXPECT_THAT(Read(Retail(), "best customers"), HasSubstr("asked back"));
  EXPECT_THAT(Read(Retail(), "best customers"), Not(HasSubstr("number of customers")));
  EXPECT_THAT(Read(Retail(), "best customer by revenue"), HasSubstr("the top 1 by revenue"));
}

TEST(ThingsTest, TwoNounsSideBySideAreNotOneOfThem) {
  EXPECT_THAT(Read(Retail(), "revenue by customer orders"), HasSubstr("refused"));
  EXPECT_THAT(Read(Retail(), "revenue of customers in Germany"), HasSubstr("where country is “Germany”"));
}

TEST(ThingsTest, ATimeBehindWhatWasNotDoneMayBeThatOfTheSubject) {
  EXPECT_THAT(Read(Retail(), "orders without returns in 2023"), HasSubstr("asked back"));
  EXPECT_THAT(Read(Retail(), "customers without orders in 2023"), HasSubstr("only customers without orders (2023"));
}

}  // namespace
}  // namespace neurolake::ask::testing
