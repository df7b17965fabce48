#include "ask/conversation/move_times.h"

#include "ask/conversation/tests/conversation_fixture.h"
#include "ask/service/ask_request.h"

namespace neurolake::ask {
namespace {

Intent In(const TimeRange& range) {
  Intent intent;
  intent.metrics = {{.metric = "revenue"}};
  intent.time.range = range;
  return intent;
}

TEST(MoveTimesTest, ReadsRelativeTimesAgain) {
  const auto moved =
      MoveTimes("revenue last month", In(Range("2025-03-01", "2025-04-01")), On("2025-04-02"), On("2026-01-15"));
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(moved->time.range, Range("2025-12-01", "2026-01-01"));
}

TEST(MoveTimesTest, KeepsTimesThatTheQuestionNames) {
  const auto moved =
      MoveTimes("revenue in March 2024", In(Range("2024-03-01", "2024-04-01")), On("2025-04-02"), On("2026-01-15"));
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(moved->time.range, Range("2024-03-01", "2024-04-01"));
}

TEST(MoveTimesTest, KeepsWhatHasNoTime) {
  EXPECT_EQ(MoveTimes("revenue", In({}), On("2025-04-02"), On("2026-01-15")), In({}));
}

TEST(MoveTimesTest, RefusesTimesOfNoPhrase) {
  EXPECT_FALSE(
      MoveTimes("revenue", In(Range("2025-03-01", "2025-04-01")), On("2025-04-02"), On("2025-04-02")).has_value());
  EXPECT_FALSE(
      MoveTimes("revenue last month", In(Range("2025-01-01", "2025-02-01")), On("2025-04-02"), On("2026-01-15"))
          .has_value());
  Intent compared = In(Range("2025-03-01", "2025-04-01"));
  compared.time.comparisons = {{.kind = ComparisonKind::kRange, .range = Range("2020-01-01", "2020-02-01")}};
  EXPECT_FALSE(MoveTimes("revenue last month", compared, On("2025-04-02"), On("2026-01-15")).has_value());
  Intent set = In({});
  set.sets = {{.subject = "customers", .related = "orders", .time = Range("2020-01-01", "2020-02-01")}};
  EXPECT_FALSE(MoveTimes("revenue", set, On("2025-04-02"), On("2026-01-15")).has_value());
}

TEST(MoveTimesTest, WritesTimesAsTheyAreRead) {
  for (const std::string text : {"2024-02-29 00:00:00", "1998-12-31 23:59:59"}) {
    EXPECT_EQ(SqlTime(*ParseSqlTime(text)), text);
  }
}

}  // namespace
}  // namespace neurolake::ask
