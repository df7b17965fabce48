#pragma once
#include "ask/compile/internal/scope.h"

namespace neurolake::ask::compile {

/// What can be told of an intent without making SQL of it: indices, ranges, numbers, names of zones, sizes.
Result<void> CheckIntent(const Intent& intent);

/// What the query uses, in words.
std::vector<Definition> DefinitionsOf(const Scope& scope);

}  // namespace neurolake::ask::compile
