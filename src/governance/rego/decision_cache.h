#pragma once
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/request_context.h"
#include "common/result.h"
#include "governance/rego/decision.h"

namespace neurolake::governance {

/// Decisions by what they depend on: the whole key is compared, nothing is forgotten by time. Bounded: what was asked
/// for least recently goes. Who asks for what is being decided waits for it. Thread-safe.
class DecisionCache {
 public:
  using Decision = std::shared_ptr<const PolicyDecision>;

  explicit DecisionCache(size_t decisions_max) : decisions_max_(decisions_max) {}

  /// The decision under `key`, made by `make` if there is none. Errors are not kept; those of `make` go to all who
  /// wait for it, apart from kCancelled and kDeadlineExceeded, which are of who made it. Own errors: these two of
  /// `ctx`.
  Result<Decision> Get(const RequestContext& ctx, const std::string& key,
                       const std::function<Result<Decision>()>& make);

  size_t size() const;

 private:
  struct Entry {
    std::string key;
    Decision decision;
  };
  struct Flight {
    std::condition_variable landed;
    bool done = false;
    Result<Decision> outcome = Decision();
  };

  Result<Decision> Fly(const std::string& key, const std::shared_ptr<Flight>& flight,
                       const std::function<Result<Decision>()>& make);
  void Keep(const std::string& key, Decision decision);

  const size_t decisions_max_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;                                                 ///< The one asked for last is in front.
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  ///< Keys of `entries_`.
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace neurolake::governance
