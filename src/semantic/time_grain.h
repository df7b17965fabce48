#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace neurolake::semantic {

/// How long the periods of a time axis are. Weeks are ISO 8601: they begin on Monday. Fiscal grains follow the model's
/// Calendar. Finest first.
enum class TimeGrain : uint8_t {
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kFiscalQuarter,
  kFiscalYear,
};

/// A recurring part of a time, such as "Mondays" over all years.
enum class TimePart : uint8_t {
  kHourOfDay,      ///< 0 to 23
  kDayOfWeek,      ///< ISO: Monday is 1, Sunday 7
  kDayOfMonth,     ///< 1 to 31
  kDayOfYear,      ///< 1 to 366
  kWeekOfYear,     ///< ISO week, 1 to 53
  kMonthOfYear,    ///< 1 to 12
  kQuarterOfYear,  ///< 1 to 4
};

/// A reading of clock and calendar in the zone that a model or an intent names; seconds since 1970-01-01 00:00:00
/// there.
using LocalTime = std::chrono::local_seconds;

/// "month", "fiscal_quarter", … as models and intents spell it.
std::string_view TimeGrainName(TimeGrain grain);
std::optional<TimeGrain> TimeGrainFromName(std::string_view name);
/// "day_of_week", …
std::string_view TimePartName(TimePart part);
std::optional<TimePart> TimePartFromName(std::string_view name);

/// Whether every period of `coarse` is made of whole periods of `fine` (a month of days, but not of weeks).
bool Divides(TimeGrain fine, TimeGrain coarse);

}  // namespace neurolake::semantic
