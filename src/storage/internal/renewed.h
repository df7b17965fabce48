#pragma once
#include <functional>
#include <mutex>
#include <optional>

#include "common/clock.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::storage::internal {

/// Credentials that end, renewed before they do. While they still hold, a failure to renew them is nobody's failure.
/// Thread-safe; one caller asks, the others wait for it.
template <typename T>
class Renewed {
 public:
  static constexpr std::chrono::minutes kMargin{5};

  Renewed(const Clock* clock, std::function<Result<T>(const RequestContext&)> fetch)
      : clock_(clock == nullptr ? &system_ : clock), fetch_(std::move(fetch)) {}

  Result<T> Get(const RequestContext& ctx) {
    std::lock_guard lock(mutex_);
    const WallTime now = clock_->Now();
    if (kept_.has_value() && (!kept_->expires_at.has_value() || now + kMargin < *kept_->expires_at)) return *kept_;
    Result<T> fetched = fetch_(ctx);
    if (fetched.has_value()) kept_ = *fetched;
    const bool still_holds = kept_.has_value() && (!kept_->expires_at.has_value() || now < *kept_->expires_at);
    if (!fetched.has_value() && still_holds) return *kept_;
    return fetched;
  }

  void Invalidate() {
    std::lock_guard lock(mutex_);
    kept_.reset();
  }

  WallTime Now() const { return clock_->Now(); }

 private:
  const SystemClock system_;
  const Clock* clock_;
  std::function<Result<T>(const RequestContext&)> fetch_;
  std::mutex mutex_;
  std::optional<T> kept_;
};

/// Text of an environment variable; empty when it is not set.
std::string Environment(const char* name);

}  // namespace neurolake::storage::internal
