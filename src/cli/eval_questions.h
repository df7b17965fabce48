#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::cli {

/// One line of a set of questions.
struct EvalQuestion {
  std::string id;
  std::string kind;  ///< Its class, for the report.
  std::string text;
  std::string as_of;
  std::string follows;
  std::string expect;  ///< "answer", "clarify" or "refuse".
  std::vector<std::string> gold;
  size_t line = 0;  ///< From 1.
};

/// JSON lines, empty ones between them. What is not there is left empty; `expect` is "answer" without it. Errors:
/// kInvalidArgument with the number of the line: no JSON object, a member of another type, an unknown one, no id or
/// question, an id that stands twice, an unknown `expect`, `follows` of no line before it, a day that there is not.
Result<std::vector<EvalQuestion>> ParseQuestions(std::string_view text);

/// Whether the question asks for its rows in an order ("sorted by", "alphabetically"), and the query gives one.
bool AsksForOrder(const EvalQuestion& question, const std::string& gold);

}  // namespace neurolake::cli
