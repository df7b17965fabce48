#include "query/admission.h"

#include <gtest/gtest.h>

namespace neurolake::query {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AdmissionTest : public testing::Test {
 protected:
  RequestContext Context(std::chrono::milliseconds deadline = seconds(30), std::stop_token stop = {}) {
    return {{}, "r", "test", clock_, clock_.SteadyNow() + deadline, std::move(stop)};
  }
  SystemClock clock_;
};

TEST_F(AdmissionTest, GrantsWhatIsFreeAndTakesItBack) {
  Admission admission({.memory_bytes = 100, .queue_max = 0, .wait_max = seconds(1)});
  auto first = admission.Acquire(Context(), 60);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(admission.Acquire(Context(), 60).error().code(), ErrorCode::kTooManyRequests);
  first->reset();
  EXPECT_TRUE(admission.Acquire(Context(), 60).has_value());
}

TEST_F(AdmissionTest, RefusesWhatCanNeverFit) {
  Admission admission({.memory_bytes = 100, .queue_max = 10, .wait_max = seconds(1)});
  EXPECT_EQ(admission.Acquire(Context(), 101).error().code(), ErrorCode::kOutOfMemory);
}

TEST_F(AdmissionTest, AGrantGrowsByWhatIsFreeAndNeverWaits) {
  Admission admission({.memory_bytes = 100, .queue_max = 10, .wait_max = seconds(30)});
  auto grant = admission.Acquire(Context(), 60);
  ASSERT_TRUE(grant.has_value());
  EXPECT_FALSE((*grant)->TryGrow(41));
  EXPECT_TRUE((*grant)->TryGrow(40));
  EXPECT_EQ((*grant)->bytes(), 100);
  grant->reset();
  EXPECT_TRUE(admission.Acquire(Context(), 100).has_value()) << "all of it came back";
}

TEST_F(AdmissionTest, WhatIsKeptWithoutNeedGoesBeforeAStatementWaits) {
  Admission admission({.memory_bytes = 100, .queue_max = 0, .wait_max = seconds(1)});
  auto kept = admission.TryAcquire(60);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(admission.TryAcquire(41), nullptr);
  int asked = 0;
  admission.UnderPressure([&] {
    ++asked;
    kept.reset();
  });
  EXPECT_TRUE(admission.Acquire(Context(), 40).has_value());
  EXPECT_EQ(asked, 0) << "there was room";
  EXPECT_TRUE(admission.Acquire(Context(), 100).has_value());
  EXPECT_EQ(asked, 1);
}

TEST_F(AdmissionTest, WhatIsKeptWithoutNeedGoesBeforeAGrantDoesNotGrow) {
  Admission admission({.memory_bytes = 100, .queue_max = 0, .wait_max = seconds(1)});
  auto kept = admission.TryAcquire(60);
  auto grant = admission.Acquire(Context(), 20);
  ASSERT_TRUE(grant.has_value());
  int asked = 0;
  admission.UnderPressure([&] {
    ++asked;
    kept.reset();
  });
  EXPECT_TRUE((*grant)->TryGrowByRelease(20));
  EXPECT_EQ(asked, 0) << "there was room";
  EXPECT_FALSE((*grant)->TryGrow(60));
  EXPECT_EQ(asked, 0) << "merely hopeful";
  EXPECT_TRUE((*grant)->TryGrowByRelease(60));
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE((*grant)->TryGrowByRelease(1));
  EXPECT_EQ(asked, 2);
}

TEST_F(AdmissionTest, AGrantIsResizedInPlace) {
  Admission admission({.memory_bytes = 100, .queue_max = 0, .wait_max = seconds(1)});
  auto kept = admission.TryAcquire(60);
  ASSERT_NE(kept, nullptr);
  EXPECT_TRUE(kept->TryResize(100));
  EXPECT_EQ(admission.TryAcquire(1), nullptr);
  EXPECT_FALSE(kept->TryResize(101));
  EXPECT_EQ(kept->bytes(), 100) << "it has what it had";
  EXPECT_TRUE(kept->TryResize(20));
  EXPECT_NE(admission.TryAcquire(80), nullptr) << "the rest came back";
}

TEST_F(AdmissionTest, WhatNeedsNothingDoesNotQueue) {
  Admission admission({.memory_bytes = 100, .queue_max = 1, .wait_max = seconds(30)});
  auto held = admission.Acquire(Context(), 50);
  ASSERT_TRUE(held.has_value());
  std::jthread large([&] { EXPECT_TRUE(admission.Acquire(Context(), 100).has_value()); });
  while (admission.waiting() == 0) std::this_thread::yield();
  auto small = admission.Acquire(Context(), 0);
  ASSERT_TRUE(small.has_value());
  EXPECT_EQ((*small)->bytes(), 0);
  EXPECT_EQ(admission.waiting(), 1);
  held->reset();
}

TEST_F(AdmissionTest, ALargeRequestIsNotOvertaken) {
  Admission admission({.memory_bytes = 100, .queue_max = 10, .wait_max = seconds(30)});
  auto held = admission.Acquire(Context(), 50);
  ASSERT_TRUE(held.has_value());
  std::atomic<bool> large_done = false;
  std::jthread large([&] {
    auto grant = admission.Acquire(Context(), 100);
    EXPECT_TRUE(grant.has_value());
    large_done = true;
  });
  while (admission.waiting() == 0) std::this_thread::yield();
  std::jthread small([&] {
    auto grant = admission.Acquire(Context(), 10);
    EXPECT_TRUE(grant.has_value());
    // It fits beside `held`, yet the large one came first.
    EXPECT_TRUE(large_done);
  });
  while (admission.waiting() < 2) std::this_thread::yield();
  held->reset();
}

TEST_F(AdmissionTest, WaitingEndsWithCancelAndDeadline) {
  Admission admission({.memory_bytes = 100, .queue_max = 10, .wait_max = seconds(30)});
  auto held = admission.Acquire(Context(), 100);
  EXPECT_EQ(admission.Acquire(Context(milliseconds(10)), 1).error().code(), ErrorCode::kDeadlineExceeded);
  std::stop_source stop;
  std::jthread canceller([&] {
    while (admission.waiting() == 0) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_EQ(admission.Acquire(Context(seconds(30), stop.get_token()), 1).error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace neurolake::query
