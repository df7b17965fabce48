#pragma once
#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/clock.h"

namespace neurolake::net {

struct RateLimit {
  double burst = 20;            ///< Tokens of a full bucket.
  double per_second = 1.0 / 6;  ///< Refill.
  size_t keys_max = 100'000;    ///< Buckets kept; the one used longest ago goes first.
};

/// A token bucket per key, in bounded memory: whoever makes up keys drives out full buckets as well as empty ones, so
/// keys should cost something to make up (addresses). Thread-safe; O(1).
class RateLimiter {
 public:
  /// Borrows `clock`.
  RateLimiter(const Clock& clock, RateLimit limit) : clock_(clock), limit_(limit) {}

  /// Takes a token; false when there is none.
  bool Take(std::string_view key);
  /// Whether Take would succeed.
  bool HasToken(std::string_view key);
  /// Fills the bucket.
  void Forget(std::string_view key);
  /// Until there is a token again, at least one second, rounded up.
  std::chrono::seconds Wait(std::string_view key);
  size_t size() const;

 private:
  struct Bucket {
    std::string key;
    double tokens = 0;
    SteadyTime filled;
  };
  /// The bucket, filled up to now, moved to the front.
  Bucket& Find(std::string_view key);

  const Clock& clock_;
  const RateLimit limit_;
  mutable std::mutex mutex_;
  std::list<Bucket> buckets_;  ///< The one used last first.
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> places_;
};

}  // namespace neurolake::net
