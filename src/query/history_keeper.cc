#include "query/history_keeper.h"

#include <algorithm>

#include "common/log.h"

namespace neurolake::query {

using std::chrono::milliseconds;

HistoryKeeper::HistoryKeeper(const Clock& clock, milliseconds keep, Forget forget)
    : clock_(clock),
      keep_(keep),
      interval_(std::clamp<milliseconds>(keep / 24, std::chrono::seconds(1), std::chrono::hours(1))),
      forget_(std::move(forget)),
      next_(clock.SteadyNow() + interval_),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

HistoryKeeper::~HistoryKeeper() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void HistoryKeeper::Look() {
  std::lock_guard lock(mutex_);
  if (clock_.SteadyNow() >= next_) changed_.notify_all();
}

void HistoryKeeper::Run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto due = [&] { return clock_.SteadyNow() >= next_; };
    if (!changed_.wait_for(lock, stop, std::chrono::minutes(1), due)) continue;
    next_ = clock_.SteadyNow() + interval_;
    lock.unlock();
    const auto forgotten = forget_(clock_.Now() - std::chrono::duration_cast<std::chrono::microseconds>(keep_));
    // The next turn tries again; statements do not depend on it.
    if (!forgotten) {
      Log(LogLevel::kWarn, "cannot forget old records", {}, {{"reason", forgotten.error().message()}});
    } else if (*forgotten > 0) {
      Log(LogLevel::kInfo, "forgot old records", {}, {{"records", *forgotten}});
    }
    lock.lock();
  }
}

}  // namespace neurolake::query
