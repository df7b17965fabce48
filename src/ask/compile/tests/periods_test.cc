#include "ask/compile/internal/periods.h"

#include <gtest/gtest.h>

namespace neurolake::ask::compile {
namespace {

using std::chrono::local_days;
using std::chrono::year_month_day;

LocalTime Day(int year, unsigned month, unsigned day) {
  return local_days(year_month_day(std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)));
}

TEST(PeriodsTest, ThirtyFirstLessAMonthIsTheMonthsLast) {
  EXPECT_EQ(Advance(Day(2024, 3, 31), TimeGrain::kMonth, -1), Day(2024, 2, 29));
  EXPECT_EQ(Advance(Day(2023, 3, 31), TimeGrain::kMonth, -1), Day(2023, 2, 28));
  EXPECT_EQ(Advance(Day(2024, 2, 29), TimeGrain::kYear, -1), Day(2023, 2, 28));
  EXPECT_EQ(Advance(Day(2024, 1, 31), TimeGrain::kMonth, 13), Day(2025, 2, 28));
}

TEST(PeriodsTest, WeeksBeginOnMondayAndCrossYears) {
  const semantic::Calendar calendar;
  EXPECT_EQ(Truncate(Day(2021, 1, 3), TimeGrain::kWeek, calendar), Day(2020, 12, 28));  // Sunday of week 53.
  EXPECT_EQ(Truncate(Day(2021, 1, 4), TimeGrain::kWeek, calendar), Day(2021, 1, 4));
  EXPECT_EQ(Truncate(Day(1969, 12, 31), TimeGrain::kWeek, calendar), Day(1969, 12, 29));
}

TEST(PeriodsTest, FiscalPeriodsFollowTheCalendar) {
  const semantic::Calendar calendar{.fiscal_year_start_month = 4};
  EXPECT_EQ(Truncate(Day(2024, 3, 31), TimeGrain::kFiscalYear, calendar), Day(2023, 4, 1));
  EXPECT_EQ(Truncate(Day(2024, 4, 1), TimeGrain::kFiscalYear, calendar), Day(2024, 4, 1));
  EXPECT_EQ(Truncate(Day(2024, 3, 31), TimeGrain::kFiscalQuarter, calendar), Day(2024, 1, 1));
  EXPECT_EQ(Truncate(Day(2024, 1, 31), TimeGrain::kFiscalQuarter, {.fiscal_year_start_month = 2}), Day(2023, 11, 1));
}

TEST(PeriodsTest, ShiftKeepsTheLastDayIn) {
  // 1 to 30 March less a month ends with 29 February, not before it.
  EXPECT_EQ(Shift({Day(2024, 3, 1), Day(2024, 3, 31)}, TimeGrain::kMonth, -1),
            (TimeRange{Day(2024, 2, 1), Day(2024, 3, 1)}));
  EXPECT_EQ(Shift({Day(2024, 2, 1), Day(2024, 3, 1)}, TimeGrain::kMonth, -1),
            (TimeRange{Day(2024, 1, 1), Day(2024, 2, 1)}));
  EXPECT_EQ(Shift({Day(2024, 2, 29), Day(2024, 3, 1)}, TimeGrain::kYear, -1),
            (TimeRange{Day(2023, 2, 28), Day(2023, 3, 1)}));
  EXPECT_EQ(Shift({std::nullopt, Day(2024, 5, 1)}, TimeGrain::kWeek, -52), (TimeRange{std::nullopt, Day(2023, 5, 3)}));
}

TEST(PeriodsTest, BeforeIsOfTheSameLengthByTheCalendar) {
  EXPECT_EQ(Before({Day(2024, 3, 1), Day(2024, 4, 1)}), (TimeRange{Day(2024, 2, 1), Day(2024, 3, 1)}));
  EXPECT_EQ(Before({Day(2024, 1, 1), Day(2025, 1, 1)}), (TimeRange{Day(2023, 1, 1), Day(2024, 1, 1)}));
  EXPECT_EQ(Before({Day(2024, 3, 4), Day(2024, 3, 11)}), (TimeRange{Day(2024, 2, 26), Day(2024, 3, 4)}));
}

TEST(PeriodsTest, CountsPartialPeriods) {
  const semantic::Calendar calendar;
  EXPECT_EQ(CountPeriods({Day(2024, 1, 15), Day(2024, 3, 2)}, TimeGrain::kMonth, calendar), 3);
  EXPECT_EQ(CountPeriods({Day(2024, 1, 1), Day(2024, 2, 1)}, TimeGrain::kDay, calendar), 31);
  EXPECT_EQ(CountPeriods({Day(2024, 1, 1), Day(2025, 1, 1)}, TimeGrain::kWeek, calendar), 53);
}

}  // namespace
}  // namespace neurolake::ask::compile
