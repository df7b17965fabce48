#include "governance/rego/decision_cache.h"

#include <chrono>

namespace neurolake::governance {

Result<DecisionCache::Decision> DecisionCache::Get(const RequestContext& ctx, const std::string& key,
                                                   const std::function<Result<Decision>()>& make) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (const auto known = by_key_.find(key); known != by_key_.end()) {
      entries_.splice(entries_.begin(), entries_, known->second);
      return known->second->decision;
    }
    auto& slot = flights_[key];
    if (slot == nullptr) {
      slot = std::make_shared<Flight>();
      const auto flight = slot;
      lock.unlock();
      return Fly(key, flight, make);
    }
    const auto flight = slot;
    // In slices, as the context has its own clock and is stopped by others.
    while (!flight->done) {
      flight->landed.wait_for(lock, std::chrono::milliseconds(10));
      if (!flight->done) NL_RETURN_IF_ERROR(ctx.CheckAlive());
    }
    if (flight->outcome) return flight->outcome;
    const ErrorCode code = flight->outcome.error().code();
    if (code != ErrorCode::kCancelled && code != ErrorCode::kDeadlineExceeded) return flight->outcome;
  }
}

Result<DecisionCache::Decision> DecisionCache::Fly(const std::string& key, const std::shared_ptr<Flight>& flight,
                                                   const std::function<Result<Decision>()>& make) {
  // However `make` ends, nobody waits for ever.
  Result<Decision> outcome = MakeError(ErrorCode::kInternal, "a decision was not made");
  const auto land = [&] {
    std::lock_guard lock(mutex_);
    if (outcome) Keep(key, *outcome);
    flight->outcome = outcome;
    flight->done = true;
    flights_.erase(key);
    flight->landed.notify_all();
  };
  try {
    outcome = make();
  } catch (...) {
    land();
    throw;
  }
  land();
  return outcome;
}

void DecisionCache::Keep(const std::string& key, Decision decision) {
  if (decisions_max_ == 0) return;
  entries_.push_front({key, std::move(decision)});
  by_key_.emplace(entries_.front().key, entries_.begin());
  while (entries_.size() > decisions_max_) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

size_t DecisionCache::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace neurolake::governance
