#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ask/intent/intent.h"
#include "ask/language/token.h"
#include "ask/link/linker.h"
#include "ask/time/time_phrase.h"

namespace neurolake::ask {

/// What a question says and a reading of it does not: a number, a negation, a superlative, what is to be counted. Knows
/// nothing of fragments and how they were put together: it holds the question's own words against the finished intent,
/// so that a mistake in one is not made in the other. nullopt: nothing was found. Pure.
std::optional<std::string> LeftOut(std::span<const Token> tokens, const std::vector<Link>& links, const Intent& intent,
                                   const TimeContext& time, const semantic::SemanticModel& model);

}  // namespace neurolake::ask
