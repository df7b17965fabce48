#pragma once
#include <algorithm>
#include <string>

#include "common/text.h"
#include "plan/table_policy.h"

namespace neurolake::plan {

/// Whether a principal whom `policy` (null: everything is shown) is for is told of a column, by what the table's files
/// call it and what it is called: not of one that was denied, nor of one beside those that alone were granted.
inline bool MayKnowColumn(const TablePolicy* policy, const std::string& physical, const std::string& name) {
  if (policy == nullptr) return true;
  const auto& readable = policy->readable_columns;
  if (readable && std::ranges::find(*readable, physical) == readable->end()) return false;
  return std::ranges::none_of(policy->denied_columns,
                              [&](const std::string& one) { return one == physical || EqualsIgnoringCase(one, name); });
}

}  // namespace neurolake::plan
