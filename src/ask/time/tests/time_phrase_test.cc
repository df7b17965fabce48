#include "ask/time/time_phrase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neurolake::ask {
namespace {

std::string Show(const TimeRange& range) {
  return (range.from ? TimeName(*range.from) : "") + ".." + (range.to ? TimeName(*range.to) : "");
}

/// The readings of `text` that take all of it, by comma.
std::string Read(std::string_view text, LocalTime now, semantic::Calendar calendar = {}) {
  const auto tokens = TokenizeName(text);
  std::vector<std::string> problems;
  std::string found;
  for (const TimePhrase& phrase : ParseTime(tokens, {.now = now, .calendar = calendar}, problems)) {
    const std::string shown = Show(phrase.range);
    if (phrase.tokens == tokens.size() && found.find(shown) == std::string::npos)
      found += (found.empty() ? "" : ", ") + shown;
  }
  if (found.empty() && !problems.empty()) return problems.front();
  return found;
}

const LocalTime kFriday = DateStart(2024, 3, 15) + std::chrono::hours(10);

TEST(TimePhraseTest, ReadsPeriods) {
  const std::pair<std::string_view, std::string_view> kTable[] = {
      {"today", "2024-03-15..2024-03-16"},
      {"yesterday", "2024-03-14..2024-03-15"},
      {"the day before yesterday", "2024-03-13..2024-03-14"},
      {"last month", "2024-02-01..2024-03-01"},
      {"previous quarter", "2023-10-01..2024-01-01"},
      {"last year", "2023-01-01..2024-01-01"},
      {"this week", "2024-03-11..2024-03-18"},
      {"last week", "2024-03-04..2024-03-11"},
      {"the month before last", "2024-01-01..2024-02-01"},
      {"Q3 2023", "2023-07-01..2023-10-01"},
      {"Q1", "2024-01-01..2024-04-01"},
      {"Q4", "2023-10-01..2024-01-01"},
      {"third quarter of 2023", "2023-07-01..2023-10-01"},
      {"first half of 2023", "2023-01-01..2023-07-01"},
      {"H2 2023", "2023-07-01..2024-01-01"},
      {"2013", "2013-01-01..2014-01-01"},
      {"in 2013", "2013-01-01..2014-01-01"},
      {"2013-05", "2013-05-01..2013-06-01"},
      {"2013-05-01", "2013-05-01..2013-05-02"},
      {"May 2013", "2013-05-01..2013-06-01"},
      {"May 5, 2013", "2013-05-05..2013-05-06"},
      {"5 May 2013", "2013-05-05..2013-05-06"},
      {"the 5th of May 2013", "2013-05-05..2013-05-06"},
      {"May", "2023-05-01..2023-06-01"},
      {"in March", "2024-03-01..2024-04-01"},
      {"last March", "2023-03-01..2023-04-01"},
      {"week 12 of 2024", "2024-03-18..2024-03-25"},
      {"2020-W53", "2020-12-28..2021-01-04"},
      {"week 53 of 2020", "2020-12-28..2021-01-04"},
      {"week 53 of 2021", "2021 has no week 53"},
      {"the last 7 days", "2024-03-08..2024-03-15"},
      {"past 3 months", "2023-12-01..2024-03-01"},
      {"last 2 full weeks", "2024-02-26..2024-03-11"},
      {"rolling 30 days", "2024-02-14..2024-03-15"},
      {"last 24 hours", "2024-03-14 10:00..2024-03-15 10:00"},
      {"3 days ago", "2024-03-12..2024-03-13"},
      {"two months ago", "2024-01-01..2024-02-01"},
      {"year to date", "2024-01-01..2024-03-16"},
      {"month-to-date", "2024-03-01..2024-03-16"},
      {"QTD", "2024-01-01..2024-03-16"},
      {"so far this year", "2024-01-01..2024-03-16"},
      {"Monday", "2024-03-11..2024-03-12"},
      {"last Friday", "2024-03-08..2024-03-09"},
      {"Monday last week", "2024-03-04..2024-03-05"},
      {"first week of March", "2024-03-01..2024-03-08"},
      {"last 3 months of 2023", "2023-10-01..2024-01-01"},
      {"the first quarter of last year", "2023-01-01..2023-04-01"},
      {"the 2010s", "2010-01-01..2020-01-01"},
      {"Christmas", "2023-12-25..2023-12-26"},
      {"Thanksgiving 2023", "2023-11-23..2023-11-24"},
      {"Easter 2024", "2024-03-31..2024-04-01"},
      {"Black Friday 2023", "2023-11-24..2023-11-25"},
      {"letzten Monat", "2024-02-01..2024-03-01"},
      {"31.12.2023", "2023-12-31..2024-01-01"},
      {"12/31/2023", "2023-12-31..2024-01-01"},
      {"2023-02-30", "2023-02-30 is no date"},
      {"February 30 2023", "February 2023 has no day 30"},
      {"Q5 2023", "there is no quarter 5"},
      {"13/13/2023", "13/13/2023 is no date"}};
  for (const auto& [text, expected] : kTable) EXPECT_EQ(Read(text, kFriday), expected) << text;
}

TEST(TimePhraseTest, ReadsRanges) {
  const std::pair<std::string_view, std::string_view> kTable[] = {
      {"since March 2023", "2023-03-01.."},
      {"since 2013", "2013-01-01.."},
      {"after May 2013", "2013-06-01.."},
      {"before 2013-05", "..2013-05-01"},
      {"until May 2013", "..2013-06-01"},
      {"from January to March 2023", "2023-01-01..2023-04-01"},
      {"between 2012 and 2014", "2012-01-01..2015-01-01"},
      {"between January and March", "2024-01-01..2024-04-01"},
      {"from November to February", "2023-11-01..2024-03-01"},
      {"from 2013-01-01 to 2013-01-31", "2013-01-01..2013-02-01"},
      {"1-15 March 2013", "2013-03-01..2013-03-16"},
      {"March 1 to 15", "2024-03-01..2024-03-16"},
      {"between March 1 and March 15", "2024-03-01..2024-03-16"},
      {"from May 2013 on", "2013-05-01.."},
      {"all time", ".."},
      {"Q1 to Q3 2023", "2023-01-01..2023-10-01"}};
  for (const auto& [text, expected] : kTable) EXPECT_EQ(Read(text, kFriday), expected) << text;
}

TEST(TimePhraseTest, AnAmbiguousDateHasTwoReadings) {
  EXPECT_EQ(Read("03/04/2024", kFriday), "2024-04-03..2024-04-04, 2024-03-04..2024-03-05");
  EXPECT_EQ(Read("04/04/2024", kFriday), "2024-04-04..2024-04-05");
  EXPECT_EQ(Read("13/04/2024", kFriday), "2024-04-13..2024-04-14");
}

TEST(TimePhraseTest, EndsOfMonthsYearsAndWeeks) {
  EXPECT_EQ(Read("last month", DateStart(2024, 3, 31)), "2024-02-01..2024-03-01");
  EXPECT_EQ(Read("last year", DateStart(2024, 2, 29)), "2023-01-01..2024-01-01");
  EXPECT_EQ(Read("yesterday", DateStart(2024, 3, 1)), "2024-02-29..2024-03-01");
  EXPECT_EQ(Read("yesterday", DateStart(2024, 1, 1)), "2023-12-31..2024-01-01");
  EXPECT_EQ(Read("last week", DateStart(2021, 1, 5)), "2020-12-28..2021-01-04");
  EXPECT_EQ(Read("this week", DateStart(2024, 3, 17)), "2024-03-11..2024-03-18");
  EXPECT_EQ(Read("February 29", DateStart(2024, 6, 1)), "2024-02-29..2024-03-01");
  EXPECT_EQ(Read("February 29 2023", DateStart(2024, 6, 1)), "February 2023 has no day 29");
}

TEST(TimePhraseTest, FiscalPeriodsFollowTheCalendar) {
  semantic::Calendar april;
  april.fiscal_year_start_month = 4;
  EXPECT_EQ(Read("FY24", kFriday, april), "2023-04-01..2024-04-01");
  EXPECT_EQ(Read("fiscal year 2023", kFriday, april), "2022-04-01..2023-04-01");
  EXPECT_EQ(Read("last fiscal year", kFriday, april), "2022-04-01..2023-04-01");
  EXPECT_EQ(Read("this fiscal quarter", kFriday, april), "2024-01-01..2024-04-01");
  EXPECT_EQ(Read("Q1 FY24", kFriday, april), "2023-04-01..2023-07-01");
  EXPECT_EQ(Read("FY24", kFriday), "2024-01-01..2025-01-01");
}

TEST(TimePhraseTest, SaysWhatIsPartialAndWhatIsToCome) {
  std::vector<std::string> problems;
  const auto first = [&](std::string_view text) {
    return ParseTime(TokenizeName(text), {.now = kFriday}, problems).front();
  };
  EXPECT_TRUE(first("this month").partial);
  EXPECT_FALSE(first("last month").partial);
  EXPECT_TRUE(first("next month").future);
  EXPECT_FALSE(first("this month").future);
  EXPECT_EQ(first("last 3 months").count, 3);
  EXPECT_EQ(first("last 3 months").unit, TimeGrain::kMonth);
}

TEST(TimePhraseTest, RecurringPartsAreNoPeriods) {
  const auto part = [](std::string_view text) { return ParseTimePart(TokenizeName(text)); };
  EXPECT_THAT(part("on Mondays")->values, ::testing::ElementsAre(1));
  EXPECT_THAT(part("at weekends")->values, ::testing::ElementsAre(6, 7));
  EXPECT_THAT(part("on Mondays and Tuesdays")->values, ::testing::ElementsAre(1, 2));
  EXPECT_EQ(part("every January")->part, TimePart::kMonthOfYear);
  EXPECT_FALSE(part("on Monday"));
  EXPECT_FALSE(part("in January"));
}

}  // namespace
}  // namespace neurolake::ask
