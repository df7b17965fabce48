#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "common/clock.h"
#include "common/result.h"

namespace neurolake::query {

/// Forgets statements older than `keep` while the server runs, on a thread of its own: a day's statements may be many,
/// and no statement waits for it. What is due follows `clock`; the thread looks at it every minute and whenever it is
/// told to.
class HistoryKeeper {
 public:
  /// Removes what began before the time given; returns how many.
  using Forget = std::function<Result<int64_t>(WallTime)>;

  /// Runs every 24th part of `keep`, at least every hour and at most every second. Borrows `clock`.
  HistoryKeeper(const Clock& clock, std::chrono::milliseconds keep, Forget forget);
  ~HistoryKeeper();

  /// Looks at the clock now. Never blocks for long. Thread-safe.
  void Look();

 private:
  void Run(std::stop_token stop);

  const Clock& clock_;
  const std::chrono::milliseconds keep_;
  const std::chrono::milliseconds interval_;
  const Forget forget_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  SteadyTime next_;
  std::jthread thread_;
};

}  // namespace neurolake::query
