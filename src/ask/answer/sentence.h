#pragma once
#include <string>

#include "ask/answer/table.h"
#include "ask/intent/intent.h"

namespace neurolake::ask {

/// The answer in one or two sentences of English. `words` say what was asked for (Restate); every other number in it
/// stands in `table`. The same arguments give the same text.
std::string Sentence(std::string words, OutputKind output, const AnswerTable& table);

}  // namespace neurolake::ask
