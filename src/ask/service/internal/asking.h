#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ask/service/advisor.h"
#include "ask/service/internal/ask_state.h"
#include "ask/service/query_runner.h"
#include "ask/service/question_memory.h"
#include "ask/service/visible_model.h"
#include "orchestration/agent.h"

namespace neurolake::ask {

/// What answers one question: perceives what it can mean, reasons about each reading beside the others (compiled,
/// validated, costed), acts (runs and checks it), and learns (says the answer, asks for advice where there is none,
/// keeps it). Its way is in docs/ask.md, "The way of a question".
class Asking final : public orchestration::Agent<AskState> {
 public:
  /// What it works with; advisor and memory may be null.
  struct Parts {
    query::StatementService& service;
    ModelSource& models;
    const Clock& clock;
    VisibleModels& visible;
    const Advisor* advisor;
    QuestionMemory* memory;
    bool keeps_runs;  ///< What waits can be gone on with.
  };
  /// Borrows all of it. Of `call` the members of the call count. `run`: the id of the question's run.
  Asking(const Parts& parts, const AskRequest& call, const std::string& run) : parts_(parts), call_(call), run_(run) {}

  static constexpr const char* kName = "ask";
  std::string name() const override { return kName; }
  std::vector<Look> Perceive() override;
  std::vector<Look> Reason() override;
  std::vector<Deed> Act() override;
  std::vector<Deed> Learn() override;
  std::optional<Alternatives> Beside() override;

 private:
  /// What the question is asked over, found out once.
  struct Around {
    FoundModel whole;
    std::string zone;
    TimeContext time;
    std::unique_ptr<PipelineRunner> runner;
    VisibleModel visible;
  };
  Result<Around*> AroundOf(const RequestContext& ctx, const AskState& state);

  Result<Outcome> Understand(const RequestContext& ctx, const AskState& state);
  Result<Outcome> Compile(const RequestContext& ctx, const AskState& state);
  Result<Outcome> Cost(const RequestContext& ctx, const AskState& state);
  Result<Outcome> RunQuery(const RequestContext& ctx, const AskState& state);
  Result<Outcome> Check(const RequestContext& ctx, const AskState& state);
  Result<Outcome> Respond(const RequestContext& ctx, const AskState& state);
  Result<Outcome> Advise(const RequestContext& ctx, const AskState& state);
  Result<Outcome> Keep(const RequestContext& ctx, const AskState& state);

  Result<Answer> Abstained(const RequestContext& ctx, Around& around, const AskState& state);
  Result<std::optional<ModelUsage>> UsedSince(const RequestContext& ctx, WallTime began, const Answer& answer) const;
  /// `answer`, which is none or describes something, with what else can be said of the question; a reading to try where
  /// a language model has one.
  Result<std::optional<Attempt>> Heed(const RequestContext& ctx, Around& around, AskState& state, Answer& answer);

  const Parts parts_;
  const AskRequest& call_;
  const std::string& run_;
  std::mutex mutex_;
  std::unique_ptr<Around> around_;
};

/// An answer that says why there is none.
Answer Abstain(std::string reason, std::vector<std::string> suggestions = {});

/// What ends the request itself; any other failure of a query is a reason not to answer.
bool EndsTheRequest(const Error& error);

}  // namespace neurolake::ask
