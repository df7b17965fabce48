#pragma once
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"
#include "metastore/database.h"

namespace neurolake::models {

/// One call of a model, as it is kept. No text that was sent or came back, and no key.
struct CallRecord {
  std::string id;
  PrincipalId principal;
  std::string request_id;
  std::string task;
  std::string provider;
  std::string model;
  std::string prompt_sha256;
  std::string outcome;  ///< "succeeded", "cached", or an error's name: "Unavailable".
  int64_t input_tokens = 0;
  int64_t output_tokens = 0;
  int64_t cost_nanodollars = 0;
  int64_t attempts = 0;
  WallTime started;
  std::chrono::microseconds took{0};
};

/// What principals used of models, what was asked, and answers that may be given again: in the metadata store. Days are
/// UTC's. Thread-safe. Borrows the store.
class UsageStore {
 public:
  explicit UsageStore(metastore::Store& store) : store_(store) {}

  /// Takes `tokens` of the principal's day before they are used, so that calls beside each other do not share what is
  /// left. Errors: kTooManyRequests when fewer are left of `tokens_max`.
  Result<void> Reserve(const PrincipalId& principal, WallTime now, int64_t tokens, int64_t tokens_max);
  /// Puts what was used in the place of what was reserved, on the day of `reserved_at`.
  Result<void> Settle(const PrincipalId& principal, WallTime reserved_at, int64_t reserved, int64_t used,
                      int64_t cost_nanodollars);
  struct Day {
    int64_t tokens = 0;
    int64_t cost_nanodollars = 0;
  };
  Result<Day> UsedOn(const PrincipalId& principal, WallTime time);

  Result<void> Record(const CallRecord& record);
  /// The principal's calls, or everybody's; the newest first.
  Result<std::vector<CallRecord>> Calls(const std::optional<PrincipalId>& principal, int64_t limit);
  /// Forgets calls and days that ended before `time`.
  Result<void> Forget(WallTime time);

 private:
  metastore::Store& store_;
};

}  // namespace neurolake::models
