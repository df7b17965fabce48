#pragma once
#include <string>
#include <string_view>

namespace neurolake::query {

/// As SQL's lower() has it: each letter by its simple mapping, of any alphabet. Bytes that are no UTF-8 stay. Pure.
std::string LowerText(std::string_view text);

}  // namespace neurolake::query
