#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "semantic/model.h"

namespace neurolake::ask {

/// All ways from entity `from` to entity `to` over joins that find at most one row each, as names of joins; at most
/// five joins long, shortest first. One empty way if they are the same; none if there is no such way. Pure.
std::vector<std::vector<std::string>> ToOnePaths(const semantic::SemanticModel& model, std::string_view from,
                                                 std::string_view to);

}  // namespace neurolake::ask
