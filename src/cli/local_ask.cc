#include "cli/local_ask.h"

#include <filesystem>

#include "ask/conversation/verified_questions.h"
#include "ask/service/ask_json.h"
#include "ask/service/ask_service.h"
#include "cli/semantic_command.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

constexpr std::chrono::minutes kQuestionTime{5};

/// The statements of a client, as the asking service runs them. It has no other door to a lake than Execute.
class ClientStatements final : public query::StatementService {
 public:
  explicit ClientStatements(Client& client) : client_(client) {}

  Result<std::unique_ptr<query::ResultStream>> Execute(const RequestContext& ctx,
                                                       query::StatementRequest request) override {
    return client_.Execute(ctx.stop_token(), {.sql = std::move(request.sql),
                                              .schema = std::move(request.schema),
                                              .time_zone = std::move(request.time_zone),
                                              .purpose = std::move(request.purpose)});
  }
  /// What was shown was shown to the one who asks, and to nobody else.
  Result<void> CheckShown(const RequestContext&, const query::ShownTables&) override { return {}; }

  Result<Principal> Authenticate(std::string_view, std::string_view) override { return NotHere(); }
  void RecordRefusal(ErrorCode, std::string_view) override {}
  Result<void> RecordChange(const RequestContext&, std::string_view,
                            std::vector<std::pair<std::string, std::string>>) override {
    return NotHere();
  }
  std::vector<query::StatementStatus> ListRunning(const RequestContext&) override { return {}; }
  Result<void> Cancel(const RequestContext&, const StatementId&) override { return NotHere(); }
  catalog::Catalog& catalog() override { NL_UNREACHABLE(); }
  Result<std::string> StagingPath(const RequestContext&, const std::string&) override { return NotHere(); }
  Result<void> CheckReady() override { return {}; }
  Metrics& metrics() override { return metrics_; }
  void Shutdown(std::chrono::milliseconds) override {}

 private:
  static std::unexpected<Error> NotHere() {
    return MakeError(ErrorCode::kNotSupported, "only statements run through a client");
  }

  Client& client_;
  Metrics metrics_;
};

class OneModel final : public ask::ModelSource {
 public:
  explicit OneModel(semantic::SemanticModel model)
      : model_(std::make_shared<const semantic::SemanticModel>(std::move(model))) {}

  Result<std::optional<ask::FoundModel>> Find(const RequestContext&, const std::string& name) override {
    if (!EqualsIgnoringCase(name, model_->name)) return std::nullopt;
    return ask::FoundModel{.model = model_, .key = "here"};
  }
  Result<std::vector<ask::ModelEntry>> List(const RequestContext&) override {
    return std::vector<ask::ModelEntry>{
        {.name = model_->name, .schema = "", .label = model_->label, .description = model_->description}};
  }
  Result<void> CheckReview(const RequestContext&, const std::string&) override {
    return MakeError(ErrorCode::kPermissionDenied, "a model that is only here has no verified questions");
  }

 private:
  std::shared_ptr<const semantic::SemanticModel> model_;
};

class LocalAskOverClient final : public LocalAsk {
 public:
  LocalAskOverClient(Client& client, semantic::SemanticModel model, const Clock& clock)
      : clock_(clock),
        name_(model.name),
        statements_(client),
        models_(std::move(model)),
        verified_(nullptr),
        service_(statements_, models_, clock) {
    service_.UseMemory(&verified_);
  }

  const std::string& model_name() const override { return name_; }

  Result<std::string> Ask(std::stop_token stop, const std::string& question_json) override {
    // Who may ask here, may by asking no more than run statements as itself: the lake knows who that is.
    Principal asker;
    asker.rights = {Right::kAsk};
    const RequestContext ctx(std::move(asker), NewUuid(), "cli", clock_, clock_.SteadyNow() + kQuestionTime,
                             std::move(stop));
    return ask::AskJson(ctx, service_, question_json);
  }

 private:
  const Clock& clock_;
  const std::string name_;
  ClientStatements statements_;
  OneModel models_;
  ask::VerifiedQuestions verified_;
  ask::AskService service_;
};

}  // namespace

std::unique_ptr<LocalAsk> MakeLocalAsk(Client& client, semantic::SemanticModel model, const Clock& clock) {
  return std::make_unique<LocalAskOverClient>(client, std::move(model), clock);
}

bool IsModelFile(const std::string& model) {
  std::error_code ignored;
  return model.ends_with(".yaml") || model.ends_with(".yml") || std::filesystem::is_regular_file(model, ignored);
}

Result<std::unique_ptr<LocalAsk>> AskWithFile(const std::string& path, StatementRunner& runner, const Clock& clock) {
  NL_ASSIGN_OR_RETURN(auto model, ReadModelFile(path));
  return MakeLocalAsk(runner.client(), std::move(model), clock);
}

Result<std::unique_ptr<LocalAsk>> AskWithDraft(const std::string& schema, StatementRunner& runner, const Clock& clock) {
  NL_ASSIGN_OR_RETURN(auto inference, InferSchema({.schema = schema}, runner));
  return MakeLocalAsk(runner.client(), std::move(inference.model), clock);
}

}  // namespace neurolake::cli
