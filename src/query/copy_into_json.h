#pragma once
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::query {

/// SQL that makes a value of `type` (in the engine's spelling) from the JSON text `json`. Keys that an object lacks are
/// NULL, other keys are left out, and a value of the wrong type is an error of the whole, not a NULL inside: that is
/// what neither the engine's CAST from JSON nor its json_transform does. Types it cannot take apart are cast by the
/// engine.
std::string JsonValueSql(std::string_view type, const std::string& json);

}  // namespace neurolake::query
