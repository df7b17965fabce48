#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "ask/answer/table.h"

namespace neurolake::ask {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::month;
using std::chrono::year_month_day;

constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                   "July",    "August",   "September", "October", "November", "December"};
constexpr const char* kWeekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

const char* MonthName(month value) { return kMonths[unsigned{value} - 1]; }

std::string ShowDay(const year_month_day& day) {
  return fmt::format("{} {} {}", unsigned{day.day()}, MonthName(day.month()), int{day.year()});
}

/// "1234567" with commas; a sign may lead.
std::string WithThousands(std::string digits) {
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string ShowIsoWeek(local_days day) {
  const auto thursday = day + days{3};  // ISO 8601: a week belongs to the year of its Thursday.
  const year_month_day of_thursday{thursday};
  const auto new_year = local_days{of_thursday.year() / std::chrono::January / 1};
  return fmt::format("week {} of {}", (thursday - new_year).count() / 7 + 1, int{of_thursday.year()});
}

std::string ShowPart(int64_t value, TimePart part) {
  if (part == TimePart::kDayOfWeek && value >= 1 && value <= 7) return kWeekdays[value - 1];
  if (part == TimePart::kMonthOfYear && value >= 1 && value <= 12) return kMonths[value - 1];
  if (part == TimePart::kQuarterOfYear) return fmt::format("Q{}", value);
  if (part == TimePart::kHourOfDay) return fmt::format("{:02}:00", value);
  if (part == TimePart::kWeekOfYear) return fmt::format("week {}", value);
  return std::to_string(value);
}

/// The grain whose single period is just this range, coarsest first.
std::optional<TimeGrain> WholePeriod(local_days from, local_days to) {
  const year_month_day first{from};
  if (to - from == days{1}) return TimeGrain::kDay;
  if (unsigned{first.day()} != 1) return std::nullopt;
  const auto after = [&](int months) { return local_days{first + std::chrono::months{months}}; };
  const unsigned number = unsigned{first.month()};
  if (number == 1 && to == after(12)) return TimeGrain::kYear;
  if (number % 3 == 1 && to == after(3)) return TimeGrain::kQuarter;
  if (to == after(1)) return TimeGrain::kMonth;
  return std::nullopt;
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
    case TimeGrain::kFiscalYear:
      return fmt::format("{}{}", grain == TimeGrain::kYear ? "" : "fiscal year from ",
                         grain == TimeGrain::kYear ? std::to_string(int{date.year()}) : ShowDay(date));
    case TimeGrain::kQuarter: return fmt::format("Q{} {}", (unsigned{date.month()} - 1) / 3 + 1, int{date.year()});
    case TimeGrain::kFiscalQuarter: return "fiscal quarter from " + ShowDay(date);
    case TimeGrain::kMonth: return fmt::format("{} {}", MonthName(date.month()), int{date.year()});
    case TimeGrain::kWeek: return ShowIsoWeek(day);
    case TimeGrain::kDay: return ShowDay(date);
    default: break;
  }
  return fmt::format("{} {:02}:{:02}{}", ShowDay(date), time.hours().count(), time.minutes().count(),
                     grain == TimeGrain::kSecond ? fmt::format(":{:02}", time.seconds().count()) : "");
}

std::string ShowRange(const TimeRange& range) {
  const auto show = [](LocalTime time) {
    return ShowPeriod(time, floor<days>(time) == time ? TimeGrain::kDay : TimeGrain::kMinute);
  };
  if (!range.from.has_value() && !range.to.has_value()) return "at any time";
  if (!range.to.has_value()) return "since " + show(*range.from);
  if (!range.from.has_value()) return "before " + show(*range.to);
  const auto from = floor<days>(*range.from);
  const auto to = floor<days>(*range.to);
  if (from != *range.from || to != *range.to)
    return fmt::format("from {} until before {}", show(*range.from), show(*range.to));
  if (const auto grain = WholePeriod(from, to)) {
    return (*grain == TimeGrain::kDay ? "on " : "in ") + ShowPeriod(*range.from, *grain);
  }
  return fmt::format("from {} to {}", show(*range.from), show(to - days{1}));
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
