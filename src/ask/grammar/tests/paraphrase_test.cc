#include "ask/grammar/tests/paraphrases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/tests/domains.h"

namespace neurolake::ask::testing {
namespace {

const Domain& DomainOf(bool flights) { return flights ? Flights() : Retail(); }

TEST(ParaphraseTest, ManyQuestionsMeanOneThing) {
  size_t asked = 0;
  for (const Paraphrases& row : AllParaphrases()) {
    std::optional<Intent> intent;
    for (const std::string_view question : row.questions) {
      ++asked;
      const Understanding result = DomainOf(row.flights).Ask(question);
      ASSERT_EQ(result.status, Status::kAnswered) << question << ": " << result.reason;
      EXPECT_EQ(result.readings[0].text, row.meaning) << question;
      EXPECT_GE(result.readings[0].confidence, Thresholds{}.answer) << question;
      if (!intent) intent = result.readings[0].intent;
      EXPECT_EQ(result.readings[0].intent, *intent) << question;
    }
  }
  EXPECT_GE(asked, 300u);
}

TEST(ParaphraseTest, WordsMayChangePlaces) {
  const std::vector<std::string> parts{"revenue", "in Germany", "last month", "by channel"};
  std::vector<size_t> order{0, 1, 2, 3};
  do {
    std::string question;
    for (const size_t i : order) question += parts[i] + " ";
    const Understanding result = Retail().Ask(question);
    ASSERT_EQ(result.status, Status::kAnswered) << question << result.reason;
    EXPECT_EQ(result.readings[0].text,
              "revenue by channel, where country is “Germany”, 2024-02-01 to before 2024-03-01")
        << question;
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(ParaphraseTest, TheSameQuestionHasTheSameAnswer) {
  for (const Paraphrases& row : AllParaphrases()) {
    for (const std::string_view question : row.questions) {
      const Understanding first = DomainOf(row.flights).Ask(question);
      const Understanding second = DomainOf(row.flights).Ask(question);
      ASSERT_EQ(first.readings.size(), second.readings.size()) << question;
      for (size_t i = 0; i < first.readings.size(); ++i) {
        EXPECT_EQ(first.readings[i].intent, second.readings[i].intent) << question;
        EXPECT_EQ(first.readings[i].confidence, second.readings[i].confidence) << question;
      }
    }
  }
}

TEST(ParaphraseTest, MisspellingsAreSaidAndAreLessSure) {
  const Understanding right = Retail().Ask("total sales by country");
  const Understanding wrong = Retail().Ask("total sales by contry");
  ASSERT_EQ(wrong.status, Status::kAnswered);
  EXPECT_EQ(wrong.readings[0].intent, right.readings[0].intent);
  EXPECT_LT(wrong.readings[0].confidence, right.readings[0].confidence);
  EXPECT_THAT(wrong.readings[0].assumptions, ::testing::Contains("“contry” is read as country"));
  EXPECT_THAT(right.readings[0].assumptions, ::testing::IsEmpty());
}

TEST(ParaphraseTest, PartialPeriodsAreSaid) {
  const Understanding result = Retail().Ask("revenue this month");
  ASSERT_EQ(result.status, Status::kAnswered);
  EXPECT_THAT(result.readings[0].assumptions, ::testing::Contains("March 2024 is not over yet"));
  EXPECT_THAT(Retail().Ask("revenue last month").readings[0].assumptions, ::testing::IsEmpty());
}

}  // namespace
}  // namespace neurolake::ask::testing
