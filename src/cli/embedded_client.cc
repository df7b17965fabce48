#include "cli/embedded_client.h"

#include <boost/json/serialize.hpp>

#include "ask/conversation/questions.h"
#include "catalog/password_hasher.h"

namespace neurolake::cli {
namespace {

class EmbeddedClient final : public Client {
 public:
  EmbeddedClient(std::unique_ptr<query::StatementService> service, Principal principal, const Settings& settings,
                 const Clock& clock, std::string program, metastore::Store* store)
      : service_(std::move(service)),
        principal_(std::move(principal)),
        password_cost_{.memory_bytes = settings.passwords_memory, .passes = settings.passwords_passes},
        clock_(clock),
        settings_(settings),
        program_(std::move(program)),
        store_(store) {}

  ~EmbeddedClient() override { service_->Shutdown(std::chrono::milliseconds(0)); }

  std::string description() const override { return "lake " + settings_.lake; }

  Result<std::unique_ptr<query::ResultStream>> Execute(std::stop_token stop, ClientStatement statement) override {
    query::StatementRequest request;
    request.sql = std::move(statement.sql);
    request.schema = std::move(statement.schema);
    request.time_zone = std::move(statement.time_zone);
    request.purpose = std::move(statement.purpose);
    request.transaction = std::move(statement.transaction);
    return service_->Execute(Context(std::move(stop)), std::move(request));
  }

  Result<std::string> Offer(std::stop_token, const std::string& path) override {
    std::error_code failure;
    const auto absolute = std::filesystem::canonical(path, failure);
    if (failure) return MakeError(ErrorCode::kNotFound, "cannot read {}: {}", path, failure.message());
    return absolute.string();
  }

  void Withdraw(const std::string&) override {}

  Result<catalog::Catalog::NewToken> CreateToken(std::stop_token stop, const TokenRequest& request) override {
    NL_RETURN_IF_ERROR(CheckManage());
    NL_RETURN_IF_ERROR(RightsOfRole(request.role));
    NL_RETURN_IF_ERROR(
        service_->RecordChange(Context(std::move(stop)), "create_token",
                               {{"principal", request.principal}, {"role", request.role}, {"name", request.name}}));
    return service_->catalog().CreateToken({.principal = request.principal,
                                            .role = request.role,
                                            .name = request.name,
                                            .expires = request.expires,
                                            .scopes = request.scopes,
                                            .schemas = request.schemas});
  }

  Result<void> RevokeToken(std::stop_token stop, const std::string& id) override {
    NL_RETURN_IF_ERROR(CheckManage());
    NL_RETURN_IF_ERROR(service_->RecordChange(Context(std::move(stop)), "revoke_token", {{"id", id}}));
    return service_->catalog().RevokeToken(TokenId(id));
  }

  Result<std::vector<catalog::PrincipalRecord>> ListUsers(std::stop_token) override {
    NL_RETURN_IF_ERROR(CheckManage());
    return service_->catalog().ListPrincipals();
  }

  Result<void> CreateUser(std::stop_token stop, const catalog::Identities::NewPrincipal& user) override {
    NL_RETURN_IF_ERROR(CheckManage());
    NL_RETURN_IF_ERROR(service_->RecordChange(Context(std::move(stop)), "create_user",
                                              {{"name", user.name},
                                               {"kind", std::string(NameOf(user.kind))},
                                               {"role", user.role},
                                               {"on_behalf_of", user.on_behalf_of}}));
    NL_RETURN_IF_ERROR(service_->catalog().identities().CreatePrincipal(user));
    return {};
  }

  Result<void> ChangeUser(std::stop_token stop, const std::string& name, const UserChange& change) override {
    NL_RETURN_IF_ERROR(CheckManage());
    const char* state = !change.disabled ? "" : *change.disabled ? "disabled" : "enabled";
    NL_RETURN_IF_ERROR(service_->RecordChange(Context(std::move(stop)), "alter_user",
                                              {{"name", name}, {"role", change.role}, {"state", state}}));
    catalog::Catalog& catalog = service_->catalog();
    if (!change.role.empty()) NL_RETURN_IF_ERROR(catalog.SetRole(name, change.role));
    if (!change.disabled) return {};
    return *change.disabled ? catalog.DisablePrincipal(name) : catalog.EnablePrincipal(name);
  }

  Result<void> SetUserPassword(std::stop_token stop, const std::string& name, const std::string& password) override {
    NL_RETURN_IF_ERROR(CheckManage());
    catalog::Identities& identities = service_->catalog().identities();
    const bool removes = password.empty();
    NL_RETURN_IF_ERROR(service_->RecordChange(Context(std::move(stop)), removes ? "remove_password" : "set_password",
                                              {{"principal", name}}));
    if (removes) return identities.RemovePassword(name);
    NL_RETURN_IF_ERROR(catalog::CheckNewPassword(password, settings_.passwords_length_min));
    NL_ASSIGN_OR_RETURN(const auto hasher, catalog::PasswordHasher::Make(password_cost_));
    NL_ASSIGN_OR_RETURN(const std::string hash, hasher->Hash(password));
    return identities.SetPassword(name, hash);
  }

  Result<void> BindIdentity(std::stop_token stop, const std::string& name, const std::string& issuer,
                            const std::string& subject) override {
    NL_RETURN_IF_ERROR(CheckManage());
    NL_RETURN_IF_ERROR(service_->RecordChange(Context(std::move(stop)), "bind_identity",
                                              {{"principal", name}, {"issuer", issuer}, {"subject", subject}}));
    return service_->catalog().identities().BindIdentity(issuer, subject, name);
  }

  Result<std::string> Ask(std::stop_token stop, const std::string& question_json) override {
    return AskWatched(std::move(stop), question_json, nullptr);
  }

  Result<std::string> AskWatched(std::stop_token stop, const std::string& question_json, const AskStage& at) override {
    NL_ASSIGN_OR_RETURN(auto* const questions, Questions());
    Watcher watcher(at);
    return questions->Ask(Context(std::move(stop)), question_json, at ? &watcher : nullptr);
  }

  Result<std::string> CallQuestions(std::stop_token stop, const QuestionCall& call) override {
    constexpr int64_t kListedMax = 1'000;
    NL_ASSIGN_OR_RETURN(auto* const questions, Questions());
    const RequestContext ctx = Context(std::move(stop));
    switch (call.what) {
      case QuestionCall::What::kListConversations: return questions->ListConversations(ctx, kListedMax);
      case QuestionCall::What::kReadConversation: return questions->ReadConversation(ctx, call.id);
      case QuestionCall::What::kGiveFeedback: return questions->GiveFeedback(ctx, call.id, call.body);
      case QuestionCall::What::kListFeedback: return questions->ListFeedback(ctx, call.model, call.state, kListedMax);
      case QuestionCall::What::kDecideFeedback: return questions->Decide(ctx, call.id, call.body);
      case QuestionCall::What::kDeleteConversation: break;
    }
    NL_RETURN_IF_ERROR(questions->DeleteConversation(ctx, call.id));
    return std::string("{}");
  }

  Result<HealthReport> CheckHealth(std::stop_token) override {
    HealthReport report;
    const auto ready = service_->CheckReady();
    report.ready = ready.has_value();
    report.checks.emplace_back("lake", settings_.lake);
    report.checks.emplace_back("ready", ready ? "ok" : ready.error().message());
    return report;
  }

 private:
  class Watcher final : public ask::AskObserver {
   public:
    explicit Watcher(const AskStage& at) : at_(at) {}
    void Reached(std::string_view stage, const boost::json::object& details) override {
      at_(stage, boost::json::serialize(details));
    }

   private:
    const AskStage& at_;
  };

  /// Not before it is asked: a statement needs none of it.
  Result<ask::AskDoor*> Questions() {
    if (questions_.door == nullptr) {
      NL_ASSIGN_OR_RETURN(questions_, ask::OpenQuestions(settings_, program_, *service_, store_, clock_));
    }
    return questions_.door.get();
  }

  RequestContext Context(std::stop_token stop) const {
    return RequestContext(principal_, NewUuid(), "cli", clock_, clock_.SteadyNow() + settings_.statement_timeout,
                          std::move(stop));
  }

  Result<void> CheckManage() const {
    if (principal_.Has(Right::kManage)) return {};
    return MakeError(ErrorCode::kPermissionDenied, "only an administrator may do this");
  }

  std::unique_ptr<query::StatementService> service_;
  Principal principal_;
  catalog::PasswordCost password_cost_;
  const Clock& clock_;
  const Settings settings_;
  const std::string program_;
  metastore::Store* store_;  ///< The service's; null: no language model is asked.
  ask::Questions questions_;
};

}  // namespace

std::unique_ptr<Client> MakeEmbeddedClient(std::unique_ptr<query::StatementService> service, Principal principal,
                                           const Settings& settings, const Clock& clock) {
  return std::make_unique<EmbeddedClient>(std::move(service), std::move(principal), settings, clock, "", nullptr);
}

Result<std::unique_ptr<Client>> OpenEmbeddedClient(const Settings& settings, const std::string& program,
                                                   const Clock& clock, Metrics& metrics,
                                                   std::optional<std::string>& first_token) {
  NL_ASSIGN_OR_RETURN(auto lake, query::OpenLake(settings, program, clock, metrics));
  first_token = std::move(lake.first_token);
  NL_ASSIGN_OR_RETURN(Principal principal, lake.service->catalog().LocalPrincipal());
  return std::make_unique<EmbeddedClient>(std::move(lake.service), std::move(principal), settings, clock, program,
                                          lake.store);
}

}  // namespace neurolake::cli
