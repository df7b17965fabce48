#pragma once
#include <optional>

#include "ask/intent/intent.h"

namespace neurolake::ask::compile {

/// The start of the period that `time` is in.
LocalTime Truncate(LocalTime time, TimeGrain grain, const semantic::Calendar& calendar);

/// `count` periods later, or earlier if negative, by the calendar: the day of the month stays, or becomes the month's
/// last.
LocalTime Advance(LocalTime time, TimeGrain grain, int64_t count);

bool IsAligned(LocalTime time, TimeGrain grain, const semantic::Calendar& calendar);

/// Both ends moved by the calendar. An end that is midnight, but not of a month's first, is the day before's last
/// moment: until 31 March (30 March is the last day in) less a month is until 1 March, so that 29 February is in.
TimeRange Shift(const TimeRange& range, TimeGrain grain, int64_t count);

/// The range of the same length right before a closed one; whole years, quarters, months, days by the calendar if it is
/// made of them.
TimeRange Before(const TimeRange& range);

/// Periods that a closed range touches.
int64_t CountPeriods(const TimeRange& range, TimeGrain grain, const semantic::Calendar& calendar);

}  // namespace neurolake::ask::compile
