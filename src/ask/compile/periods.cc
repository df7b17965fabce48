#include "ask/compile/internal/periods.h"

#include <algorithm>

namespace neurolake::ask::compile {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::months;
using std::chrono::year_month_day;

year_month_day DateOf(LocalTime time) { return year_month_day(std::chrono::floor<days>(time)); }

bool IsMidnight(LocalTime time) { return std::chrono::floor<days>(time) == time; }
bool IsFirstOfMonth(LocalTime time) { return IsMidnight(time) && unsigned(DateOf(time).day()) == 1; }

/// Months of a grain made of months; else nothing.
std::optional<int> MonthsOf(TimeGrain grain) {
  switch (grain) {
    case TimeGrain::kMonth: return 1;
    case TimeGrain::kQuarter:
    case TimeGrain::kFiscalQuarter: return 3;
    case TimeGrain::kYear:
    case TimeGrain::kFiscalYear: return 12;
    case TimeGrain::kSecond:
    case TimeGrain::kMinute:
    case TimeGrain::kHour:
    case TimeGrain::kDay:
    case TimeGrain::kWeek: return std::nullopt;
  }
  return std::nullopt;
}

std::chrono::seconds SecondsOf(TimeGrain grain) {
  switch (grain) {
    case TimeGrain::kSecond: return std::chrono::seconds(1);
    case TimeGrain::kMinute: return std::chrono::minutes(1);
    case TimeGrain::kHour: return std::chrono::hours(1);
    case TimeGrain::kDay: return days(1);
    case TimeGrain::kWeek: return days(7);
    default: return std::chrono::seconds(0);
  }
}

LocalTime AdvanceMonths(LocalTime time, int64_t count) {
  const local_days day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const std::chrono::year_month month = date.year() / date.month() + months(count);
  const auto last = (month / std::chrono::last).day();
  return local_days(month / std::min(date.day(), last)) + (time - day);
}

/// The first of the period of `length` months that begins in month `first` of a year.
LocalTime TruncateMonths(LocalTime time, int length, int first) {
  const year_month_day date = DateOf(time);
  const int month = int(unsigned(date.month()));
  const int behind = ((month - first) % length + length) % length;
  return AdvanceMonths(local_days(date.year() / date.month() / 1), -behind);
}

}  // namespace

LocalTime Truncate(LocalTime time, TimeGrain grain, const semantic::Calendar& calendar) {
  switch (grain) {
    case TimeGrain::kWeek: {
      const local_days day = std::chrono::floor<days>(time);
      return day - (std::chrono::weekday(day) - std::chrono::Monday);
    }
    case TimeGrain::kMonth: return TruncateMonths(time, 1, 1);
    case TimeGrain::kQuarter: return TruncateMonths(time, 3, 1);
    case TimeGrain::kYear: return TruncateMonths(time, 12, 1);
    case TimeGrain::kFiscalQuarter: return TruncateMonths(time, 3, calendar.fiscal_year_start_month);
    case TimeGrain::kFiscalYear: return TruncateMonths(time, 12, calendar.fiscal_year_start_month);
    case TimeGrain::kSecond: return time;
    case TimeGrain::kMinute: return std::chrono::floor<std::chrono::minutes>(time);
    case TimeGrain::kHour: return std::chrono::floor<std::chrono::hours>(time);
    case TimeGrain::kDay: return std::chrono::floor<days>(time);
  }
  return time;
}

LocalTime Advance(LocalTime time, TimeGrain grain, int64_t count) {
  if (const auto length = MonthsOf(grain)) return AdvanceMonths(time, count * *length);
  return time + SecondsOf(grain) * count;
}

bool IsAligned(LocalTime time, TimeGrain grain, const semantic::Calendar& calendar) {
  return Truncate(time, grain, calendar) == time;
}

TimeRange Shift(const TimeRange& range, TimeGrain grain, int64_t count) {
  TimeRange shifted;
  if (range.from) shifted.from = Advance(*range.from, grain, count);
  if (range.to) {
    const bool is_last_of_day = MonthsOf(grain) && IsMidnight(*range.to) && !IsFirstOfMonth(*range.to);
    shifted.to =
        is_last_of_day ? Advance(*range.to - days(1), grain, count) + days(1) : Advance(*range.to, grain, count);
  }
  return shifted;
}

TimeRange Before(const TimeRange& range) {
  const LocalTime from = *range.from;
  const LocalTime to = *range.to;
  if (IsFirstOfMonth(from) && IsFirstOfMonth(to)) {
    const auto first = DateOf(from), last = DateOf(to);
    const int64_t length = (last.year() / last.month() - first.year() / first.month()).count();
    return {.from = AdvanceMonths(from, -length), .to = from};
  }
  return {.from = from - (to - from), .to = from};
}

int64_t CountPeriods(const TimeRange& range, TimeGrain grain, const semantic::Calendar& calendar) {
  const LocalTime first = Truncate(*range.from, grain, calendar);
  const LocalTime last = Truncate(*range.to - std::chrono::seconds(1), grain, calendar);
  if (last < first) return 0;
  const auto length = MonthsOf(grain);
  if (!length) return (last - first) / SecondsOf(grain) + 1;
  const auto a = DateOf(first), b = DateOf(last);
  return (b.year() / b.month() - a.year() / a.month()).count() / *length + 1;
}

}  // namespace neurolake::ask::compile
