#include "ask/grammar/scope.h"

#include "ask/grammar/internal/refusal.h"

namespace neurolake::ask {

bool AsksBeyondData(std::string_view question) {
  const auto tokens = Tokenize(question);
  return tokens.has_value() && OutOfScope(*tokens).has_value();
}

}  // namespace neurolake::ask
