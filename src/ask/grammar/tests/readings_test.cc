#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/tests/domains.h"

namespace neurolake::ask::testing {
namespace {

/// What a question must be read as; empty: it must not be answered.
struct Case {
  std::string_view question;
  std::string_view meaning;
};

void Check(const Domain& domain, const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const Understanding result = domain.Ask(one.question);
    const std::string read = result.readings.empty() ? "" : result.readings[0].text;
    if (one.meaning.empty()) {
      EXPECT_NE(result.status, Status::kAnswered) << one.question << ": " << read;
      continue;
    }
    ASSERT_EQ(result.status, Status::kAnswered) << one.question << ": " << result.reason << read;
    EXPECT_EQ(read, one.meaning) << one.question;
  }
}

TEST(ReadingsTest, WhatStandsInBracketsSaysTheSameAgain) {
  Check(Retail(), {{"revenue in Germany (Germany)", "revenue, where country is “Germany”"},
                   {"revenue not in Germany (Germany)", "revenue, where country is not “Germany”"},
                   {"typical discount (median)", "median of discount"},
                   {"typical discount (average)", ""},
                   {"revenue in Germany (France)", ""},
                   {"revenue not in Germany in Germany", ""}});
}

TEST(ReadingsTest, AChangeIsBetweenTheTwoPeriodsThatAreNamed) {
  const std::string_view january = "revenue, 2024-01-01 to before 2024-02-01, compared with the period before";
  Check(Retail(), {{"percentage change in revenue from December 2023 to January 2024", january},
                   {"percent change of revenue between December 2023 and January 2024", january},
                   {"growth of revenue in January 2024 over December 2023", january},
                   {"revenue from December 2023 to January 2024", "revenue, 2023-12-01 to before 2024-02-01"},
                   {"change in revenue from January 2024 to January 2025", ""}});
}

TEST(ReadingsTest, APeriodTakesTheYearOfTheOneItIsComparedWith) {
  Check(Retail(),
        {{"revenue in the first half of 2023 versus the second half",
          "revenue, 2023-01-01 to before 2023-07-01, compared with 2023-07-01 to before 2024-01-01 (difference)"},
         {"revenue in the first half of 2023 versus the first half", ""}});
}

TEST(ReadingsTest, ANounWithAConditionIsCountedUnlessAListIsAskedFor) {
  Check(Retail(),
        {{"customers in Germany", "number of customers, where country is “Germany”"},
         {"list customers in Germany", "rows of customers, where country is “Germany”"},
         {"customers who signed up last month", "number of customers, by signup date, 2024-02-01 to before 2024-03-01"},
         {"list customers who signed up last month",
          "rows of customers, by signup date, 2024-02-01 to before 2024-03-01"}});
}

TEST(ReadingsTest, AValueInThePluralCountsWhatIsSuch) {
  const Understanding result = Retail().Ask("phones by country");
  ASSERT_EQ(result.status, Status::kAnswered) << result.reason;
  EXPECT_EQ(result.readings[0].text, "orders by country, where channel is “phone”");
  EXPECT_THAT(result.readings[0].assumptions, ::testing::Contains("orders with that value are counted"));
  Check(Retail(), {{"phone by country", ""}, {"for phones", ""}});
}

TEST(ReadingsTest, AShareOfThoseThatAreSoIsNoShareOfTheTotal) {
  const std::string_view paid =
      "orders (where status is “paid”) and orders by channel, with the share of these among all: orders";
  Check(Retail(), {{"what percentage of orders is paid, by channel", paid},
                   {"what percentage of orders are paid by channel", paid},
                   {"share of orders by channel", "orders by channel, with share of the total"}});
}

TEST(ReadingsTest, AnEndOfATimeIsForLevels) {
  Check(Retail(), {{"revenue at the end of 2023", ""},
                   {"revenue until the end of 2023", "revenue, before 2024-01-01"},
                   {"revenue on Friday 1 March 2024", "revenue, 2024-03-01 to before 2024-03-02"},
                   {"revenue on Monday 1 March 2024", ""}});
}

TEST(ReadingsTest, KeysHaveNoLargestAndNoSum) {
  semantic::SemanticModel model = Retail().model;
  semantic::Dimension key{};
  key.name = "order_number";
  key.label = "order number";
  key.value_type = semantic::ValueType::kInteger;
  model.entities[1].primary_key = {"order_number"};
  model.entities[1].dimensions.push_back(key);
  const Linker linker(model, Retail().values.get());
  const Understander understander(model, linker);
  const auto status = [&](std::string_view question) {
    return understander.Understand(question, Retail().time)->status;
  };
  EXPECT_EQ(status("sum of order number"), Status::kAbstained);
  EXPECT_EQ(status("orders with order number over 5"), Status::kAbstained);
  EXPECT_EQ(status("how many orders with order number 5"), Status::kAnswered);
  EXPECT_EQ(status("sum of discount"), Status::kAnswered);
}

TEST(ReadingsTest, AFollowUpMayChangeTheFunctionOrTheEnd) {
  const auto text = [](std::string_view first, std::string_view next) {
    const Understanding start = Retail().Ask(first);
    EXPECT_EQ(start.status, Status::kAnswered) << first;
    const Understanding result = Retail().Ask(next, &start.readings[0].intent);
    return result.status == Status::kAnswered ? result.readings[0].text : std::string("refused");
  };
  EXPECT_EQ(text("average discount by channel", "the median instead"), "median of discount by channel");
  EXPECT_EQ(text("orders by channel", "the median instead"), "refused");
  EXPECT_EQ(text("top 3 countries by revenue", "the lowest instead"), "revenue by country, the bottom 3 by revenue");
  Check(Retail(), {{"the median instead", ""}, {"only customers in Germany", ""}});
}

}  // namespace
}  // namespace neurolake::ask::testing
