#include "query/history_keeper.h"

#include <gtest/gtest.h>

#include <future>

namespace neurolake::query {
namespace {

using std::chrono::hours;

class HistoryKeeperTest : public testing::Test {
 protected:
  /// Remembers what it was asked; each call answers one promise.
  Result<int64_t> Forget(WallTime before) {
    std::lock_guard lock(mutex_);
    calls_.push_back(before);
    called_.notify_all();
    if (fails_) return MakeError(ErrorCode::kUnavailable, "no store");
    return 1;
  }
  std::vector<WallTime> WaitForCalls(size_t count) {
    std::unique_lock lock(mutex_);
    called_.wait(lock, [&] { return calls_.size() >= count; });
    return calls_;
  }
  FakeClock clock_;
  std::mutex mutex_;
  std::condition_variable called_;
  std::vector<WallTime> calls_;
  bool fails_ = false;
};

TEST_F(HistoryKeeperTest, ForgetsWhatIsOlderThanItsTimeByTheClock) {
  HistoryKeeper keeper(clock_, hours(48), [this](WallTime before) { return Forget(before); });
  keeper.Look();
  clock_.Advance(hours(1) - std::chrono::milliseconds(1));
  keeper.Look();
  clock_.Advance(std::chrono::milliseconds(1));
  keeper.Look();
  const auto calls = WaitForCalls(1);
  // One only: the two looks before were too early.
  EXPECT_EQ(calls, std::vector<WallTime>{clock_.Now() - hours(48)});
}

TEST_F(HistoryKeeperTest, AFailureIsTriedAgainAtTheNextTurn) {
  fails_ = true;
  HistoryKeeper keeper(clock_, hours(48), [this](WallTime before) { return Forget(before); });
  for (size_t turn = 1; turn <= 3; ++turn) {
    clock_.Advance(hours(1));
    keeper.Look();
    EXPECT_EQ(WaitForCalls(turn).size(), turn);
    // The keeper sets its next turn before it forgets, so the clock may move on now.
  }
}

TEST_F(HistoryKeeperTest, EndsWithoutATurn) {
  HistoryKeeper keeper(clock_, hours(48), [this](WallTime before) { return Forget(before); });
}

}  // namespace
}  // namespace neurolake::query
