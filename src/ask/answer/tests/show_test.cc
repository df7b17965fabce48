#include <gtest/gtest.h>

#include "answer_fixture.h"

namespace neurolake::ask {
namespace {

TEST(ShowNumberTest, PutsThousandsApart) {
  EXPECT_EQ(ShowNumber(0, {}), "0");
  EXPECT_EQ(ShowNumber(999, {}), "999");
  EXPECT_EQ(ShowNumber(1000, {}), "1,000");
  EXPECT_EQ(ShowNumber(-1234567, {}), "-1,234,567");
  EXPECT_EQ(ShowNumber(-123, {}), "-123");
  EXPECT_EQ(ShowNumber(336776, {}), "336,776");
}

TEST(ShowNumberTest, KeepsSixDigitsOfAFraction) {
  EXPECT_EQ(ShowNumber(6.895376757, {}), "6.89538");
  EXPECT_EQ(ShowNumber(0.25, {}), "0.25");
  EXPECT_EQ(ShowNumber(12345.678, {}), "12,345.68");
  EXPECT_EQ(ShowNumber(-0.000001, {.unit = "", .pattern = "", .decimals = 2}), "-0.00");
}

TEST(ShowNumberTest, FollowsTheFormat) {
  EXPECT_EQ(ShowNumber(1234.5, {.unit = "EUR", .pattern = "currency"}), "1,234.50 EUR");
  EXPECT_EQ(ShowNumber(0.1234, {.unit = "", .pattern = "percent"}), "12.34 %");
  EXPECT_EQ(ShowNumber(12.7, {.unit = "min", .pattern = "integer"}), "13 min");
  EXPECT_EQ(ShowNumber(2, {.unit = "", .pattern = "", .decimals = 3}), "2.000");
}

TEST(ShowPeriodTest, NamesPeriods) {
  EXPECT_EQ(ShowPeriod(Day(1998, 7, 1), TimeGrain::kMonth), "July 1998");
  EXPECT_EQ(ShowPeriod(Day(1998, 7, 1), TimeGrain::kQuarter), "Q3 1998");
  EXPECT_EQ(ShowPeriod(Day(1998, 1, 1), TimeGrain::kYear), "1998");
  EXPECT_EQ(ShowPeriod(Day(2024, 2, 29), TimeGrain::kDay), "29 February 2024");
  EXPECT_EQ(ShowPeriod(Day(2024, 2, 29) + std::chrono::hours{13}, TimeGrain::kHour), "29 February 2024 13:00");
}

TEST(ShowPeriodTest, WeeksBelongToTheYearOfTheirThursday) {
  EXPECT_EQ(ShowPeriod(Day(1992, 12, 28), TimeGrain::kWeek), "week 53 of 1992");
  EXPECT_EQ(ShowPeriod(Day(2024, 12, 30), TimeGrain::kWeek), "week 1 of 2025");
  EXPECT_EQ(ShowPeriod(Day(2025, 1, 6), TimeGrain::kWeek), "week 2 of 2025");
}

TEST(ParseSqlTimeTest, ReadsDatesAndTimesAndNothingElse) {
  EXPECT_EQ(ParseSqlTime("2024-02-29"), Day(2024, 2, 29));
  EXPECT_EQ(ParseSqlTime("2024-02-29 13:05:06"),
            Day(2024, 2, 29) + std::chrono::hours{13} + std::chrono::minutes{5} + std::chrono::seconds{6});
  EXPECT_EQ(ParseSqlTime("2023-02-29"), std::nullopt);
  EXPECT_EQ(ParseSqlTime("yesterday"), std::nullopt);
  EXPECT_EQ(ParseSqlTime("20x4-02-29"), std::nullopt);
  EXPECT_EQ(ParseSqlTime(""), std::nullopt);
}

TEST(ShowCellTest, NullsAndTextsAndPeriods) {
  OutputColumn month = Column("month", OutputColumn::Role::kTimeAxis);
  month.grain = TimeGrain::kMonth;
  EXPECT_EQ(ShowCell(Cell{std::string("1998-07-01")}, month), "July 1998");
  EXPECT_EQ(ShowCell(Cell{}, month), "none");
  OutputColumn weekday = Column("weekday", OutputColumn::Role::kDimension);
  weekday.part = TimePart::kDayOfWeek;
  EXPECT_EQ(ShowCell(Cell{int64_t{7}}, weekday), "Sunday");
  EXPECT_EQ(ShowCell(Cell{std::string("12.50")}, Column("amount", OutputColumn::Role::kMetric)), "12.5");
  EXPECT_EQ(ShowCell(Cell{0.063}, Column("growth", OutputColumn::Role::kGrowth)), "6.3 %");
  EXPECT_EQ(ShowCell(Cell{int64_t{2013}}, Column("year built", OutputColumn::Role::kDimension)), "2013");
}

}  // namespace
}  // namespace neurolake::ask
