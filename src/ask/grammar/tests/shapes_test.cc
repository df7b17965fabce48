#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/tests/domains.h"

namespace neurolake::ask::testing {
namespace {

std::string Read(const Domain& domain, std::string_view question, const Intent* previous = nullptr) {
  const Understanding result = domain.Ask(question, previous);
  return result.status == Status::kAnswered ? result.readings[0].text : "";
}

std::string GoOn(const Domain& domain, std::string_view first, std::string_view then) {
  const Understanding before = domain.Ask(first);
  if (before.status != Status::kAnswered) return "unread: " + std::string(first);
  return Read(domain, then, &before.readings[0].intent);
}

TEST(ShapesTest, ANumberIsToldInTheUnitThatIsAskedFor) {
  EXPECT_EQ(Read(Retail(), "revenue in thousand euros last month"),
            "revenue in thousand euros, 2024-02-01 to before 2024-03-01");
  EXPECT_EQ(Read(Retail(), "revenue in euros last month"), "revenue, 2024-02-01 to before 2024-03-01");
  EXPECT_EQ(Read(Retail(), "revenue in dollars last month"), "");
  EXPECT_EQ(Read(Retail(), "number of customers in euros"), "");
}

TEST(ShapesTest, HoursAreOnlyOfWhatIsKeptByTheHour) {
  EXPECT_EQ(Read(Retail(), "orders between 8 and 10 am"), "");
  EXPECT_EQ(Read(Flights(), "flights after 6 pm"), "");
}

TEST(ShapesTest, AgeIsTheTimeSinceAThingBegan) {
  EXPECT_EQ(Read(Retail(), "orders older than 30 days"), "orders, by order date, before 2024-02-14");
  EXPECT_EQ(Read(Retail(), "customers older than 30 years"), "");
}

TEST(ShapesTest, TheWholeIsWhatWasBrokenDown) {
  const std::string_view by_country = "revenue by country last month";
  EXPECT_EQ(GoOn(Retail(), by_country, "and overall?"), "revenue, 2024-02-01 to before 2024-03-01");
  EXPECT_EQ(GoOn(Retail(), "revenue last month", "and overall?"), "");
  EXPECT_EQ(GoOn(Retail(), by_country, "sorted from highest to lowest, first 2 only"),
            "revenue by country, 2024-02-01 to before 2024-03-01, the top 2 by revenue");
  EXPECT_EQ(GoOn(Retail(), by_country, "sorted from lowest to highest, first 2 only"),
            "revenue by country, 2024-02-01 to before 2024-03-01, the bottom 2 by revenue");
}

TEST(ShapesTest, AnEndInsideOfTheTimeBeforeKeepsTheOther) {
  EXPECT_EQ(GoOn(Retail(), "revenue by month in 2023", "only until March"),
            "revenue by month, 2023-01-01 to before 2023-04-01");
  EXPECT_EQ(GoOn(Retail(), "revenue by month in 2023", "only since October"),
            "revenue by month, 2023-10-01 to before 2024-01-01");
}

TEST(ShapesTest, NumbersBehindAColonAreOfWhatStandsBefore) {
  EXPECT_EQ(Read(Retail(), "customers in Germany: number"), "number of customers, where country is “Germany”");
  EXPECT_EQ(Read(Retail(), "total Tea revenue"), "");  // Revenue is of orders, which have no category.
}

}  // namespace
}  // namespace neurolake::ask::testing
