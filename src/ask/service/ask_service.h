#pragma once
#include <memory>
#include <optional>
#include <string>

#include "ask/answer/answer.h"
#include "ask/service/ask_observer.h"
#include "ask/service/model_source.h"
#include "ask/service/question_memory.h"
#include "ask/service/visible_model.h"
#include "common/clock.h"
#include "common/request_context.h"
#include "query/service.h"
#include "semantic/model.h"

namespace neurolake::ask {

class Advisor;
struct OpenQuestion;

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
  bool read_only = false;           ///< As StatementRequest::read_only.
  int64_t confirm_bytes = 0;        ///< As PipelineRunner::Options::confirm_bytes.
  AskObserver* observer = nullptr;  ///< May be null; borrowed for the call.
};

/// From a question to an answer that can be shown: read, compiled, run as the principal, checked, said.
///
/// Nothing here has rights of its own: all that is learnt of the lake comes through `service` as the principal of the
/// call. The same question over the same data gives the same answer. Thread-safe.
class AskService {
 public:
  AskService(query::StatementService& service, ModelSource& models, const Clock& clock);

  /// Borrows it; before the first question.
  void UseMemory(QuestionMemory* memory) { memory_ = memory; }
  /// Before it is used: what is asked where the engine has no answer. May be null.
  void UseAdvisor(const Advisor* advisor) { advisor_ = advisor; }

  /// Errors: kPermissionDenied without Right::kAsk; kInvalidArgument for an empty or overlong question, or an unknown
  /// zone; kNotFound for the model;
  /// kCancelled and kDeadlineExceeded. A question that cannot be answered is an Answer, and no error.
  Result<Answer> Ask(const RequestContext& ctx, const AskRequest& request);

  /// As much of a model as the principal may know. Errors: as Ask.
  Result<VisibleModel> Visible(const RequestContext& ctx, const AskRequest& request);

  /// An intent that was chosen, edited or made by a program, on the same way from the compiler on.
  /// Errors: as Ask, and those of CompileIntent.
  Result<Answer> Run(const RequestContext& ctx, const AskRequest& request, const Intent& intent);

 private:
  Result<Answer> Answered(const RequestContext& ctx, QueryRunner& runner, const semantic::SemanticModel& model,
                          const Intent& intent);
  Result<Answer> Choose(const RequestContext& ctx, QueryRunner& runner, const semantic::SemanticModel& model,
                        const std::vector<Choice>& choices);
  /// What documents say of a member that is described.
  Result<void> CiteDescription(const RequestContext& ctx, QueryRunner& runner, const OpenQuestion& open,
                               Answer& answer) const;
  /// Puts the questions nearest in meaning in the place of those with the same words, where some are near.
  Result<void> Suggest(const RequestContext& ctx, const OpenQuestion& open, Answer& answer) const;
  /// Asks the advisor, and makes of `answer` what comes of it.
  Result<void> Heed(const RequestContext& ctx, QueryRunner& runner, const OpenQuestion& open, Answer& answer);

  query::StatementService& service_;
  ModelSource& models_;
  const Clock& clock_;
  const Advisor* advisor_ = nullptr;
  VisibleModels visible_;
  QuestionMemory* memory_ = nullptr;
};

}  // namespace neurolake::ask
