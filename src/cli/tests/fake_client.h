#pragma once
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// A result with one column per type: "BIGINT" or "VARCHAR"; a cell of "∅" is NULL.
struct FakeResult {
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<std::vector<std::string>> rows;
  std::string kind = "SELECT";
  int64_t rows_changed = -1;
  int64_t committed_version = -1;
  std::optional<Error> error_at_start;
  std::optional<Error> error_at_end;
};

arrow::Schema FakeSchema(const FakeResult& result);
arrow::Batch FakeBatch(const FakeResult& result);
std::unique_ptr<query::ResultStream> FakeStream(FakeResult result);

/// Answers statements from a list and remembers what it was asked.
class FakeClient final : public Client {
 public:
  std::map<std::string, FakeResult> answers;           ///< By statement; others give one row, 42.
  std::map<std::string, FakeResult> answers_by_start;  ///< By how the statement begins.
  std::vector<std::string> asked;
  std::vector<ClientStatement> statements;
  std::vector<std::string> offered;
  std::vector<std::string> withdrawn;
  Result<catalog::Catalog::NewToken> token = MakeError(ErrorCode::kPermissionDenied, "no");
  TokenRequest token_request;
  HealthReport health;
  std::string answer = R"({"status":"abstained","reason":"no"})";  ///< To every question.
  std::vector<std::string> questions;

  std::string description() const override { return "fake"; }
  Result<std::unique_ptr<query::ResultStream>> Execute(std::stop_token stop, ClientStatement statement) override;
  void Withdraw(const std::string& path) override { withdrawn.push_back(path); }
  Result<std::string> Offer(std::stop_token stop, const std::string& path) override;
  Result<catalog::Catalog::NewToken> CreateToken(std::stop_token stop, const TokenRequest& request) override;
  Result<void> RevokeToken(std::stop_token stop, const std::string& id) override;
  std::vector<catalog::PrincipalRecord> users;
  std::vector<std::string> user_calls;  ///< "create anna user reader", "password anna secret" …
  Result<std::vector<catalog::PrincipalRecord>> ListUsers(std::stop_token) override { return users; }
  Result<void> CreateUser(std::stop_token, const catalog::Identities::NewPrincipal& user) override {
    user_calls.push_back(fmt::format("create {} {} {} {}", user.name, NameOf(user.kind), user.role, user.on_behalf_of));
    return {};
  }
  Result<void> ChangeUser(std::stop_token, const std::string& name, const UserChange& change) override {
    user_calls.push_back(fmt::format("disabled {} {}", name, change.disabled.value_or(false)));
    return {};
  }
  Result<void> SetUserPassword(std::stop_token, const std::string& name, const std::string& password) override {
    user_calls.push_back(fmt::format("password {} {}", name, password));
    return {};
  }
  Result<void> BindIdentity(std::stop_token, const std::string& name, const std::string& issuer,
                            const std::string& subject) override {
    user_calls.push_back(fmt::format("bind {} {} {}", name, issuer, subject));
    return {};
  }
  Result<std::string> Ask(std::stop_token, const std::string& question_json) override {
    questions.push_back(question_json);
    return answer;
  }

  Result<HealthReport> CheckHealth(std::stop_token) override { return health; }
};

/// A console of strings and a runner on a FakeClient.
struct TestBench {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  FakeClient client;
  Console console{.in = in, .out = out, .err = err};
  StatementRunner runner{client, console, nullptr};
  FakeClock clock;
};

}  // namespace neurolake::cli
