#pragma once
#include <string>
#include <vector>

#include "ask/language/token.h"
#include "ask/link/linker.h"

namespace neurolake::ask {

/// The same question in other words.
struct Rephrased {
  std::vector<Token> tokens = {};
  size_t steps = 0;  ///< How many rewritings it took.
};

/// Other ways to put the question, nearest first: sentences turned into the phrases that fragments are made of ("in how
/// many cities do we have clinics" into "number of different cities of clinics"). Each says the same of the same words:
/// none drops a number, a name of the model or a denial. At most kRephrasedMax. Pure.
/// Source: internal/words_of_sentences.h
inline constexpr size_t kRephrasedMax = 8;
std::vector<Rephrased> Rephrase(const std::vector<Token>& tokens, const Linker& linker);

}  // namespace neurolake::ask
