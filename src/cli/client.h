#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "common/result.h"
#include "query/service.h"

namespace neurolake::cli {

struct ClientStatement {
  std::string sql;
  std::string schema;                                                   ///< Default schema; empty: the server's.
  std::string time_zone;                                                ///< Session time zone; empty: UTC.
  std::string purpose = {};                                             ///< Empty: none is declared.
  std::optional<query::ApplicationVersion> transaction = std::nullopt;  ///< It takes effect once.
};

/// What `health` shows: one line per check.
struct HealthReport {
  bool ready = false;
  std::vector<std::pair<std::string, std::string>> checks;  ///< {"live", "ok"}.
};

struct TokenRequest {
  std::string principal;
  std::string role;
  std::string name;
  std::optional<WallTime> expires;
  std::vector<std::string> scopes = {};
  std::vector<std::string> schemas = {};
};

/// What of a principal is to change; what is empty stays.
struct UserChange {
  std::string role = {};
  std::optional<bool> disabled = std::nullopt;
};

/// What else there is of questions in plain language than answers.
struct QuestionCall {
  enum class What : uint8_t {
    kListConversations,
    kReadConversation,
    kDeleteConversation,
    kGiveFeedback,
    kListFeedback,
    kDecideFeedback,
  };
  What what = What::kListConversations;
  std::string id = {};  ///< Of the conversation, the question or the feedback.
  std::string body = {};
  std::string model = {};
  std::string state = {};
};

using AskStage = std::function<void(std::string_view stage, std::string_view details_json)>;

/// The way from the command line to a lake: in this process (`--lake`) or over HTTP (`--server`). Both go through the
/// same pipeline and give the same errors. `stop` cancels. Thread-safe unless noted.
class Client {
 public:
  virtual ~Client() = default;

  /// "lake /data/lake" or "server https://lake.example.org".
  virtual std::string description() const = 0;

  /// Starts one statement; returns when its columns are known.
  virtual Result<std::unique_ptr<query::ResultStream>> Execute(std::stop_token stop, ClientStatement statement) = 0;

  /// Makes a file of this machine readable for COPY INTO and returns how to name it there: an uploaded copy
  /// ("upload://flights.csv") on a server, the absolute path in process. Keeps the file's name, by which a file loaded
  /// once is known.
  virtual Result<std::string> Offer(std::stop_token stop, const std::string& path) = 0;
  /// What `Offer` gave is not needed any more: removes the uploaded copy, never the file itself. Best effort.
  virtual void Withdraw(const std::string& offered) = 0;

  virtual Result<catalog::Catalog::NewToken> CreateToken(std::stop_token stop, const TokenRequest& request) = 0;
  virtual Result<void> RevokeToken(std::stop_token stop, const std::string& id) = 0;

  virtual Result<std::vector<catalog::PrincipalRecord>> ListUsers(std::stop_token stop) = 0;
  virtual Result<void> CreateUser(std::stop_token stop, const catalog::Identities::NewPrincipal& user) = 0;
  virtual Result<void> ChangeUser(std::stop_token stop, const std::string& name, const UserChange& change) = 0;
  /// An empty one takes the password away. Ends the user's sessions.
  virtual Result<void> SetUserPassword(std::stop_token stop, const std::string& name, const std::string& password) = 0;
  virtual Result<void> BindIdentity(std::stop_token stop, const std::string& name, const std::string& issuer,
                                    const std::string& subject) = 0;

  /// A question in plain language, and its answer, as JSON (docs/ask.md). Errors: kNotFound without a semantic model.
  virtual Result<std::string> Ask(std::stop_token stop, const std::string& question_json) = 0;
  /// The same, telling `at` how far it is, in the calling thread (docs/ask.md, "As it goes on").
  virtual Result<std::string> AskWatched(std::stop_token stop, const std::string& question_json, const AskStage&) {
    return Ask(std::move(stop), question_json);
  }
  /// Conversations and feedback, as JSON.
  virtual Result<std::string> CallQuestions(std::stop_token, const QuestionCall&) {
    return MakeError(ErrorCode::kNotSupported, "conversations are not kept here");
  }

  virtual Result<HealthReport> CheckHealth(std::stop_token stop) = 0;
};

}  // namespace neurolake::cli
