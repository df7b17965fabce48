#include "privacy/number_mask.h"

#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "common/check.h"

namespace neurolake::privacy {
namespace {

constexpr int32_t kDaysMax = 32'000 * 365;
constexpr int64_t kDayMicroseconds = 86'400'000'000;

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

}  // namespace

int64_t BucketOf(int64_t value, int64_t width) {
  NL_CHECK(width > 0);
  const int64_t towards_zero = value - value % width;
  if (value >= 0 || value % width == 0) return towards_zero;
  if (towards_zero < std::numeric_limits<int64_t>::min() + width) return towards_zero;
  return towards_zero - width;
}

double BucketOf(double value, double width) {
  NL_CHECK(std::isfinite(width) && width > 0);
  if (!std::isfinite(value)) return value;
  const double bucket = std::floor(value / width) * width;
  // Where the quotient overflows there are no digits left to hide below the width.
  return std::isfinite(bucket) ? bucket + 0.0 : value;
}

Result<DatePart> DatePartOf(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, DatePart>, 4> kParts = {{{"year", DatePart::kYear},
                                                                            {"quarter", DatePart::kQuarter},
                                                                            {"month", DatePart::kMonth},
                                                                            {"week", DatePart::kWeek}}};
  for (const auto& [known, part] : kParts) {
    if (known == name) return part;
  }
  return MakeError(ErrorCode::kInvalidArgument, "a date is cut to year, quarter, month or week, not: {}", name);
}

int32_t TruncateDay(int32_t day, DatePart part) {
  if (day > kDaysMax || day < -kDaysMax) return day;
  using namespace std::chrono;
  // The 1st of January 1970 was a Thursday.
  if (part == DatePart::kWeek) return static_cast<int32_t>(FloorDivide(day + 3, 7) * 7 - 3);
  const year_month_day date{sys_days{days{day}}};
  unsigned month_of = 1;
  if (part == DatePart::kMonth) month_of = static_cast<unsigned>(date.month());
  if (part == DatePart::kQuarter) month_of = (static_cast<unsigned>(date.month()) - 1) / 3 * 3 + 1;
  return static_cast<int32_t>(sys_days{date.year() / month{month_of} / 1}.time_since_epoch().count());
}

int64_t TruncateMicroseconds(int64_t microseconds, DatePart part) {
  const int64_t day = FloorDivide(microseconds, kDayMicroseconds);
  if (day > kDaysMax || day < -kDaysMax) return microseconds;
  return TruncateDay(static_cast<int32_t>(day), part) * kDayMicroseconds;
}

}  // namespace neurolake::privacy
