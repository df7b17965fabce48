#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/tests/domains.h"

namespace neurolake::ask::testing {
namespace {

struct Turn {
  std::string_view question;
  std::string_view meaning;  ///< Empty: refused.
};

void Talk(const Domain& domain, std::string_view first, const std::vector<Turn>& turns) {
  const Understanding start = domain.Ask(first);
  ASSERT_EQ(start.status, Status::kAnswered) << first << " " << start.reason;
  for (const Turn& turn : turns) {
    const Understanding next = domain.Ask(turn.question, &start.readings[0].intent);
    if (turn.meaning.empty()) {
      EXPECT_EQ(next.status, Status::kAbstained)
          << turn.question << " -> " << (next.readings.empty() ? "" : next.readings[0].text);
      continue;
    }
    ASSERT_EQ(next.status, Status::kAnswered) << turn.question << " " << next.reason;
    EXPECT_EQ(next.readings[0].text, turn.meaning) << turn.question;
    EXPECT_TRUE(next.readings[0].follow_up) << turn.question;
  }
}

TEST(FollowUpTest, ChangesOnePartAndKeepsTheOthers) {
  Talk(Retail(), "revenue by country last month",
       {{"only Germany", "revenue by country, where country is “Germany”, 2024-02-01 to before 2024-03-01"},
        {"by month instead", "revenue by month, 2024-02-01 to before 2024-03-01"},
        {"and last year?", "revenue by country, 2023-01-01 to before 2024-01-01"},
        {"what about last week", "revenue by country, 2024-03-04 to before 2024-03-11"},
        {"by channel", "revenue by channel, 2024-02-01 to before 2024-03-01"},
        {"what about orders?", "orders by country, 2024-02-01 to before 2024-03-01"},
        {"excluding France", "revenue by country, where country is not “France”, 2024-02-01 to before 2024-03-01"},
        {"top 3", "revenue by country, 2024-02-01 to before 2024-03-01, the top 3 by revenue"},
        {"compared to the previous month",
         "revenue by country, 2024-02-01 to before 2024-03-01, compared with the period before (difference)"},
        {"and online", "revenue by country, where channel is “online”, 2024-02-01 to before 2024-03-01"},
        {"sorted by revenue ascending",
         "revenue by country, 2024-02-01 to before 2024-03-01, sorted by revenue upwards"},
        {"and by channel", "revenue by country and channel, 2024-02-01 to before 2024-03-01"}});
}

TEST(FollowUpTest, ReplacesAConditionOnTheSameField) {
  Talk(Retail(), "revenue in Germany last month",
       {{"what about France", "revenue, where country is “France”, 2024-02-01 to before 2024-03-01"},
        {"and in Italy or Spain?", "revenue, where country is “Italy” or “Spain”, 2024-02-01 to before 2024-03-01"}});
}

TEST(FollowUpTest, IsRefusedWhereItFitsNothing) {
  Talk(Retail(), "revenue by country last month",
       {{"only Atlantis", ""},
        {"and why?", ""},
        {"by flurb instead", ""},
        {"what about", ""},
        {"and next month", ""},
        {"instead", ""}});
  EXPECT_EQ(Retail().Ask("only Germany").status, Status::kAbstained);
}

TEST(FollowUpTest, AWholeQuestionStandsAlone) {
  const Understanding start = Retail().Ask("revenue in Germany last month");
  const Understanding next = Retail().Ask("how many customers by segment", &start.readings[0].intent);
  ASSERT_EQ(next.status, Status::kAnswered);
  EXPECT_EQ(next.readings[0].text, "number of customers by segment");
  EXPECT_FALSE(next.readings[0].follow_up);
}

}  // namespace
}  // namespace neurolake::ask::testing
