#include "tables/delta/internal/expression_functions.h"

#include <algorithm>

namespace neurolake::tables::delta::internal {
namespace {

using Kind = DataType::Kind;
constexpr int kMany = 64;

constexpr Function kFunctions[] = {
    {"lower", "lower", 1, 1, CallForm::kSame, Kind::kString},
    {"upper", "upper", 1, 1, CallForm::kSame, Kind::kString},
    {"length", "length", 1, 1, CallForm::kSame, Kind::kInteger},
    {"trim", "trim", 1, 1, CallForm::kSame, Kind::kString},
    {"ltrim", "ltrim", 1, 1, CallForm::kSame, Kind::kString},
    {"rtrim", "rtrim", 1, 1, CallForm::kSame, Kind::kString},
    {"concat", "||", 2, kMany, CallForm::kJoin, Kind::kString},
    {"substring", "substring", 2, 3, CallForm::kSubstring, Kind::kString},
    {"left", "left", 2, 2, CallForm::kSame, Kind::kString},
    {"right", "right", 2, 2, CallForm::kSame, Kind::kString},
    {"replace", "replace", 3, 3, CallForm::kSame, Kind::kString},
    {"startswith", "starts_with", 2, 2, CallForm::kSame, Kind::kBoolean},
    {"endswith", "ends_with", 2, 2, CallForm::kSame, Kind::kBoolean},
    {"contains", "contains", 2, 2, CallForm::kSame, Kind::kBoolean},
    {"md5", "md5", 1, 1, CallForm::kSame, Kind::kString},
    {"abs", "abs", 1, 1, CallForm::kSame, {}},
    {"ceil", "ceil", 1, 1, CallForm::kSame, {}},
    {"floor", "floor", 1, 1, CallForm::kSame, {}},
    {"round", "round", 1, 2, CallForm::kSame, {}},
    {"sqrt", "sqrt", 1, 1, CallForm::kSame, Kind::kDouble},
    {"coalesce", "coalesce", 1, kMany, CallForm::kSame, {}},
    {"nullif", "nullif", 2, 2, CallForm::kSame, {}},
    {"greatest", "greatest", 2, kMany, CallForm::kSame, {}},
    {"least", "least", 2, kMany, CallForm::kSame, {}},
    {"isnull", "", 1, 1, CallForm::kIsNull, Kind::kBoolean},
    {"isnotnull", "", 1, 1, CallForm::kIsNotNull, Kind::kBoolean},
    {"isnan", "isnan", 1, 1, CallForm::kIsNan, Kind::kBoolean},
    {"array_contains", "list_contains", 2, 2, CallForm::kArrayContains, Kind::kBoolean},
    {"year", "year", 1, 1, CallForm::kSame, Kind::kInteger},
    {"quarter", "quarter", 1, 1, CallForm::kSame, Kind::kInteger},
    {"month", "month", 1, 1, CallForm::kSame, Kind::kInteger},
    {"weekofyear", "weekofyear", 1, 1, CallForm::kSame, Kind::kInteger},
    {"day", "day", 1, 1, CallForm::kSame, Kind::kInteger},
    {"dayofyear", "dayofyear", 1, 1, CallForm::kSame, Kind::kInteger},
    {"dayofweek", "dayofweek", 1, 1, CallForm::kDayOfWeek, Kind::kInteger},
    {"hour", "hour", 1, 1, CallForm::kSame, Kind::kInteger},
    {"minute", "minute", 1, 1, CallForm::kSame, Kind::kInteger},
    {"second", "second", 1, 1, CallForm::kSame, Kind::kInteger},
    {"date_trunc", "date_trunc", 2, 2, CallForm::kDateTrunc, {}},
    {"trunc", "date_trunc", 2, 2, CallForm::kTrunc, Kind::kDate},
    {"date_format", "strftime", 2, 2, CallForm::kDateFormat, Kind::kString},
    {"to_date", "", 1, 1, CallForm::kToDate, Kind::kDate},
    {"date_add", "+", 2, 2, CallForm::kAddDays, Kind::kDate},
    {"date_sub", "-", 2, 2, CallForm::kSubtractDays, Kind::kDate},
    {"datediff", "date_diff", 2, 2, CallForm::kDaysBetween, Kind::kInteger},
    {"current_date", "today", 0, 0, CallForm::kSame, Kind::kDate, true},
    {"current_timestamp", "now", 0, 0, CallForm::kSame, Kind::kTimestamp, true},
    {"uuid", "uuid", 0, 0, CallForm::kUuid, Kind::kString, true},
};

struct Alias {
  std::string_view alias;
  std::string_view name;
};
constexpr Alias kAliases[] = {
    {"char_length", "length"},
    {"character_length", "length"},
    {"len", "length"},
    {"lcase", "lower"},
    {"ucase", "upper"},
    {"substr", "substring"},
    {"starts_with", "startswith"},
    {"ends_with", "endswith"},
    {"ceiling", "ceil"},
    {"ifnull", "coalesce"},
    {"nvl", "coalesce"},
    {"dayofmonth", "day"},
    {"list_contains", "array_contains"},
    {"date_diff", "datediff"},
    {"now", "current_timestamp"},
    {"gen_random_uuid", "uuid"},
    {"datetrunc", "date_trunc"},
};

}  // namespace

const Function* FindFunction(std::string_view lower_name) {
  const auto* alias = std::ranges::find(kAliases, lower_name, &Alias::alias);
  const std::string_view name = alias == std::end(kAliases) ? lower_name : alias->name;
  const auto* found = std::ranges::find(kFunctions, name, &Function::name);
  return found == std::end(kFunctions) ? nullptr : found;
}

}  // namespace neurolake::tables::delta::internal
