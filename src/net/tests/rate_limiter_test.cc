#include "net/rate_limiter.h"

#include <gtest/gtest.h>

namespace neurolake::net {
namespace {

using std::chrono::seconds;

TEST(RateLimiterTest, ABucketEmptiesAndFillsWithTime) {
  FakeClock clock;
  RateLimiter limiter(clock, {.burst = 3, .per_second = 0.5});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take("a"));
  EXPECT_FALSE(limiter.Take("a"));
  EXPECT_FALSE(limiter.HasToken("a"));
  EXPECT_TRUE(limiter.Take("b"));
  EXPECT_EQ(limiter.Wait("a"), seconds(2));
  clock.Advance(seconds(1));
  EXPECT_FALSE(limiter.Take("a"));
  clock.Advance(seconds(1));
  EXPECT_TRUE(limiter.Take("a"));
  EXPECT_FALSE(limiter.Take("a"));
  clock.Advance(seconds(3600));  // Never more than full.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take("a"));
  EXPECT_FALSE(limiter.Take("a"));
  limiter.Forget("a");
  EXPECT_TRUE(limiter.Take("a"));
}

TEST(RateLimiterTest, MemoryIsBoundedAndLooksCostNone) {
  FakeClock clock;
  RateLimiter limiter(clock, {.burst = 1, .per_second = 0.001, .keys_max = 10});
  EXPECT_TRUE(limiter.HasToken("never seen"));
  EXPECT_EQ(limiter.size(), 0U);
  for (int i = 0; i < 1000; ++i) limiter.Take(std::to_string(i));
  EXPECT_EQ(limiter.size(), 10U);
  EXPECT_FALSE(limiter.Take("999"));
  EXPECT_TRUE(limiter.Take("0"));  // Driven out long ago.
}

}  // namespace
}  // namespace neurolake::net
