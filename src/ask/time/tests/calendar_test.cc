#include "ask/time/calendar.h"

#include <gtest/gtest.h>

#include "ask/time/zone.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

TEST(CalendarTest, MovesByTheCalendar) {
  EXPECT_EQ(AddPeriods(DateStart(2024, 1, 31), TimeGrain::kMonth, 1), DateStart(2024, 2, 29));
  EXPECT_EQ(AddPeriods(DateStart(2023, 1, 31), TimeGrain::kMonth, 1), DateStart(2023, 2, 28));
  EXPECT_EQ(AddPeriods(DateStart(2024, 2, 29), TimeGrain::kYear, 1), DateStart(2025, 2, 28));
  EXPECT_EQ(AddPeriods(DateStart(2024, 2, 29), TimeGrain::kYear, -4), DateStart(2020, 2, 29));
  EXPECT_EQ(AddPeriods(DateStart(2024, 1, 15), TimeGrain::kMonth, -13), DateStart(2022, 12, 15));
  EXPECT_EQ(AddPeriods(DateStart(2024, 5, 31), TimeGrain::kQuarter, 1), DateStart(2024, 8, 31));
}

TEST(CalendarTest, KnowsIsoWeeks) {
  EXPECT_EQ(IsoWeeksIn(2020), 53);
  EXPECT_EQ(IsoWeeksIn(2021), 52);
  EXPECT_EQ(IsoWeeksIn(2015), 53);
  EXPECT_EQ(IsoWeekStart(2020, 53), DateStart(2020, 12, 28));
  EXPECT_EQ(IsoWeekOf(DateStart(2021, 1, 3)), std::make_pair(2020, 53));
  EXPECT_EQ(IsoWeekOf(DateStart(2024, 12, 30)), std::make_pair(2025, 1));
  EXPECT_EQ(FloorTo(DateStart(2021, 1, 3), TimeGrain::kWeek, {}), DateStart(2020, 12, 28));
}

TEST(CalendarTest, KnowsFiscalYears) {
  semantic::Calendar calendar;
  calendar.fiscal_year_start_month = 10;
  EXPECT_EQ(FiscalYearStart(2024, calendar), DateStart(2023, 10, 1));
  EXPECT_EQ(FiscalYearOf(DateStart(2023, 10, 1), calendar), 2024);
  EXPECT_EQ(FiscalYearOf(DateStart(2023, 9, 30), calendar), 2023);
  EXPECT_EQ(FloorTo(DateStart(2024, 2, 1), TimeGrain::kFiscalQuarter, calendar), DateStart(2024, 1, 1));
  calendar.fiscal_year_named_by_end = false;
  EXPECT_EQ(FiscalYearStart(2024, calendar), DateStart(2024, 10, 1));
  calendar.fiscal_year_start_month = 1;
  EXPECT_EQ(FiscalYearStart(2024, calendar), DateStart(2024, 1, 1));
}

TEST(ZoneTest, ShowsTheCallersClock) {
  const WallTime before = *ParseTimestamp("2024-03-31T00:59:59Z");
  EXPECT_EQ(*ToLocal(before, "Europe/Berlin"), DateStart(2024, 3, 31) + std::chrono::seconds(2 * 3600 - 1));
  EXPECT_EQ(*ToLocal(before + std::chrono::seconds(1), "Europe/Berlin"),
            DateStart(2024, 3, 31) + std::chrono::hours(3));
  EXPECT_EQ(*ToLocal(before, "UTC"), DateStart(2024, 3, 31) + std::chrono::seconds(3599));
  // The same instant is another day elsewhere.
  EXPECT_EQ(*ToLocal(*ParseTimestamp("2024-01-01T02:00:00Z"), "America/New_York"),
            DateStart(2023, 12, 31) + std::chrono::hours(21));
  EXPECT_EQ(*ToLocal(*ParseTimestamp("2024-01-01T12:00:00Z"), "Pacific/Auckland"),
            DateStart(2024, 1, 2) + std::chrono::hours(1));
  EXPECT_EQ(*ToLocal(*ParseTimestamp("2024-01-01T00:00:00Z"), "Asia/Kathmandu"),
            DateStart(2024, 1, 1) + std::chrono::minutes(345));
}

TEST(ZoneTest, MeetsHoursThatAreSkippedOrComeTwice) {
  // Berlin, 2024-03-31: 02:00 to 03:00 does not exist; 2024-10-27: 02:00 to 03:00 comes twice.
  EXPECT_EQ(FormatTimestamp(*ToInstant(DateStart(2024, 3, 31) + std::chrono::minutes(150), "Europe/Berlin")),
            "2024-03-31T01:00:00.000000Z");
  EXPECT_EQ(FormatTimestamp(*ToInstant(DateStart(2024, 10, 27) + std::chrono::minutes(150), "Europe/Berlin")),
            "2024-10-27T00:30:00.000000Z");
  // Days of 23 and 25 hours.
  const auto day = [](int month, int date) {
    return *ToInstant(DateStart(2024, month, date + 1), "Europe/Berlin") -
           *ToInstant(DateStart(2024, month, date), "Europe/Berlin");
  };
  EXPECT_EQ(day(3, 31), std::chrono::hours(23));
  EXPECT_EQ(day(10, 27), std::chrono::hours(25));
  EXPECT_EQ(day(10, 28), std::chrono::hours(24));
  // New York changes on other days, Lord Howe by half an hour.
  EXPECT_EQ(
      *ToInstant(DateStart(2024, 3, 11), "America/New_York") - *ToInstant(DateStart(2024, 3, 10), "America/New_York"),
      std::chrono::hours(23));
  EXPECT_EQ(*ToInstant(DateStart(2024, 4, 8), "Australia/Lord_Howe") -
                *ToInstant(DateStart(2024, 4, 7), "Australia/Lord_Howe"),
            std::chrono::minutes(24 * 60 + 30));
}

TEST(ZoneTest, RefusesZonesThatDoNotExist) {
  EXPECT_EQ(ToLocal({}, "Mars/Olympus").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ToInstant({}, "../../etc/passwd").error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace neurolake::ask
