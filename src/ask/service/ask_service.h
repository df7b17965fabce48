#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ask/answer/answer.h"
#include "ask/service/ask_request.h"
#include "ask/service/model_source.h"
#include "ask/service/model_usage.h"
#include "ask/service/question_memory.h"
#include "ask/service/visible_model.h"
#include "common/clock.h"
#include "common/request_context.h"
#include "orchestration/run_trace.h"
#include "query/service.h"

namespace neurolake::orchestration {
class Runner;
class RunStore;
}  // namespace neurolake::orchestration

namespace neurolake::query {
class HistoryKeeper;
}  // namespace neurolake::query

namespace neurolake::ask {

class Advisor;

/// What a question came to.
struct Asked {
  Answer answer;
  std::string waits_as = {};  ///< Of a question that was asked back: the run that one goes on with; empty: none.
  KeptQuestion kept = {};
  std::optional<ModelUsage> model_usage = std::nullopt;  ///< Where a language model was asked.
  std::vector<orchestration::StepTrace> trace = {};
};

/// What somebody says to a question that was asked back.
struct AskReply {
  size_t choice = 0;                            ///< From 1; 0: `intent` is the choice, or there is but one.
  std::optional<Intent> intent = std::nullopt;  ///< Has to be one of the choices.
};

/// From a question to an answer that can be shown: read, compiled, run as the principal, checked, said. Its steps are
/// those of an agent (internal/asking.h), which runs as a state graph (orchestration).
///
/// Nothing here has rights of its own: all that is learnt of the lake comes through `service` as the principal of the
/// call. The same question over the same data gives the same answer. Thread-safe.
class AskService {
 public:
  /// `runs` keeps questions that wait, and long ones; null: none is kept. Borrows all.
  AskService(query::StatementService& service, ModelSource& models, const Clock& clock,
             orchestration::RunStore* runs = nullptr);
  ~AskService();

  /// Borrows it; before the first question.
  void UseMemory(QuestionMemory* memory) { memory_ = memory; }
  /// Before it is used: what is asked where the engine has no answer. May be null.
  void UseAdvisor(const Advisor* advisor) { advisor_ = advisor; }

  /// Errors: kPermissionDenied without Right::kAsk; kInvalidArgument for an empty or overlong question, or an unknown
  /// zone; kNotFound for the model;
  /// kCancelled and kDeadlineExceeded. A question that cannot be answered is an Answer, and no error.
  Result<Asked> Ask(const RequestContext& ctx, const AskRequest& request);

  /// As much of a model as the principal may know. Errors: as Ask.
  Result<VisibleModel> Visible(const RequestContext& ctx, const AskRequest& request);

  /// An intent that was edited or made by a program, on the same way from the compiler on.
  /// Errors: as Ask, and those of CompileIntent.
  Result<Asked> Run(const RequestContext& ctx, const AskRequest& request, const Intent& intent);

  /// Goes on with a question that was asked back, in whatever process; without a reply, with one whose process died on
  /// it. Of `call` the members of the call count; model and purpose, if given, have to be the question's.
  /// Errors: as Ask; kNotFound for what is not there, over, too old or somebody else's; kConflict while somebody goes
  /// on with it; kInvalidArgument for a choice that it has not.
  Result<Asked> GoOn(const RequestContext& ctx, const AskRequest& call, const std::string& run,
                     const std::optional<AskReply>& reply);
  /// Stops a question that is being answered, with the statement that runs for it, or ends one that waits.
  /// Errors: kPermissionDenied without Right::kAsk; kNotFound, also for somebody else's.
  Result<void> Cancel(const RequestContext& ctx, const std::string& run);
  /// For the process that has the lake to itself, before the first question: those that another died on can be gone on
  /// with, and from now on those that wait for too long are deleted.
  Result<void> Recover();
  /// Deletes questions that waited for too long; how many. Recover's thread does so by itself.
  Result<int64_t> ForgetExpired();

 private:
  class Way;

  query::StatementService& service_;
  ModelSource& models_;
  const Clock& clock_;
  const Advisor* advisor_ = nullptr;
  VisibleModels visible_;
  QuestionMemory* memory_ = nullptr;
  const bool keeps_runs_;
  const std::unique_ptr<orchestration::Runner> runner_;
  std::unique_ptr<query::HistoryKeeper> waiting_keeper_;  ///< Last: it uses the others until it ends. Null: not begun.
};

}  // namespace neurolake::ask
