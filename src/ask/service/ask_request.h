#pragma once
#include <optional>
#include <string>

#include "ask/answer/answer.h"
#include "ask/service/ask_observer.h"
#include "ask/service/question_keeper.h"

namespace neurolake::ask {

/// A question as a door takes it.
struct AskRequest {
  static constexpr size_t kQuestionBytesMax = 2'000;
  std::string question;
  std::string model;        ///< Name of a semantic model; empty: the one there is, or the one of `schema`.
  std::string zone;         ///< IANA; empty: the model's.
  std::string purpose;      ///< As StatementRequest::purpose.
  std::string schema = {};  ///< The one in use; empty: none.
  /// "Today" of the question, for people who look back and for tests; empty: now, in the zone.
  std::optional<LocalTime> as_of = std::nullopt;
  /// What the question before it in the conversation came to.
  std::optional<Intent> previous = std::nullopt;
  std::string conversation = {};  ///< For `keeper`, which knows what it means.
  // What follows is of the call, and not of the question: whoever goes on with one says it anew.
  bool read_only = false;            ///< As StatementRequest::read_only.
  int64_t confirm_bytes = 0;         ///< As PipelineRunner::Options::confirm_bytes.
  bool may_wait = false;             ///< A question that is asked back is kept, so that one can go on with it.
  AskObserver* observer = nullptr;   ///< May be null; borrowed for the call.
  QuestionKeeper* keeper = nullptr;  ///< May be null; borrowed for the call.
};

/// A time as SQL writes it, for ParseSqlTime.
std::string SqlTime(LocalTime time);

}  // namespace neurolake::ask
