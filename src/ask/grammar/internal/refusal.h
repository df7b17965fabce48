#pragma once
#include <optional>
#include <span>
#include <string>

#include "ask/language/token.h"
#include "ask/link/linker.h"

namespace neurolake::ask {

/// Whether a deed on one thing is asked for: "close claim 5123"; says so.
std::optional<std::string> AsksForDeed(std::span<const Token> tokens, const std::vector<Link>& links);

/// Why no grammar reads this question, if one of its words says so: it asks for a cause, a prediction, an opinion, a
/// change. A word that `links` say is a name of the model is none of these.
std::optional<std::string> OutOfScope(std::span<const Token> tokens, std::span<const Link> links = {});

/// Whether the word speaks of a fiscal year: "fiscal", "fy24", "financial year".
bool SaysFiscal(std::span<const Token> tokens, size_t at);

}  // namespace neurolake::ask
