#pragma once
#include <cstdint>
#include <string_view>

#include "common/result.h"

namespace neurolake::privacy {

/// The lower bound of the bucket of `width` that `value` lies in, counted from zero: 37 in steps of 10 is 30, -3 is
/// -10. At the lower end of the type, where that bound does not exist, the lowest multiple of `width` that does.
/// `width` > 0.
int64_t BucketOf(int64_t value, int64_t width);
/// As above. NaN and infinities stay as they are, as they say nothing of size. `width` finite and > 0.
double BucketOf(double value, double width);

enum class DatePart : uint8_t { kYear, kQuarter, kMonth, kWeek };
/// "year", "quarter", "month", "week" (from Monday on, ISO 8601). Errors: kInvalidArgument.
Result<DatePart> DatePartOf(std::string_view name);
/// First day of the part that the day lies in; days since 1970-01-01, proleptic Gregorian. Days beyond the years
/// ±32,000 stay as they are: infinity and its like.
int32_t TruncateDay(int32_t day, DatePart part);
/// The same for microseconds since 1970-01-01 00:00:00; the time of day goes.
int64_t TruncateMicroseconds(int64_t microseconds, DatePart part);

}  // namespace neurolake::privacy
