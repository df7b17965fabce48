#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// Hands out the memory that all running statements share. First come, first served: a large request at the head is not
/// overtaken by small ones, so it cannot starve. Thread-safe.
class Admission {
 public:
  struct Limits {
    int64_t memory_bytes = 0;  ///< Shared by all.
    int64_t queue_max = 0;     ///< Waiting at once; one more is refused.
    std::chrono::milliseconds wait_max{0};
  };
  /// Memory until destroyed.
  class Grant {
   public:
    Grant(Admission& admission, int64_t bytes) : admission_(&admission), bytes_(bytes) {}
    ~Grant() { admission_->Release(bytes_); }
    Grant(const Grant&) = delete;
    Grant& operator=(const Grant&) = delete;
    int64_t bytes() const { return bytes_; }
    /// More, when it is free and nobody waits. Never waits: two that hold memory and wait for more would wait for each
    /// other.
    bool TryGrow(int64_t bytes);
    /// As TryGrow, and frees what is held without need before it gives up. For who cannot do without.
    bool TryGrowByRelease(int64_t bytes);
    /// Exactly `bytes` from now on: gives back, or takes what is free now while nobody waits.
    bool TryResize(int64_t bytes);

   private:
    Admission* admission_;
    int64_t bytes_;
  };

  /// What frees memory that is held without need, called before a statement has to wait or to do without. Set once, at
  /// start.
  void UnderPressure(std::function<void()> release) { release_ = std::move(release); }

  explicit Admission(Limits limits) : limits_(limits), free_bytes_(limits.memory_bytes) {}

  /// Waits until `bytes` are free. Errors: kTooManyRequests when the queue is full or `wait_max` passes; kOutOfMemory
  /// when no wait would help; kCancelled, kDeadlineExceeded.
  Result<std::unique_ptr<Grant>> Acquire(const RequestContext& ctx, int64_t bytes);
  /// `bytes` if they are free and nobody waits, else null.
  std::unique_ptr<Grant> TryAcquire(int64_t bytes);
  int64_t waiting() const;

 private:
  void Release(int64_t bytes);
  bool TryTake(int64_t bytes);

  const Limits limits_;
  std::function<void()> release_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  int64_t free_bytes_;
  uint64_t next_ticket_ = 0;
  std::vector<uint64_t> queue_;  ///< Tickets in order of arrival.
};

}  // namespace neurolake::query
