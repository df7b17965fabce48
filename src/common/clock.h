#pragma once
#include <chrono>
#include <mutex>

namespace neurolake {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;  ///< UTC.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Where time comes from. Everything that reads the time takes a `const Clock&`, so tests own it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  virtual SteadyTime SteadyNow() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime Now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  SteadyTime SteadyNow() const override { return std::chrono::steady_clock::now(); }
};

/// Moves only when told to. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime start = WallTime(std::chrono::hours(24 * 365 * 50))) : now_(start) {}
  WallTime Now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  SteadyTime SteadyNow() const override {
    std::lock_guard lock(mutex_);
    return steady_;
  }
  void Advance(std::chrono::microseconds by) {
    std::lock_guard lock(mutex_);
    now_ += by;
    steady_ += by;
  }

 private:
  mutable std::mutex mutex_;
  WallTime now_;
  SteadyTime steady_{};
};

}  // namespace neurolake
