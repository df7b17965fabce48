#pragma once
#include <array>
#include <string_view>

#include "ask/intent/intent.h"

namespace neurolake::ask {

/// How the JSON of an intent spells its enumerations, in the order of their enumerators.
inline constexpr std::array<std::string_view, 13> kFilterOperatorNames{
    "in",          "not_in",    "less",     "less_or_equal", "greater", "greater_or_equal", "between",
    "starts_with", "ends_with", "contains", "not_contains",  "is_null", "is_not_null"};
inline constexpr std::array<std::string_view, 4> kComparisonNames{"previous_period", "offset", "same_weekday", "range"};
inline constexpr std::array<std::string_view, 10> kCalculationNames{
    "share_of_total",  "share_of_parent", "cumulative", "to_date", "rolling_sum",
    "rolling_average", "growth",          "difference", "rank",    "ratio"};
inline constexpr std::array<std::string_view, 5> kValuePartNames{"metric", "comparison", "difference", "growth",
                                                                 "calculation"};
inline constexpr std::array<std::string_view, 2> kTiesNames{"include", "break"};
inline constexpr std::array<std::string_view, 7> kCompareNames{"equal",   "not_equal",        "less",   "less_or_equal",
                                                               "greater", "greater_or_equal", "between"};
inline constexpr std::array<std::string_view, 5> kOutputNames{"table", "rows", "exists", "describe", "list_askable"};

}  // namespace neurolake::ask
