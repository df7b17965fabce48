#pragma once
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::catalog {

/// `name` in lower case. `what` is "schema", "table" … for the message. Errors: kInvalidArgument for an empty name, one
/// of more than 255 bytes, bytes that are not UTF-8, or control characters (C0, DEL, C1).
Result<std::string> CheckedName(std::string_view what, std::string_view name);

/// As CheckedName, and not reserved.
Result<std::string> CheckedSchemaName(std::string_view name);

/// For look-ups: lower case; a name that cannot exist becomes "", which does not exist either.
std::string NameToFind(std::string_view name);

}  // namespace neurolake::catalog
