#include "cli/remote_client.h"

#include <boost/json.hpp>

#include <fstream>

#include "cli/answer_events.h"
#include "cli/problem.h"
#include "cli/remote_result.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr size_t kAnswerBytesMax = 16 << 20;
constexpr size_t kUploadPieceBytes = 1 << 20;
constexpr milliseconds kShortCall{30'000};

constexpr std::string_view kUploadScheme = "upload://";

/// A file's name as an upload may be called: percent-encoded, so that no two names become one and the server's ledger
/// knows the file by the name it has here. Of a name that is too long then, its hash and its end.
std::string UploadName(const std::filesystem::path& path) {
  const std::string file = path.filename().string();
  std::string name;
  for (const char c : file) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || c == '_' || c == '-' || (c == '.' && !name.empty()));
    name += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  constexpr size_t kNameBytes = 180;
  if (name.size() <= kNameBytes) return name;
  constexpr size_t kEndBytes = 100;
  std::string end = name.substr(name.size() - kEndBytes);
  // Not from within an encoded letter.
  const size_t plain = end.find_first_of("._-");
  if (end.find('%') != std::string::npos) end = plain == std::string::npos ? "" : end.substr(plain);
  return Sha256Hex(file).substr(0, 32) + "-" + end;
}

class RemoteClient final : public Client {
 public:
  RemoteClient(std::unique_ptr<net::HttpClient> http, RemoteOptions options, const Clock& clock)
      : http_(std::move(http)), options_(std::move(options)), clock_(clock) {}

  std::string description() const override { return "server " + http_->url().Origin() + http_->url().path; }

  Result<std::unique_ptr<query::ResultStream>> Execute(std::stop_token stop, ClientStatement statement) override {
    json::object body{{"statement", statement.sql}};
    if (!statement.schema.empty()) body["schema"] = statement.schema;
    if (!statement.time_zone.empty()) body["time_zone"] = statement.time_zone;
    if (!statement.purpose.empty()) body["purpose"] = statement.purpose;
    if (const auto& transaction = statement.transaction) {
      body["transaction"] =
          json::object{{"application_id", transaction->application_id}, {"version", transaction->version}};
    }
    const RequestContext ctx = Context(std::move(stop), options_.timeout);
    net::HttpRequest request = Request("POST", "/v1/sql");
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "application/vnd.apache.arrow.stream");
    request.body = json::serialize(body);
    NL_ASSIGN_OR_RETURN(auto response, http_->Send(ctx, std::move(request)));
    NL_RETURN_IF_ERROR(CheckStatus(*response));
    return OpenRemoteResult(std::move(response),
                            StatementCalls{.read = [this](const std::string& id) { return ReadStatement(id); },
                                           .cancel =
                                               [this](const std::string& id) {
                                                 // Nothing can be done about a cancel that fails; the closed connection
                                                 // says the same.
                                                 (void)Call({}, "DELETE", "/v1/statements/" + net::PercentEncode(id));
                                               }});
  }

  Result<std::string> Offer(std::stop_token stop, const std::string& path) override {
    std::error_code failure;
    const auto bytes = std::filesystem::file_size(path, failure);
    if (failure) return MakeError(ErrorCode::kNotFound, "cannot read {}: {}", path, failure.message());
    auto file = std::make_shared<std::ifstream>(path, std::ios::binary);
    if (!*file) return MakeError(ErrorCode::kNotFound, "cannot open {}", path);
    const std::string name = NewUploadName(path);
    net::HttpRequest request = Request("PUT", "/v1/uploads/" + net::PercentEncode(name));
    request.headers.emplace_back("Content-Type", "application/octet-stream");
    request.body_source_bytes = static_cast<int64_t>(bytes);
    request.body_source = [file]() -> Result<std::string> {
      std::string piece(kUploadPieceBytes, '\0');
      file->read(piece.data(), static_cast<std::streamsize>(piece.size()));
      piece.resize(static_cast<size_t>(file->gcount()));
      return piece;
    };
    NL_ASSIGN_OR_RETURN(auto response, http_->Send(Context(std::move(stop), options_.timeout), std::move(request)));
    NL_RETURN_IF_ERROR(CheckStatus(*response));
    return std::string(kUploadScheme) + name;
  }

  void Withdraw(const std::string& offered) override {
    if (!offered.starts_with(kUploadScheme)) return;
    // A copy that stays is the server's to expire.
    (void)Call({}, "DELETE", "/v1/uploads/" + net::PercentEncode(offered.substr(kUploadScheme.size())));
  }

  Result<catalog::Catalog::NewToken> CreateToken(std::stop_token stop, const TokenRequest& request) override {
    json::object body{{"principal", request.principal}, {"role", request.role}, {"name", request.name}};
    if (request.expires) body["expires"] = FormatTimestamp(*request.expires);
    if (!request.scopes.empty()) body["scopes"] = json::array(request.scopes.begin(), request.scopes.end());
    if (!request.schemas.empty()) body["schemas"] = json::array(request.schemas.begin(), request.schemas.end());
    NL_ASSIGN_OR_RETURN(const std::string answer, Call(std::move(stop), "POST", "/v1/tokens", json::serialize(body)));
    boost::system::error_code failure;
    const json::value value = json::parse(answer, failure);
    const json::value* secret = !failure && value.is_object() ? value.get_object().if_contains("token") : nullptr;
    const json::value* id = secret != nullptr ? value.get_object().if_contains("id") : nullptr;
    if (id == nullptr || !id->is_string() || !secret->is_string()) {
      return MakeError(ErrorCode::kInternal, "the server's answer holds no token");
    }
    catalog::Catalog::NewToken token;
    token.record.id = TokenId(std::string(id->get_string()));
    token.record.name = request.name;
    token.record.principal_name = request.principal;
    token.record.role = request.role;
    token.record.expires = request.expires;
    token.secret = std::string(secret->get_string());
    return token;
  }

  Result<void> RevokeToken(std::stop_token stop, const std::string& id) override {
    return Done(Call(std::move(stop), "DELETE", "/v1/tokens/" + net::PercentEncode(id)));
  }

  Result<std::vector<catalog::PrincipalRecord>> ListUsers(std::stop_token stop) override {
    NL_ASSIGN_OR_RETURN(const std::string answer, Call(std::move(stop), "GET", "/v1/users"));
    boost::system::error_code failure;
    const json::value value = json::parse(answer, failure);
    const json::value* users = !failure && value.is_object() ? value.get_object().if_contains("users") : nullptr;
    if (users == nullptr || !users->is_array()) {
      return MakeError(ErrorCode::kInternal, "the server's answer holds no users");
    }
    std::vector<catalog::PrincipalRecord> records;
    for (const json::value& one : users->get_array()) {
      NL_ASSIGN_OR_RETURN(auto record, UserOf(one));
      records.push_back(std::move(record));
    }
    return records;
  }

  Result<void> CreateUser(std::stop_token stop, const catalog::Identities::NewPrincipal& user) override {
    json::object body{{"name", user.name}, {"kind", NameOf(user.kind)}, {"role", user.role}};
    if (!user.on_behalf_of.empty()) body["on_behalf_of"] = user.on_behalf_of;
    return Done(Call(std::move(stop), "POST", "/v1/users", json::serialize(body)));
  }

  Result<void> ChangeUser(std::stop_token stop, const std::string& name, const UserChange& change) override {
    json::object body;
    if (!change.role.empty()) body["role"] = change.role;
    if (change.disabled) body["disabled"] = *change.disabled;
    return Done(Call(std::move(stop), "PATCH", "/v1/users/" + net::PercentEncode(name), json::serialize(body)));
  }

  Result<void> SetUserPassword(std::stop_token stop, const std::string& name, const std::string& password) override {
    const std::string target = "/v1/users/" + net::PercentEncode(name) + "/password";
    if (password.empty()) return Done(Call(std::move(stop), "DELETE", target));
    return Done(Call(std::move(stop), "PUT", target, json::serialize(json::value{{"password", password}})));
  }

  Result<void> BindIdentity(std::stop_token stop, const std::string& name, const std::string& issuer,
                            const std::string& subject) override {
    const json::value body{{"principal", name}, {"issuer", issuer}, {"subject", subject}};
    return Done(Call(std::move(stop), "POST", "/v1/identities", json::serialize(body)));
  }

  Result<std::string> Ask(std::stop_token stop, const std::string& question_json) override {
    return Call(std::move(stop), "POST", "/v1/ask", question_json);
  }

  Result<std::string> AskWatched(std::stop_token stop, const std::string& question_json, const AskStage& at) override {
    net::HttpRequest request = Request("POST", "/v1/ask");
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "text/event-stream");
    request.body = question_json;
    NL_ASSIGN_OR_RETURN(auto response, http_->Send(Context(std::move(stop), options_.timeout), std::move(request)));
    NL_RETURN_IF_ERROR(CheckStatus(*response));
    if (!response->header("content-type").starts_with("text/event-stream")) return response->ReadAll(kAnswerBytesMax);
    return ReadAnswerEvents(*response, at, kAnswerBytesMax);
  }

  Result<std::string> CallQuestions(std::stop_token stop, const QuestionCall& call) override {
    const std::string id = net::PercentEncode(call.id);
    const std::string of =
        fmt::format("/v1/feedback?limit=1000{}{}", call.model.empty() ? "" : "&model=" + net::PercentEncode(call.model),
                    call.state.empty() ? "" : "&state=" + net::PercentEncode(call.state));
    switch (call.what) {
      case QuestionCall::What::kListConversations: return Call(std::move(stop), "GET", "/v1/conversations?limit=1000");
      case QuestionCall::What::kReadConversation: return Call(std::move(stop), "GET", "/v1/conversations/" + id);
      case QuestionCall::What::kDeleteConversation: return Call(std::move(stop), "DELETE", "/v1/conversations/" + id);
      case QuestionCall::What::kGiveFeedback:
        return Call(std::move(stop), "POST", "/v1/ask/" + id + "/feedback", call.body);
      case QuestionCall::What::kListFeedback: return Call(std::move(stop), "GET", of);
      case QuestionCall::What::kDecideFeedback: break;
    }
    return Call(std::move(stop), "POST", "/v1/feedback/" + id + "/decision", call.body);
  }

  Result<HealthReport> CheckHealth(std::stop_token stop) override {
    HealthReport report;
    report.checks.emplace_back("server", http_->url().Origin());
    NL_ASSIGN_OR_RETURN(auto live, http_->Send(Context(stop, kShortCall), Request("GET", "/health")));
    report.checks.emplace_back("live", live->status() == 200 ? "ok" : fmt::format("HTTP status {}", live->status()));
    NL_ASSIGN_OR_RETURN(auto ready, http_->Send(Context(stop, kShortCall), Request("GET", "/ready")));
    report.ready = live->status() == 200 && ready->status() == 200;
    std::string text = "ok";
    if (ready->status() != 200) {
      const auto body = ready->ReadAll(kAnswerBytesMax);
      text = ErrorFromProblem(ready->status(), body.value_or("")).message();
    }
    report.checks.emplace_back("ready", text);
    return report;
  }

 private:
  RequestContext Context(std::stop_token stop, milliseconds allowed) const {
    return RequestContext({}, NewUuid(), "cli", clock_, clock_.SteadyNow() + allowed, std::move(stop));
  }

  net::HttpRequest Request(std::string method, std::string target) const {
    net::HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers.emplace_back("User-Agent", "neurolake-cli");
    if (!options_.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.token);
    return request;
  }

  /// Two files of one name in one command must not replace each other: the second gets its path's hash in front, as a
  /// folder, which is no part of what the ledger knows a file by.
  std::string NewUploadName(const std::string& path) {
    std::error_code ignored;
    const std::string absolute = std::filesystem::absolute(path, ignored).string();
    const std::string name = UploadName(path);
    std::lock_guard lock(uploads_mutex_);
    const auto [found, is_new] = uploads_.emplace(name, absolute);
    if (is_new || found->second == absolute) return name;
    return Sha256Hex(absolute).substr(0, 8) + "%2F" + name;
  }

  static Result<catalog::PrincipalRecord> UserOf(const json::value& value) {
    if (!value.is_object()) return MakeError(ErrorCode::kInternal, "the server's answer holds no users");
    const json::object& object = value.get_object();
    const auto text = [&](const char* name) {
      const json::value* member = object.if_contains(name);
      return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
    };
    const auto is = [&](const char* name) {
      const json::value* member = object.if_contains(name);
      return member != nullptr && member->is_bool() && member->get_bool();
    };
    NL_ASSIGN_OR_RETURN(const WallTime created, ParseTimestamp(text("created")));
    catalog::PrincipalRecord record{PrincipalId(text("id")), text("name"), text("role"), is("disabled"), created};
    NL_ASSIGN_OR_RETURN(record.kind, PrincipalKindOf(text("kind")));
    record.on_behalf_of = text("on_behalf_of");
    record.has_password = is("has_password");
    return record;
  }

  static Result<void> CheckStatus(net::HttpResponse& response) {
    if (response.status() >= 200 && response.status() < 300) return {};
    const auto body = response.ReadAll(kAnswerBytesMax);
    Error error = ErrorFromProblem(response.status(), body.value_or(""));
    if (error.code() == ErrorCode::kUnauthenticated) {
      error.With("hint", "give a token with --token-file FILE or NEUROLAKE_TOKEN");
    }
    return std::unexpected(std::move(error));
  }

  Result<std::string> Call(std::stop_token stop, std::string method, std::string target, std::string body = {}) {
    net::HttpRequest request = Request(std::move(method), std::move(target));
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Accept", "application/json");
    request.body = std::move(body);
    NL_ASSIGN_OR_RETURN(auto response, http_->Send(Context(std::move(stop), kShortCall), std::move(request)));
    NL_RETURN_IF_ERROR(CheckStatus(*response));
    return response->ReadAll(kAnswerBytesMax);
  }

  /// While it runs a statement has a resource of its own; afterwards it is in the history, near its top.
  Result<std::string> ReadStatement(const std::string& id) {
    auto running = Call({}, "GET", "/v1/statements/" + net::PercentEncode(id));
    if (running || running.error().code() != ErrorCode::kNotFound) return running;
    NL_ASSIGN_OR_RETURN(const std::string history, Call({}, "GET", "/v1/history?limit=50"));
    return FindInHistory(history, id);
  }

  static Result<void> Done(Result<std::string> answer) {
    if (answer) return {};
    return std::unexpected(std::move(answer).error());
  }

  std::unique_ptr<net::HttpClient> http_;
  RemoteOptions options_;
  const Clock& clock_;
  std::mutex uploads_mutex_;
  std::map<std::string, std::string> uploads_;  ///< Name to the path it was made from.
};

}  // namespace

std::unique_ptr<Client> MakeRemoteClient(std::unique_ptr<net::HttpClient> http, RemoteOptions options,
                                         const Clock& clock) {
  return std::make_unique<RemoteClient>(std::move(http), std::move(options), clock);
}

}  // namespace neurolake::cli
