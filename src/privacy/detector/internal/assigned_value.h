#pragma once
#include <cstddef>
#include <string_view>

namespace neurolake::privacy {

/// Where the value begins in "password: value", "TOKEN=\"value" or "the secret is value"; 0 if nothing is assigned.
size_t AssignedValueAt(std::string_view text);

}  // namespace neurolake::privacy
