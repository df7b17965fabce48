#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "ask/conversation/verified_questions.h"
#include "ask/service/ask_json.h"
#include "ask/service/ask_service.h"
#include "catalog/ask_records.h"
#include "common/clock.h"
#include "common/request_context.h"
#include "common/settings.h"

namespace neurolake::ask {

/// All that doors offer of questions in plain language, as JSON in and out (docs/ask.md): answers, conversations that
/// are kept for those who hold them, what they say of answers, and the review of that. Thread-safe.
///
/// It keeps questions and what they were understood as, and no rows. Errors of every call beside its own:
/// kPermissionDenied for who may not ask; kInvalidArgument naming a member of the body; those of the store.
class AskDoor : private QuestionKeeper {
 public:
  struct Options {
    std::chrono::milliseconds history_keep{0};  ///< 0: no conversation is kept.
    int64_t confirm_bytes = 0;                  ///< As the setting ask.confirm_bytes.
  };
  static Options OptionsFrom(const Settings& settings) {
    return {.history_keep = settings.ask_history_keep, .confirm_bytes = settings.ask_confirm_bytes};
  }
  /// Borrows the first four. `service` uses its verified questions from here on.
  AskDoor(AskService& service, ModelSource& models, query::StatementService& statements, const Clock& clock,
          Options options);
  ~AskDoor() override;

  /// Before it is used: as VerifiedQuestions::UseTexts.
  void UseTexts(retrieval::TextIndex* texts) { verified_.UseTexts(texts); }

  /// `observer` may be null. Errors: kNotFound for a model or a conversation that is not there or somebody else's;
  /// those of AskService.
  Result<std::string> Ask(const RequestContext& ctx, std::string_view body, AskObserver* observer = nullptr);
  /// Stops the principal's own question `run`, or ends one that waits. Errors: kNotFound, also for somebody else's.
  Result<void> Cancel(const RequestContext& ctx, const std::string& run);

  /// The models that the principal may ask over: docs/ask.md, "Setting it up".
  Result<std::string> ListModels(const RequestContext& ctx);
  /// What the models have that the principal may know: docs/mcp.md, list_metrics. `model` empty: all of them.
  Result<std::string> ListMetrics(const RequestContext& ctx, const std::string& model, const std::string& purpose);
  /// A query by names of metrics and dimensions: docs/mcp.md, query_metrics. An answer as Ask's.
  Result<std::string> QueryMetrics(const RequestContext& ctx, std::string_view body);

  /// The principal's own, the latest first.
  Result<std::string> ListConversations(const RequestContext& ctx, int64_t limit);
  /// Errors: kNotFound, also for somebody else's.
  Result<std::string> ReadConversation(const RequestContext& ctx, const std::string& id);
  Result<void> DeleteConversation(const RequestContext& ctx, const std::string& id);

  /// What the principal says of the answer to its own question `id`. Errors: kNotFound; kConflict where that was
  /// decided on already.
  Result<std::string> GiveFeedback(const RequestContext& ctx, const std::string& id, std::string_view body);
  /// Feedback on `model`, oldest first; `state` is "open", "approved", "rejected" or empty: all. Errors:
  /// kPermissionDenied for who may not review the model.
  Result<std::string> ListFeedback(const RequestContext& ctx, const std::string& model, const std::string& state,
                                   int64_t limit);
  /// Makes feedback a verified question, or rejects it, also later. Errors: as ListFeedback; kNotFound.
  Result<std::string> Decide(const RequestContext& ctx, const std::string& id, std::string_view body);

 private:
  Result<std::string> Answered(const RequestContext& ctx, const AskBody& asked, AskObserver* observer);
  Result<Asked> AnsweredBy(const RequestContext& ctx, const AskBody& asked, const AskRequest& request);
  Result<void> Resume(const RequestContext& ctx, AskBody& asked);
  Result<KeptQuestion> Keep(const RequestContext& ctx, const AskRequest& request, const FoundModel& model,
                            LocalTime today, const std::string& run, const Answer& answer) override;
  Result<Intent> MeantBy(const RequestContext& ctx, const boost::json::object& body, const AskRequest& request);
  Result<void> CheckMeant(const RequestContext& ctx, const catalog::AskFeedback& feedback, const Intent& meant);
  std::string VersionOf(const std::shared_ptr<const semantic::SemanticModel>& model);

  AskService& service_;
  ModelSource& models_;
  query::StatementService& statements_;
  catalog::AskRecords& records_;
  const Clock& clock_;
  const Options options_;
  VerifiedQuestions verified_;
  std::mutex mutex_;
  std::map<std::string, std::pair<std::shared_ptr<const semantic::SemanticModel>, std::string>> versions_;
};

}  // namespace neurolake::ask
