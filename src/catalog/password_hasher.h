#pragma once
#include <chrono>
#include <cstdint>
#include <semaphore>
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::catalog {

/// What a guess costs: argon2id's memory and passes. The default is the second choice of RFC 9106, on one lane.
struct PasswordCost {
  int64_t memory_bytes = 64LL * 1024 * 1024;
  int64_t passes = 3;
};

/// Hashes passwords with argon2id in libsodium's text form, which carries its cost with it. Thread-safe; at most two
/// hashes are worked out at a time, so that logins take no more than twice the memory.
class PasswordHasher {
 public:
  /// Errors: kInvalidArgument for a cost below 8 MiB or 1 pass, or beyond what libsodium takes.
  static Result<std::unique_ptr<PasswordHasher>> Make(PasswordCost cost);

  /// Errors: kTooManyRequests when too many others wait.
  Result<std::string> Hash(std::string_view password);
  /// As long for an `hash` that is empty as for one of this cost, and false then. Errors: as Hash.
  Result<bool> Verify(std::string_view password, const std::string& hash);
  /// Whether the hash was made at another cost than this.
  bool IsOutdated(const std::string& hash) const;

 private:
  explicit PasswordHasher(PasswordCost cost) : cost_(cost) {}
  Result<std::string> HashNow(std::string_view password) const;

  const PasswordCost cost_;
  std::string of_nobody_;  ///< What a password is held against whose principal is not there.
  std::counting_semaphore<2> places_{2};
};

/// Errors: kInvalidArgument for fewer characters than `characters_min`, more than 1024 bytes, or what is not UTF-8.
Result<void> CheckNewPassword(std::string_view password, int64_t characters_min);

}  // namespace neurolake::catalog
