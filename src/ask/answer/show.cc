#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "ask/answer/table.h"
#include "ask/time/calendar.h"

namespace neurolake::ask {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::month;
using std::chrono::year_month_day;

constexpr const char* kWeekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

std::string ShowDay(const year_month_day& day) {
  return fmt::format("{} {} {}", unsigned{day.day()}, MonthName(static_cast<int>(unsigned{day.month()})),
                     int{day.year()});
}

/// "1234567" with commas; a sign may lead.
std::string WithThousands(std::string digits) {
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string ShowPart(int64_t value, TimePart part) {
  if (part == TimePart::kDayOfWeek && value >= 1 && value <= 7) return kWeekdays[value - 1];
  if (part == TimePart::kMonthOfYear && value >= 1 && value <= 12)
    return std::string(MonthName(static_cast<int>(value)));
  if (part == TimePart::kQuarterOfYear) return fmt::format("Q{}", value);
  if (part == TimePart::kHourOfDay) return fmt::format("{:02}:00", value);
  if (part == TimePart::kWeekOfYear) return fmt::format("week {}", value);
  return std::to_string(value);
}

}  // namespace

std::optional<double> NumberIn(const Cell& cell) {
  if (const auto* whole = std::get_if<int64_t>(&cell)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&cell))
    return std::isfinite(*number) ? std::optional(*number) : std::nullopt;
  if (const auto* text = std::get_if<std::string>(&cell)) {
    double value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc{} && end == text->data() + text->size() && std::isfinite(value)) return value;
  }
  return std::nullopt;
}

std::string ShowNumber(double number, const semantic::Format& format) {
  const bool is_percent = format.pattern == "percent";
  if (is_percent) number *= 100;
  std::string text;
  if (format.decimals.has_value()) {
    text = fmt::format("{:.{}f}", number, *format.decimals);
  } else if (format.pattern == "integer" || (std::abs(number) < 1e15 && number == std::round(number))) {
    text = fmt::format("{:.0f}", number);
  } else {
    // Money and percentages have two decimals; anything else keeps what is left of six digits, and two at least.
    const bool is_money = format.pattern == "currency" || is_percent;
    const int whole_digits = number == 0 ? 1 : static_cast<int>(std::floor(std::log10(std::abs(number)))) + 1;
    text = fmt::format("{:.{}f}", number, is_money ? 2 : std::clamp(6 - whole_digits, 2, 9));
    if (!is_money) text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  if (text == "-0") text = "0";
  const size_t point = text.find('.');
  text = WithThousands(text.substr(0, point)) + (point == std::string::npos ? "" : text.substr(point));
  if (is_percent) return text + " %";
  return format.unit.empty() ? text : text + " " + format.unit;
}

std::string ShowPeriod(LocalTime start, TimeGrain grain) {
  const auto day = floor<days>(start);
  const year_month_day date{day};
  const auto time = std::chrono::hh_mm_ss{start - day};
  switch (grain) {
    case TimeGrain::kYear:
    case TimeGrain::kQuarter:
    case TimeGrain::kMonth:
    case TimeGrain::kWeek: return PeriodName(start, grain, {});
    // Which year they are counted from is not in the table.
    case TimeGrain::kFiscalYear: return "fiscal year from " + ShowDay(date);
    case TimeGrain::kFiscalQuarter: return "fiscal quarter from " + ShowDay(date);
    case TimeGrain::kDay: return ShowDay(date);
    default: break;
  }
  return fmt::format("{} {:02}:{:02}{}", ShowDay(date), time.hours().count(), time.minutes().count(),
                     grain == TimeGrain::kSecond ? fmt::format(":{:02}", time.seconds().count()) : "");
}

std::optional<LocalTime> ParseSqlTime(std::string_view text) {
  int fields[6] = {0, 1, 1, 0, 0, 0};
  const size_t starts[] = {0, 5, 8, 11, 14, 17};
  const size_t lengths[] = {4, 2, 2, 2, 2, 2};
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  for (size_t i = 0; i < 6 && starts[i] < text.size(); ++i) {
    const auto part = text.substr(starts[i], lengths[i]);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), fields[i]);
    if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
  }
  const year_month_day date{std::chrono::year{fields[0]}, month{static_cast<unsigned>(fields[1])},
                            std::chrono::day{static_cast<unsigned>(fields[2])}};
  if (!date.ok()) return std::nullopt;
  return LocalTime{local_days{date}} + std::chrono::hours{fields[3]} + std::chrono::minutes{fields[4]} +
         std::chrono::seconds{fields[5]};
}

std::string ShowCell(const Cell& cell, const OutputColumn& column) {
  if (std::holds_alternative<std::monostate>(cell)) return "none";
  if (const auto* truth = std::get_if<bool>(&cell)) return *truth ? "yes" : "no";
  using Role = OutputColumn::Role;
  if (column.role == Role::kTimeAxis || column.role == Role::kDimension) {
    if (const auto* text = std::get_if<std::string>(&cell)) {
      const auto time = column.grain.has_value() ? ParseSqlTime(*text) : std::nullopt;
      return time.has_value() ? ShowPeriod(*time, *column.grain) : *text;
    }
    if (const auto* whole = std::get_if<int64_t>(&cell)) {
      return column.part.has_value() ? ShowPart(*whole, *column.part) : std::to_string(*whole);
    }
  }
  if (const auto number = NumberIn(cell)) {
    semantic::Format format = column.format;
    if (column.role == Role::kGrowth) format = {.unit = "", .pattern = "percent", .decimals = 1};
    return ShowNumber(*number, format);
  }
  return std::holds_alternative<std::string>(cell) ? std::get<std::string>(cell) : "not a number";
}

}  // namespace neurolake::ask
