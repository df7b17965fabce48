#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "semantic/model.h"

namespace neurolake::ask {

/// semantic::ToOnePaths as names of joins, shortest first. None for an entity that the model does not have. Pure.
std::vector<std::vector<std::string>> ToOnePaths(const semantic::SemanticModel& model, std::string_view from,
                                                 std::string_view to);

}  // namespace neurolake::ask
