#include "net/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace neurolake::net {

RateLimiter::Bucket& RateLimiter::Find(std::string_view key) {
  const SteadyTime now = clock_.SteadyNow();
  const auto place = places_.find(key);
  if (place == places_.end()) {
    if (buckets_.size() >= std::max<size_t>(limit_.keys_max, 1)) {
      places_.erase(buckets_.back().key);
      buckets_.pop_back();
    }
    buckets_.push_front({std::string(key), limit_.burst, now});
    places_.emplace(buckets_.front().key, buckets_.begin());
    return buckets_.front();
  }
  buckets_.splice(buckets_.begin(), buckets_, place->second);
  Bucket& bucket = buckets_.front();
  const std::chrono::duration<double> passed = now - bucket.filled;
  bucket.tokens = std::min(limit_.burst, bucket.tokens + passed.count() * limit_.per_second);
  bucket.filled = now;
  return bucket;
}

bool RateLimiter::Take(std::string_view key) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = Find(key);
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

bool RateLimiter::HasToken(std::string_view key) {
  const std::lock_guard lock(mutex_);
  // A look makes no bucket: who was never refused takes no memory.
  return !places_.contains(key) || Find(key).tokens >= 1;
}

void RateLimiter::Forget(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return;
  const auto bucket = place->second;
  places_.erase(place);
  buckets_.erase(bucket);
}

std::chrono::seconds RateLimiter::Wait(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const double missing = places_.contains(key) ? 1 - Find(key).tokens : 0;
  if (missing <= 0 || limit_.per_second <= 0) return std::chrono::seconds(1);
  return std::chrono::seconds(std::max<int64_t>(1, static_cast<int64_t>(std::ceil(missing / limit_.per_second))));
}

size_t RateLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace neurolake::net
