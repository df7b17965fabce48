#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "common/result.h"
#include "privacy/detector/entities.h"

namespace neurolake::privacy {

/// How likely, from 0 to 1, a finding has to be to be reported.
struct Thresholds {
  double all = 0.5;
  std::array<std::optional<double>, kEntityCount> of = {};  ///< For single entities instead of `all`.

  bool operator==(const Thresholds&) const = default;
};

/// A list such as "0.7, EMAIL_ADDRESS = 0.9, SECRET = 0.95": a number alone is for all entities that the list does not
/// name; names are those of entities, groups and countries as in ParseEntities, and a later one wins over an earlier.
/// Errors: kInvalidArgument for a name that is none, and for what is not a number from 0 to 1.
Result<Thresholds> ParseThresholds(std::string_view list);

}  // namespace neurolake::privacy
