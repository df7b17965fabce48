#include "ask/service/ask_service.h"

#include "ask/intent/intent_json.h"
#include "ask/service/asker.h"
#include "ask/service/internal/asking.h"
#include "ask/time/zone.h"
#include "catalog/ask_records.h"
#include "orchestration/runner.h"
#include "query/history_keeper.h"

namespace neurolake::ask {
namespace {

/// How long a question waits for who asked it.
constexpr std::chrono::minutes kWaits{10};
constexpr int64_t kWaitingMax = 100;  ///< Of one owner.

orchestration::RunnerOptions OptionsOfRuns() {
  return {.steps_max = 100,
          .keeping = orchestration::Keeping::kWhenItPays,
          .forget_ended = true,
          .keep_for = kWaits,
          .of_owner_max = kWaitingMax,
          .owner = catalog::AskOwner};
}

/// The state with what was said to it. Errors: kInvalidArgument.
Result<AskState> Replied(const AskState& state, const AskRequest& call, const AskReply& reply) {
  const auto refuse = [](std::string_view what) -> std::unexpected<Error> {
    return MakeError(ErrorCode::kInvalidArgument, "the question that waits {}", what);
  };
  if (!call.model.empty() && call.model != state.request.model) return refuse("is over another model");
  if (!call.purpose.empty() && call.purpose != state.request.purpose) return refuse("has another purpose");
  const Choice* chosen = nullptr;
  if (reply.intent.has_value()) {
    const std::string wanted = EncodeIntent(*reply.intent);
    for (const Choice& choice : state.choices) {
      if (EncodeIntent(choice.intent) == wanted) chosen = &choice;
    }
    if (chosen == nullptr) return refuse("has no choice with this intent");
  } else {
    const size_t number = reply.choice == 0 && state.choices.size() == 1 ? 1 : reply.choice;
    if (number == 0 || number > state.choices.size()) {
      return MakeError(ErrorCode::kInvalidArgument, "the choice must be a number from 1 to {}", state.choices.size());
    }
    chosen = &state.choices[number - 1];
  }
  AskState after = state;
  after.is_read = false;
  after.is_confirmed = state.asks_first;
  // Nothing is left to read: it says what it means.
  after.attempts = {{.words = chosen->words, .intent = chosen->intent, .confidence = 1, .follow_up = state.follows}};
  after.choices.clear();
  after.asks_first = false;
  if (after.request.conversation.empty()) after.request.conversation = call.conversation;
  return after;
}

}  // namespace

/// One call's way through the graph.
class AskService::Way {
 public:
  Way(AskService& service, const AskRequest& call, std::string run)
      : run_(std::move(run)),
        asking_({.service = service.service_,
                 .models = service.models_,
                 .clock = service.clock_,
                 .visible = service.visible_,
                 .advisor = service.advisor_,
                 .memory = service.memory_,
                 .keeps_runs = service.keeps_runs_},
                call, run_),
        graph_(asking_.MakeGraph()) {}

  const std::string& run() const { return run_; }
  const orchestration::StateGraph<AskState>& graph() const { return graph_; }

  Asked Ended(orchestration::StateGraph<AskState>::Ended ended) const {
    return {.answer = *ended.state.answer,
            .waits_as = ended.waits ? run_ : "",
            .kept = std::move(ended.state.kept),
            .model_usage = ended.state.model_usage,
            .trace = std::move(ended.trace)};
  }

 private:
  const std::string run_;
  Asking asking_;
  const orchestration::StateGraph<AskState> graph_;
};

AskService::AskService(query::StatementService& service, ModelSource& models, const Clock& clock,
                       orchestration::RunStore* runs)
    : service_(service),
      models_(models),
      clock_(clock),
      visible_(service, clock),
      keeps_runs_(runs != nullptr),
      runner_(std::make_unique<orchestration::Runner>(runs, clock, OptionsOfRuns())) {}

AskService::~AskService() = default;

Result<VisibleModel> AskService::Visible(const RequestContext& caller, const AskRequest& request) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  NL_ASSIGN_OR_RETURN(const auto whole, ChooseModel(ctx, models_, request.model, request.schema));
  PipelineRunner runner(service_, {.zone = request.zone.empty() ? whole.model->calendar.zone : request.zone,
                                   .purpose = request.purpose,
                                   .read_only = request.read_only});
  return visible_.For(ctx, runner, request.purpose, whole);
}

Result<Asked> AskService::Ask(const RequestContext& caller, const AskRequest& request) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  if (request.question.find_first_not_of(" \t\r\n") == std::string::npos) {
    return MakeError(ErrorCode::kInvalidArgument, "the question is empty");
  }
  if (request.question.size() > AskRequest::kQuestionBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a question has at most {} bytes, this one {}",
                     AskRequest::kQuestionBytesMax, request.question.size());
  }
  const Way way(*this, request, NewUuid());
  NL_ASSIGN_OR_RETURN(auto ended, way.graph().Start(*runner_, ctx, way.run(), AskState{.request = request}));
  return way.Ended(std::move(ended));
}

Result<Asked> AskService::Run(const RequestContext& caller, const AskRequest& request, const Intent& intent) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  const Way way(*this, request, NewUuid());
  // Nothing is read: it says what it means.
  AskState state{.request = request, .is_read = false, .attempts = {{.intent = intent, .confidence = 1}}};
  NL_ASSIGN_OR_RETURN(auto ended, way.graph().Start(*runner_, ctx, way.run(), std::move(state)));
  return way.Ended(std::move(ended));
}

Result<Asked> AskService::GoOn(const RequestContext& caller, const AskRequest& call, const std::string& run,
                               const std::optional<AskReply>& reply) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  const Way way(*this, call, run);
  orchestration::StateGraph<AskState>::TypedReply said = nullptr;
  if (reply.has_value()) said = [&](const AskState& state) { return Replied(state, call, *reply); };
  NL_ASSIGN_OR_RETURN(auto ended, way.graph().Resume(*runner_, ctx, run, said));
  return way.Ended(std::move(ended));
}

Result<void> AskService::Cancel(const RequestContext& caller, const std::string& run) {
  NL_ASSIGN_OR_RETURN(const RequestContext ctx, AsAsker(caller));
  return runner_->Cancel(ctx, run);
}

Result<void> AskService::Recover() {
  NL_RETURN_IF_ERROR(runner_->LetGoOfOthers(Asking::kName));
  if (keeps_runs_) {
    waiting_keeper_ =
        std::make_unique<query::HistoryKeeper>(clock_, kWaits, [this](WallTime) { return ForgetExpired(); });
  }
  return {};
}

Result<int64_t> AskService::ForgetExpired() { return runner_->DeleteExpired(Asking::kName); }

}  // namespace neurolake::ask
