#pragma once
#include <optional>
#include <string>

#include "ask/answer/answer.h"
#include "ask/service/model_source.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::ask {

struct AskRequest;

/// Where a question was kept.
struct KeptQuestion {
  std::string id;            ///< Empty: nowhere.
  std::string conversation;  ///< The one that goes on with it.
};

/// Keeps what was asked and what it came to, for who asked. Called once at the end of each question.
class QuestionKeeper {
 public:
  virtual ~QuestionKeeper() = default;
  /// `today` is that of the question. `run` is the question's, and taken as the id of a question that waits under it;
  /// empty: a new id. Errors: those of the store, which fail the question.
  virtual Result<KeptQuestion> Keep(const RequestContext& ctx, const AskRequest& request, const FoundModel& model,
                                    LocalTime today, const std::string& run, const Answer& answer) = 0;
};

}  // namespace neurolake::ask
