#pragma once
#include <optional>
#include <string_view>

#include "ask/grammar/internal/fragment.h"

/// The words that noun_phrases.cc reads: folded, blanks between; a hyphen may stand for a blank.
namespace neurolake::ask {

inline constexpr std::string_view kMetricsCounts[] = {
    "number of", "count of",  "total number of", "total count of", "how many", "# of",  "no of",  "no . of",
    "amount of", "volume of", "num of",          "nr of",          "nr . of",  "count", "anzahl", "nombre de"};
inline constexpr std::string_view kMetricsDistinct[] = {"distinct",           "unique",
                                                        "different",          "number of distinct",
                                                        "number of unique",   "number of different",
                                                        "count of distinct",  "count of unique",
                                                        "how many distinct",  "how many unique",
                                                        "how many different", "count distinct",
                                                        "distinct count of",  "distinct number of",
                                                        "unique number of"};
struct TimeDimensionsPartWords {
  std::string_view words;
  TimePart part;
};
inline constexpr TimeDimensionsPartWords kTimeDimensionsParts[] = {
    {"day of week", TimePart::kDayOfWeek},       {"day of the week", TimePart::kDayOfWeek},
    {"days of the week", TimePart::kDayOfWeek},  {"weekday", TimePart::kDayOfWeek},
    {"weekdays", TimePart::kDayOfWeek},          {"hour of day", TimePart::kHourOfDay},
    {"hour of the day", TimePart::kHourOfDay},   {"time of day", TimePart::kHourOfDay},
    {"month of year", TimePart::kMonthOfYear},   {"month of the year", TimePart::kMonthOfYear},
    {"calendar month", TimePart::kMonthOfYear},  {"day of month", TimePart::kDayOfMonth},
    {"day of the month", TimePart::kDayOfMonth}, {"day of year", TimePart::kDayOfYear},
    {"week of the year", TimePart::kWeekOfYear}, {"quarter of the year", TimePart::kQuarterOfYear}};
struct ComparisonsWords {
  std::string_view words;
  CompareOperator op;
};
inline constexpr ComparisonsWords kComparisonsWords[] = {{"more than", CompareOperator::kGreater},
                                                         {"over", CompareOperator::kGreater},
                                                         {"above", CompareOperator::kGreater},
                                                         {"greater than", CompareOperator::kGreater},
                                                         {"higher than", CompareOperator::kGreater},
                                                         {"larger than", CompareOperator::kGreater},
                                                         {"bigger than", CompareOperator::kGreater},
                                                         {"longer than", CompareOperator::kGreater},
                                                         {"exceeding", CompareOperator::kGreater},
                                                         {"exceeds", CompareOperator::kGreater},
                                                         {"exceed", CompareOperator::kGreater},
                                                         {"exceeded", CompareOperator::kGreater},
                                                         {">", CompareOperator::kGreater},
                                                         {"upwards of", CompareOperator::kGreater},
                                                         {"in excess of", CompareOperator::kGreater},
                                                         {"at least", CompareOperator::kGreaterOrEqual},
                                                         {"no less than", CompareOperator::kGreaterOrEqual},
                                                         {"not less than", CompareOperator::kGreaterOrEqual},
                                                         {"no fewer than", CompareOperator::kGreaterOrEqual},
                                                         {"a minimum of", CompareOperator::kGreaterOrEqual},
                                                         {"minimum", CompareOperator::kGreaterOrEqual},
                                                         {"greater than or equal to", CompareOperator::kGreaterOrEqual},
                                                         {">=", CompareOperator::kGreaterOrEqual},
                                                         {"less than", CompareOperator::kLess},
                                                         {"under", CompareOperator::kLess},
                                                         {"below", CompareOperator::kLess},
                                                         {"fewer than", CompareOperator::kLess},
                                                         {"lower than", CompareOperator::kLess},
                                                         {"smaller than", CompareOperator::kLess},
                                                         {"shorter than", CompareOperator::kLess},
                                                         {"<", CompareOperator::kLess},
                                                         {"at most", CompareOperator::kLessOrEqual},
                                                         {"no more than", CompareOperator::kLessOrEqual},
                                                         {"not more than", CompareOperator::kLessOrEqual},
                                                         {"a maximum of", CompareOperator::kLessOrEqual},
                                                         {"less than or equal to", CompareOperator::kLessOrEqual},
                                                         {"<=", CompareOperator::kLessOrEqual},
                                                         {"up to", CompareOperator::kLessOrEqual},
                                                         {"exactly", CompareOperator::kEqual},
                                                         {"equal to", CompareOperator::kEqual},
                                                         {"equals", CompareOperator::kEqual},
                                                         {"=", CompareOperator::kEqual},
                                                         {"precisely", CompareOperator::kEqual},
                                                         {"not equal to", CompareOperator::kNotEqual},
                                                         {"!=", CompareOperator::kNotEqual},
                                                         {"<>", CompareOperator::kNotEqual}};

}  // namespace neurolake::ask
