#pragma once
#include <chrono>
#include <mutex>

#include "common/clock.h"
#include "common/result.h"

namespace neurolake::models {

/// Stops asking a provider that fails, so that whoever waits learns so at once, and tries it again later with one
/// request. Thread-safe.
class Breaker {
 public:
  struct Options {
    int failures_max = 5;  ///< In a row.
    std::chrono::milliseconds pause{30'000};
  };
  Breaker(const Clock& clock, Options options) : clock_(clock), options_(options) {}

  /// Errors: kUnavailable while it is open, or its one request after a pause is under way.
  Result<void> Admit();
  /// What came of a request that was admitted; each is followed by one of them.
  void Note(bool succeeded);
  /// Nothing is known: the caller gave up.
  void Forget();

 private:
  const Clock& clock_;
  const Options options_;
  std::mutex mutex_;
  int failures_ = 0;
  bool trying_ = false;
  SteadyTime closed_until_{};
};

}  // namespace neurolake::models
