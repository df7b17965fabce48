#include "net/jwks_cache.h"

#include "common/log.h"

namespace neurolake::net {

JwksCache::JwksCache(const Clock& clock, Fetch fetch, JwksCacheOptions options)
    : clock_(clock), fetch_(std::move(fetch)), options_(options) {}

bool JwksCache::WantsFetch(const std::optional<std::string>& key_id, SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (tried_ && now - *tried_ < options_.fetch_interval) return false;
  if (keys_ == nullptr || now - fetched_ >= options_.fresh) return true;
  return key_id && !keys_->Has(*key_id);
}

Result<std::shared_ptr<const KeySet>> JwksCache::Kept(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (keys_ != nullptr && now - fetched_ < options_.stale_max) return keys_;
  return MakeError(ErrorCode::kUnavailable, "the identity provider's keys cannot be had");
}

Result<std::shared_ptr<const KeySet>> JwksCache::Get(const RequestContext& ctx,
                                                     const std::optional<std::string>& key_id) {
  if (!WantsFetch(key_id, clock_.SteadyNow())) return Kept(clock_.SteadyNow());
  std::unique_lock fetching(fetching_, std::try_to_lock);
  if (!fetching.owns_lock()) {
    // A key that is new to us comes with the fetch that is under way.
    const auto kept = Kept(clock_.SteadyNow());
    if (kept && (!key_id || (*kept)->Has(*key_id))) return kept;
    fetching.lock();
  }
  if (!WantsFetch(key_id, clock_.SteadyNow())) return Kept(clock_.SteadyNow());
  auto fetched = fetch_(ctx);
  {
    const std::lock_guard lock(mutex_);
    // A caller that went away says nothing about the provider.
    const bool gave_up = !fetched && ctx.CheckAlive().has_value() == false;
    if (!gave_up) tried_ = clock_.SteadyNow();
    if (fetched) {
      keys_ = std::move(*fetched);
      fetched_ = clock_.SteadyNow();
    }
  }
  if (!fetched) {
    Log(LogLevel::kWarn, "cannot fetch the identity provider's keys", ctx.request_id(),
        {{"error", fetched.error().message()}});
  }
  return Kept(clock_.SteadyNow());
}

}  // namespace neurolake::net
