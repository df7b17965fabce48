#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "semantic/model.h"

namespace neurolake::ask {

using semantic::LocalTime;
using semantic::TimeGrain;

/// The start of the period of `grain` that holds `time`. Weeks start on Monday; fiscal grains go by `calendar`.
/// Pure, as all below.
LocalTime FloorTo(LocalTime time, TimeGrain grain, const semantic::Calendar& calendar);

/// `start`, the start of a period of `grain`, moved by `count` periods. For months and longer any other time moves by
/// the calendar: 31 January plus a month is the last of February.
LocalTime AddPeriods(LocalTime start, TimeGrain grain, int64_t count);

/// The period after the one `start` begins.
inline LocalTime NextPeriod(LocalTime start, TimeGrain grain) { return AddPeriods(start, grain, 1); }

/// The first instant of fiscal year `year`, named as `calendar` says.
LocalTime FiscalYearStart(int year, const semantic::Calendar& calendar);
/// The number of the fiscal year that holds `time`.
int FiscalYearOf(LocalTime time, const semantic::Calendar& calendar);

/// How many ISO weeks `year` has: 52 or 53.
int IsoWeeksIn(int year);
/// The Monday of ISO week `week` of `year`.
LocalTime IsoWeekStart(int year, int week);
/// The ISO year and week that `time` lies in.
std::pair<int, int> IsoWeekOf(LocalTime time);

/// Whether there is such a day.
bool IsDate(int year, int month, int day);
LocalTime DateStart(int year, int month, int day);
int YearOf(LocalTime time);
int MonthOf(LocalTime time);
/// 1 is Monday, 7 Sunday.
int WeekdayOf(LocalTime time);

/// 1 is January; `month` is from 1 to 12.
std::string_view MonthName(int month);
/// "2024", "March 2024", "Q3 2024", "week 53 of 2020", "FY2024", "2024-03-04": the period of `grain` that begins at
/// `start`.
std::string PeriodName(LocalTime start, TimeGrain grain, const semantic::Calendar& calendar);
/// "2024-03-04", with " hh:mm" unless it is midnight.
std::string TimeName(LocalTime time);

}  // namespace neurolake::ask
