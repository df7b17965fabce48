#include "ask/time/calendar.h"

#include <array>

#include "common/check.h"

namespace neurolake::ask {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::seconds;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};

year_month_day DateOf(LocalTime time) { return year_month_day(std::chrono::floor<days>(time)); }

LocalTime MonthStart(int year, int month) { return DateStart(year, month, 1); }

/// Months since year 0, and back; any number of months from a date, its day cut to the month's length.
LocalTime AddMonths(LocalTime time, int64_t months) {
  const year_month_day date = DateOf(time);
  const seconds of_day = time - LocalTime(std::chrono::floor<days>(time));
  const int64_t total =
      static_cast<int64_t>(static_cast<int>(date.year())) * 12 + static_cast<unsigned>(date.month()) - 1 + months;
  const int64_t year = total >= 0 ? total / 12 : (total - 11) / 12;
  const std::chrono::year_month month{std::chrono::year(static_cast<int>(year)),
                                      std::chrono::month(static_cast<unsigned>(total - year * 12 + 1))};
  const auto last = static_cast<unsigned>((month / std::chrono::last).day());
  const auto day = std::min(static_cast<unsigned>(date.day()), last);
  return LocalTime(local_days(month / std::chrono::day(day))) + of_day;
}

LocalTime FiscalFloor(LocalTime time, int months, const semantic::Calendar& calendar) {
  const int index = YearOf(time) * 12 + MonthOf(time) - 1;
  const int offset = calendar.fiscal_year_start_month - 1;
  const int start = (index - offset) / months * months + offset;
  return MonthStart(start / 12, start % 12 + 1);
}

}  // namespace

LocalTime FloorTo(LocalTime time, TimeGrain grain, const semantic::Calendar& calendar) {
  const auto day = std::chrono::floor<days>(time);
  switch (grain) {
    case TimeGrain::kSecond: return time;
    case TimeGrain::kMinute: return LocalTime(std::chrono::floor<std::chrono::minutes>(time));
    case TimeGrain::kHour: return LocalTime(std::chrono::floor<std::chrono::hours>(time));
    case TimeGrain::kDay: return LocalTime(day);
    case TimeGrain::kWeek: return LocalTime(day - days(WeekdayOf(time) - 1));
    case TimeGrain::kMonth: return MonthStart(YearOf(time), MonthOf(time));
    case TimeGrain::kQuarter: return MonthStart(YearOf(time), (MonthOf(time) - 1) / 3 * 3 + 1);
    case TimeGrain::kYear: return MonthStart(YearOf(time), 1);
    case TimeGrain::kFiscalQuarter: return FiscalFloor(time, 3, calendar);
    case TimeGrain::kFiscalYear: return FiscalFloor(time, 12, calendar);
  }
  NL_UNREACHABLE();
}

LocalTime AddPeriods(LocalTime start, TimeGrain grain, int64_t count) {
  switch (grain) {
    case TimeGrain::kSecond: return start + seconds(count);
    case TimeGrain::kMinute: return start + std::chrono::minutes(count);
    case TimeGrain::kHour: return start + std::chrono::hours(count);
    case TimeGrain::kDay: return start + days(count);
    case TimeGrain::kWeek: return start + days(7 * count);
    case TimeGrain::kMonth: return AddMonths(start, count);
    case TimeGrain::kQuarter:
    case TimeGrain::kFiscalQuarter: return AddMonths(start, 3 * count);
    case TimeGrain::kYear:
    case TimeGrain::kFiscalYear: return AddMonths(start, 12 * count);
  }
  NL_UNREACHABLE();
}

LocalTime FiscalYearStart(int year, const semantic::Calendar& calendar) {
  const int month = calendar.fiscal_year_start_month;
  return MonthStart(month > 1 && calendar.fiscal_year_named_by_end ? year - 1 : year, month);
}

int FiscalYearOf(LocalTime time, const semantic::Calendar& calendar) {
  const int start = YearOf(FloorTo(time, TimeGrain::kFiscalYear, calendar));
  return calendar.fiscal_year_start_month > 1 && calendar.fiscal_year_named_by_end ? start + 1 : start;
}

int IsoWeeksIn(int year) {
  // ISO 8601: the year that has a Thursday on its first or its last day has 53 weeks.
  return WeekdayOf(DateStart(year, 1, 1)) == 4 || WeekdayOf(DateStart(year, 12, 31)) == 4 ? 53 : 52;
}

LocalTime IsoWeekStart(int year, int week) {
  const LocalTime fourth = DateStart(year, 1, 4);  // Always in week 1.
  return fourth - days(WeekdayOf(fourth) - 1) + days(7 * (week - 1));
}

std::pair<int, int> IsoWeekOf(LocalTime time) {
  const auto day = std::chrono::floor<days>(time);
  const LocalTime thursday(day + days(4 - WeekdayOf(time)));
  const int year = YearOf(thursday);
  const auto elapsed = std::chrono::duration_cast<days>(LocalTime(day) - IsoWeekStart(year, 1));
  return {year, static_cast<int>(elapsed.count() / 7) + 1};
}

bool IsDate(int year, int month, int day) {
  return year >= 1 && month >= 1 && day >= 1 &&
         (std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
          std::chrono::day(static_cast<unsigned>(day)))
             .ok();
}

LocalTime DateStart(int year, int month, int day) {
  return LocalTime(local_days(std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
                              std::chrono::day(static_cast<unsigned>(day))));
}

int YearOf(LocalTime time) { return static_cast<int>(DateOf(time).year()); }
int MonthOf(LocalTime time) { return static_cast<int>(static_cast<unsigned>(DateOf(time).month())); }
int WeekdayOf(LocalTime time) {
  return static_cast<int>(std::chrono::weekday(std::chrono::floor<days>(time)).iso_encoding());
}

std::string_view MonthName(int month) { return kMonths[static_cast<size_t>(month - 1)]; }

std::string PeriodName(LocalTime start, TimeGrain grain, const semantic::Calendar& calendar) {
  switch (grain) {
    case TimeGrain::kMonth: return fmt::format("{} {}", MonthName(MonthOf(start)), YearOf(start));
    case TimeGrain::kQuarter: return fmt::format("Q{} {}", (MonthOf(start) + 2) / 3, YearOf(start));
    case TimeGrain::kYear: return fmt::format("{}", YearOf(start));
    case TimeGrain::kFiscalYear: return fmt::format("FY{}", FiscalYearOf(start, calendar));
    case TimeGrain::kFiscalQuarter: {
      const int months = MonthOf(start) - calendar.fiscal_year_start_month;
      return fmt::format("fiscal Q{} of FY{}", (months + 12) % 12 / 3 + 1, FiscalYearOf(start, calendar));
    }
    case TimeGrain::kWeek: {
      const auto [year, week] = IsoWeekOf(start);
      return fmt::format("week {} of {}", week, year);
    }
    default: return TimeName(start);
  }
}

std::string TimeName(LocalTime time) {
  const year_month_day date = DateOf(time);
  const auto of_day = time - LocalTime(std::chrono::floor<days>(time));
  std::string name = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (of_day.count() != 0) name += fmt::format(" {:02}:{:02}", of_day.count() / 3600, of_day.count() / 60 % 60);
  return name;
}

}  // namespace neurolake::ask
