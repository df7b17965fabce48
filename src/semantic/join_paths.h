#pragma once
#include <string>
#include <vector>

#include "semantic/model.h"

namespace neurolake::semantic {

/// One join, walked from a row to at most one row of another entity.
struct JoinStep {
  const Join* join = nullptr;
  const Entity* from = nullptr;
  const Entity* to = nullptr;
  std::vector<std::string> from_columns;
  std::vector<std::string> to_columns;
};

using JoinPath = std::vector<JoinStep>;

/// All ways from `from` to `to` over joins that find at most one row each and come to no entity twice: at most
/// kJoinPathsMax of at most kJoinPathLengthMax joins, in the order of the model's joins. One empty way if they are the
/// same; none if there is no such way. Pure; points into `model`.
inline constexpr size_t kJoinPathLengthMax = 8;
inline constexpr size_t kJoinPathsMax = 64;
std::vector<JoinPath> ToOnePaths(const SemanticModel& model, const Entity& from, const Entity& to);

}  // namespace neurolake::semantic
