#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/request_context.h"
#include "common/result.h"
#include "net/jwk.h"

namespace neurolake::net {

struct JwksCacheOptions {
  std::chrono::seconds fresh{3600};         ///< How long keys are used before they are fetched again.
  std::chrono::seconds fetch_interval{60};  ///< Least time between two fetches, whatever asks for them.
  /// How long keys are used when they cannot be fetched again. Longer than `fresh`.
  std::chrono::seconds stale_max{24 * 3600};
};

/// A provider's keys, and their rotation: a key id that is not known fetches the set again, at most once per
/// `fetch_interval`, so that made-up ids cost the provider nothing. Thread-safe: one thread fetches, others go on with
/// what is there.
class JwksCache {
 public:
  using Fetch = std::function<Result<std::shared_ptr<const KeySet>>(const RequestContext&)>;
  /// Borrows `clock`.
  JwksCache(const Clock& clock, Fetch fetch, JwksCacheOptions options = {});

  /// The keys to check a token with. `key_id`: the one it names. Errors: kUnavailable when there are no keys, or none
  /// younger than `stale_max`, and they cannot be fetched (or were tried a moment ago).
  Result<std::shared_ptr<const KeySet>> Get(const RequestContext& ctx, const std::optional<std::string>& key_id);

 private:
  bool WantsFetch(const std::optional<std::string>& key_id, SteadyTime now) const;
  Result<std::shared_ptr<const KeySet>> Kept(SteadyTime now) const;

  const Clock& clock_;
  const Fetch fetch_;
  const JwksCacheOptions options_;
  std::mutex fetching_;  ///< Held during a fetch.
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;
  SteadyTime fetched_{};
  std::optional<SteadyTime> tried_;
};

}  // namespace neurolake::net
