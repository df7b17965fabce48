#include "ask/compile/internal/sql_text.h"

#include <algorithm>
#include <cmath>

#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

using semantic::ValueType;
using std::chrono::days;

std::string DateText(LocalTime time) {
  const std::chrono::year_month_day date(std::chrono::floor<days>(time));
  return fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

std::string ClockText(LocalTime time) {
  const std::chrono::hh_mm_ss clock(time - std::chrono::floor<days>(time));
  return fmt::format("{:02}:{:02}:{:02}", clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

bool DigitsAt(std::string_view text, size_t at, size_t count) {
  return text.size() >= at + count &&
         std::ranges::all_of(text.substr(at, count), [](char c) { return c >= '0' && c <= '9'; });
}

unsigned NumberAt(std::string_view text, size_t at, size_t count) {
  unsigned number = 0;
  for (const char c : text.substr(at, count)) number = number * 10 + unsigned(c - '0');
  return number;
}

bool IsDateText(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  if (!DigitsAt(text, 0, 4) || !DigitsAt(text, 5, 2) || !DigitsAt(text, 8, 2)) return false;
  return std::chrono::year_month_day(std::chrono::year(int(NumberAt(text, 0, 4))),
                                     std::chrono::month(NumberAt(text, 5, 2)), std::chrono::day(NumberAt(text, 8, 2)))
      .ok();
}

bool IsTimestampText(std::string_view text) {
  if (text.size() == 10) return IsDateText(text);
  if (text.size() != 19 || !IsDateText(text.substr(0, 10)) || text[10] != ' ' || text[13] != ':' || text[16] != ':') {
    return false;
  }
  return DigitsAt(text, 11, 2) && DigitsAt(text, 14, 2) && DigitsAt(text, 17, 2) && NumberAt(text, 11, 2) < 24 &&
         NumberAt(text, 14, 2) < 60 && NumberAt(text, 17, 2) < 60;
}

std::unexpected<Error> WrongType(std::string_view field, std::string_view wanted) {
  return MakeError(ErrorCode::kInvalidArgument, "a value of another type was given for a field: {} takes {}", field,
                   wanted);
}

}  // namespace

std::string JoinText(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string TableSql(const std::vector<std::string>& table) {
  std::vector<std::string> quoted;
  for (const std::string& part : table) quoted.push_back(QuoteIdentifier(part));
  return JoinText(quoted, ".");
}

bool IsDateGrain(TimeGrain grain) { return grain >= TimeGrain::kDay; }

std::string TruncateSql(const std::string& local, TimeGrain grain, const semantic::Calendar& calendar) {
  const bool is_fiscal = grain == TimeGrain::kFiscalQuarter || grain == TimeGrain::kFiscalYear;
  std::string_view unit = semantic::TimeGrainName(grain);
  if (grain == TimeGrain::kFiscalQuarter) unit = "quarter";
  if (grain == TimeGrain::kFiscalYear) unit = "year";
  const int behind = is_fiscal ? calendar.fiscal_year_start_month - 1 : 0;
  if (behind != 0) {
    return fmt::format("CAST(date_trunc('{0}', {1} - INTERVAL {2} MONTH) + INTERVAL {2} MONTH AS DATE)", unit, local,
                       behind);
  }
  return fmt::format("CAST(date_trunc('{}', {}) AS {})", unit, local, IsDateGrain(grain) ? "DATE" : "TIMESTAMP");
}

std::string PartSql(const std::string& local, TimePart part) {
  switch (part) {
    case TimePart::kHourOfDay: return fmt::format("date_part('hour', {})", local);
    case TimePart::kDayOfWeek: return fmt::format("date_part('isodow', {})", local);
    case TimePart::kDayOfMonth: return fmt::format("date_part('day', {})", local);
    case TimePart::kDayOfYear: return fmt::format("date_part('doy', {})", local);
    case TimePart::kWeekOfYear: return fmt::format("date_part('week', {})", local);
    case TimePart::kMonthOfYear: return fmt::format("date_part('month', {})", local);
    case TimePart::kQuarterOfYear: return fmt::format("date_part('quarter', {})", local);
  }
  return local;
}

std::string IntervalSql(TimeGrain grain, int64_t count) {
  switch (grain) {
    case TimeGrain::kFiscalQuarter:
    case TimeGrain::kQuarter: return fmt::format("INTERVAL {} MONTH", count * 3);
    case TimeGrain::kFiscalYear: return fmt::format("INTERVAL {} YEAR", count);
    case TimeGrain::kWeek: return fmt::format("INTERVAL {} DAY", count * 7);
    default: {
      std::string unit(semantic::TimeGrainName(grain));
      std::ranges::transform(unit, unit.begin(), [](char c) { return char(c - 'a' + 'A'); });
      return fmt::format("INTERVAL {} {}", count, unit);
    }
  }
}

std::string DateSql(LocalTime time) { return "DATE '" + DateText(time) + "'"; }

std::string TimestampSql(LocalTime time) { return "TIMESTAMP '" + DateText(time) + " " + ClockText(time) + "'"; }

std::string BoundSql(LocalTime time, ValueType type, std::string_view zone) {
  const bool is_midnight = std::chrono::floor<days>(time) == time;
  if (type == ValueType::kDate && is_midnight) return DateSql(time);
  if (type != ValueType::kTimestampTz) return TimestampSql(time);
  return fmt::format("timezone({}, {})", QuoteLiteral(zone), TimestampSql(time));
}

std::string NumberSql(double value) {
  std::string text = fmt::format("{}", value);
  return value < 0 ? "(" + text + ")" : text;
}

Result<std::string> LiteralSql(const Literal& value, ValueType type, std::string_view field) {
  const auto* text = std::get_if<std::string>(&value);
  const auto* integer = std::get_if<int64_t>(&value);
  const auto* number = std::get_if<double>(&value);
  switch (type) {
    case ValueType::kText:
      if (text == nullptr) return WrongType(field, "text");
      if (text->find('\0') != std::string::npos) return WrongType(field, "text without the character 0");
      return QuoteLiteral(*text);
    case ValueType::kInteger:
    case ValueType::kNumber:
      if (integer != nullptr) return *integer < 0 ? fmt::format("({})", *integer) : fmt::format("{}", *integer);
      if (number == nullptr || !std::isfinite(*number)) return WrongType(field, "a number");
      return NumberSql(*number);
    case ValueType::kBoolean:
      if (!std::holds_alternative<bool>(value)) return WrongType(field, "true or false");
      return std::string(std::get<bool>(value) ? "TRUE" : "FALSE");
    case ValueType::kDate:
      if (text == nullptr || !IsDateText(*text)) return WrongType(field, "a date, yyyy-mm-dd");
      return "DATE '" + *text + "'";
    case ValueType::kTimestamp:
    case ValueType::kTimestampTz:
      if (text == nullptr || !IsTimestampText(*text)) return WrongType(field, "a time, yyyy-mm-dd hh:mm:ss");
      return "TIMESTAMP '" + *text + "'";
  }
  return WrongType(field, "something else");
}

}  // namespace neurolake::ask::compile
