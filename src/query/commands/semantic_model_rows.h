#pragma once
#include <optional>
#include <string>
#include <vector>

#include "query/own_result.h"
#include "semantic/model.h"

namespace neurolake::query {

/// The columns of DESCRIBE SEMANTIC MODEL.
std::vector<OwnColumn> SemanticModelColumns();

/// `model`, a row for each of its members. With `visible`, which is as much of it as its reader's rights bind, the last
/// column says which members do not; without, `model` is that much itself.
std::vector<std::vector<std::optional<std::string>>> SemanticModelRows(const semantic::SemanticModel& model,
                                                                       const semantic::SemanticModel* visible);

}  // namespace neurolake::query
