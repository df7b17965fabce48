#include "privacy/number_mask.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

namespace neurolake::privacy {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min(), kHighest = std::numeric_limits<int64_t>::max();

TEST(NumberMaskTest, BucketsOfIntegers) {
  EXPECT_EQ(BucketOf(int64_t{37}, 10), 30);
  EXPECT_EQ(BucketOf(int64_t{30}, 10), 30);
  EXPECT_EQ(BucketOf(int64_t{0}, 10), 0);
  EXPECT_EQ(BucketOf(int64_t{-3}, 10), -10);
  EXPECT_EQ(BucketOf(int64_t{-10}, 10), -10);
  EXPECT_EQ(BucketOf(kHighest, 10), kHighest / 10 * 10);
  EXPECT_EQ(BucketOf(kLowest, 10), kLowest / 10 * 10) << "no overflow";
  EXPECT_EQ(BucketOf(kLowest, kHighest), -kHighest);
  EXPECT_EQ(BucketOf(kLowest, 1), kLowest);
}

TEST(NumberMaskTest, BucketsOfFloats) {
  EXPECT_EQ(BucketOf(37.9, 10.0), 30.0);
  EXPECT_EQ(BucketOf(-0.5, 10.0), -10.0);
  EXPECT_FALSE(std::signbit(BucketOf(-0.0, 10.0)));
  EXPECT_TRUE(std::isnan(BucketOf(std::nan(""), 10.0)));
  EXPECT_TRUE(std::isinf(BucketOf(INFINITY, 10.0)));
  EXPECT_TRUE(std::isfinite(BucketOf(1e308, 1e-10)));
}

int32_t Day(int year, unsigned month, unsigned day) {
  using namespace std::chrono;
  return static_cast<int32_t>(
      sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}}.time_since_epoch().count());
}

TEST(NumberMaskTest, DatesAreCut) {
  const int32_t day = Day(2024, 5, 30);
  EXPECT_EQ(TruncateDay(day, DatePart::kYear), Day(2024, 1, 1));
  EXPECT_EQ(TruncateDay(day, DatePart::kQuarter), Day(2024, 4, 1));
  EXPECT_EQ(TruncateDay(day, DatePart::kMonth), Day(2024, 5, 1));
  EXPECT_EQ(TruncateDay(day, DatePart::kWeek), Day(2024, 5, 27)) << "a Monday";
  EXPECT_EQ(TruncateDay(Day(2024, 5, 27), DatePart::kWeek), Day(2024, 5, 27));
  EXPECT_EQ(TruncateDay(Day(1969, 12, 31), DatePart::kWeek), Day(1969, 12, 29));
  EXPECT_EQ(TruncateDay(Day(1583, 2, 3), DatePart::kYear), Day(1583, 1, 1));
  EXPECT_EQ(TruncateDay(Day(-44, 3, 15), DatePart::kMonth), Day(-44, 3, 1));
  EXPECT_EQ(TruncateDay(std::numeric_limits<int32_t>::max(), DatePart::kYear), std::numeric_limits<int32_t>::max());
  constexpr int64_t kDay = 86'400'000'000;
  EXPECT_EQ(TruncateMicroseconds(day * kDay + 123, DatePart::kMonth), Day(2024, 5, 1) * kDay);
  EXPECT_EQ(TruncateMicroseconds(-1, DatePart::kYear), Day(1969, 1, 1) * kDay);
  EXPECT_EQ(TruncateMicroseconds(kHighest, DatePart::kYear), kHighest);
  EXPECT_EQ(DatePartOf("month").value(), DatePart::kMonth);
  EXPECT_FALSE(DatePartOf("day").has_value());
}

}  // namespace
}  // namespace neurolake::privacy
