#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ask/answer/answer.h"
#include "ask/compile/compile.h"
#include "ask/service/ask_request.h"
#include "ask/service/model_usage.h"

namespace neurolake::ask {

/// One thing that the question can mean, on its way to an answer.
struct Attempt {
  std::string words;
  Intent intent;
  double confidence = 0;
  std::vector<std::string> assumptions = {};
  bool follow_up = false;  ///< It changes the question before.
  // Not written down:
  std::string restated = {};  ///< The intent in the model's words.
  std::shared_ptr<const CompiledQuery> compiled = nullptr;
  std::shared_ptr<const AnswerTable> table = nullptr;  ///< The rows, which `answer` has not.
  std::shared_ptr<const Answer> answer = nullptr;      ///< What it has come to so far.
};

/// A question on its way. Written down are the words and what they can mean: no rows, and nothing else that rights
/// decide on, as all of that is found out anew by whoever goes on.
struct AskState {
  AskRequest request;         ///< Of which the members of the call are left out.
  bool is_read = true;        ///< What it means is taken from its words; else it was said.
  bool is_confirmed = false;  ///< It may take much.
  std::vector<Attempt> attempts = {};
  std::string reason = {};       ///< Why it is not answered, or what is open.
  std::string proposed_by = {};  ///< Whose reading the attempt is: a language model's; empty: our own.
  // Of a question that waits:
  std::vector<Choice> choices = {};
  bool asks_first = false;
  bool follows = false;  ///< A reading changes the question before.
  // Not written down:
  Status status = Status::kAnswered;  ///< As its words were read.
  std::vector<std::string> nearest = {};
  KeptQuestion kept = {};
  std::optional<ModelUsage> model_usage = std::nullopt;
  std::shared_ptr<const Answer> first = nullptr;   ///< What it came to without the language model.
  std::shared_ptr<const Answer> answer = nullptr;  ///< What it came to.

  std::string ToJson() const;
  /// Errors: kCorruption.
  static Result<AskState> FromJson(const std::string& text);
};

}  // namespace neurolake::ask
