#pragma once
#include <optional>
#include <span>
#include <string>

#include "ask/language/token.h"

namespace neurolake::ask {

/// Why no grammar reads this question, if one of its words says so: it asks for a cause, a prediction, an opinion, a
/// change.
std::optional<std::string> OutOfScope(std::span<const Token> tokens);

}  // namespace neurolake::ask
