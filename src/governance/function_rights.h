#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::governance {

/// The name that a function has among its own: "levenshtein" for "editdist3", "mod" for "%". What is not on the list of
/// names is its own. Compares without case.
std::string FunctionName(std::string_view name);

/// The function that a privilege is about: any that a statement of a user may call, by any of its names.
/// Errors: kFunctionNotFound for one that is not there or that nobody may call; kInvalidArgument for an operator, which
/// has to be named by the function that it is.
Result<std::string> SecurableFunction(std::string_view name);

/// The functions that a principal may not execute, each by all of its names.
class FunctionRights {
 public:
  FunctionRights() = default;
  explicit FunctionRights(const std::vector<std::string>& denied);

  /// Errors: kPermissionDenied naming the function; also for those that call aggregate functions by their names
  /// (list_aggregate), which nothing shows to gates, where an aggregate function is denied.
  Result<void> Check(std::string_view name) const;
  bool empty() const { return denied_.empty(); }

 private:
  std::set<std::string> denied_;  ///< As FunctionName.
  bool denies_aggregate_ = false;
};

}  // namespace neurolake::governance
