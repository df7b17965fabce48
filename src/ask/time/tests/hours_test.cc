#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/time/time_phrase.h"

namespace neurolake::ask {
namespace {

using ::testing::ElementsAre;

std::vector<int64_t> Hours(std::string_view text) {
  const auto tokens = TokenizeName(text);
  const auto part = ParseTimePart(tokens);
  return part && part->part == TimePart::kHourOfDay && part->tokens == tokens.size() ? part->values
                                                                                     : std::vector<int64_t>{};
}

/// Readings of the whole text on Friday 2024-03-15.
std::vector<std::string> Read(std::string_view text) {
  const auto tokens = TokenizeName(text);
  std::vector<std::string> problems, found;
  for (const TimePhrase& phrase : ParseTime(tokens, {.now = DateStart(2024, 3, 15)}, problems)) {
    const auto end = [](const std::optional<LocalTime>& at) { return at ? TimeName(*at) : ""; };
    std::string range = end(phrase.range.from) + ".." + end(phrase.range.to);
    const bool known = std::ranges::find(found, range) != found.end();
    if (phrase.tokens == tokens.size() && !known) found.push_back(std::move(range));
  }
  return found;
}

TEST(HoursTest, AreThoseOfTheClockBeforeTheLast) {
  EXPECT_THAT(Hours("between 8 and 10 am"), ElementsAre(8, 9));
  EXPECT_THAT(Hours("from 2 to 4 pm"), ElementsAre(14, 15));
  EXPECT_THAT(Hours("between 9:00 and 11:00"), ElementsAre(9, 10));
  EXPECT_THAT(Hours("between 10pm and 1am"), ElementsAre(0, 22, 23));
  EXPECT_THAT(Hours("after 10 pm"), ElementsAre(22, 23));
  EXPECT_THAT(Hours("before 2 am"), ElementsAre(0, 1));
  EXPECT_THAT(Hours("at 3 pm"), ElementsAre(15));
  EXPECT_THAT(Hours("from 11 am to noon"), ElementsAre(11));
  EXPECT_THAT(Hours("between 12 and 2 am"), ElementsAre(0, 1));
  EXPECT_THAT(Hours("between 12 and 2 pm"), ElementsAre(12, 13));
  EXPECT_THAT(Hours("between 8h and 10h"), ElementsAre(8, 9));
}

TEST(HoursTest, BareNumbersAndHalvesAreNone) {
  for (const std::string_view text :
       {"between 8 and 10", "after 2019", "at 3", "before 10", "between 8:30 and 10:15", "between 13 pm and 14 pm",
        "at 25:00", "before midnight", "after midnight", "after 2h", "before 24 h"})
    EXPECT_TRUE(Hours(text).empty()) << text;
}

TEST(TimesTest, TwoThatTouchAreOne) {
  EXPECT_THAT(Read("yesterday or the day before"), ElementsAre("2024-03-13..2024-03-15"));
  EXPECT_THAT(Read("in October or November 2023"), ElementsAre("2023-10-01..2023-12-01"));
  EXPECT_THAT(Read("January and February 2024 together"), ElementsAre("2024-01-01..2024-03-01"));
  EXPECT_THAT(Read("January or March 2024"), ElementsAre());
  EXPECT_THAT(Read("January and February 2024"), ElementsAre());  // Each, or both?
}

TEST(TimesTest, DistancesAndOpenEnds) {
  EXPECT_THAT(Read("more than two years ago"), ElementsAre("..2022-03-15"));
  EXPECT_THAT(Read("less than 30 days ago"), ElementsAre("2024-02-14.."));
  EXPECT_THAT(Read("in 2018 or later"), ElementsAre("2018-01-01.."));
  EXPECT_THAT(Read("May 2023 or earlier"), ElementsAre("..2023-06-01"));
  EXPECT_THAT(Read("from 1 to 15 March 2023 incl. both days"), ElementsAre("2023-03-01..2023-03-16"));
}

TEST(TimesTest, TwoDigitsMayBeAYear) {
  EXPECT_THAT(Read("Q3 23"), ElementsAre("2023-07-01..2023-10-01"));
  EXPECT_THAT(Read("June 23"), ElementsAre("2023-06-01..2023-07-01", "2023-06-23..2023-06-24"));  // Asked back.
  EXPECT_THAT(Read("June 12"), ElementsAre("2023-06-12..2023-06-13"));
}

}  // namespace
}  // namespace neurolake::ask
