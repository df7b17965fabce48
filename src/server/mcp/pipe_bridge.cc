// A client at a pipe and a server elsewhere: messages go on to its /mcp, and what it answers comes back as lines.
#include <boost/json/parse.hpp>
#include <map>

#include "common/ids.h"
#include "common/text.h"
#include "net/base64url.h"
#include "server/mcp/internal/line_loop.h"
#include "server/mcp/internal/rpc.h"

namespace neurolake::server::mcp {
namespace {

constexpr size_t kAnswerBytesMax = 64 << 20;
constexpr std::string_view kMetaVersion = "io.modelcontextprotocol/protocolVersion";

/// The text as a header can have it.
std::string HeaderText(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  const bool coded = text.starts_with("=?base64?");
  return plain && !coded ? std::string(text) : fmt::format("=?base64?{}?=", net::EncodeBase64(text));
}

std::string_view TextOf(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

/// What a message of the revision without handshakes says that it speaks; empty: it is of another.
std::string ModernVersion(const RpcMessage& message) {
  const auto* meta = message.params.if_contains("_meta");
  return meta != nullptr && meta->is_object() ? std::string(TextOf(meta->get_object(), kMetaVersion)) : std::string();
}

class Bridge {
 public:
  Bridge(const net::HttpClient& client, const std::string& token, const Clock& clock, const PipeOptions& options)
      : client_(client), token_(token), clock_(clock), options_(options) {}

  std::string Pass(const std::string& line, net::EventSink& sink) {
    const auto message = ParseMessage(line);
    if (!message) return ErrorMessage("", message.error());
    if (CancelHere(*message)) return {};
    std::stop_source stop;
    if (message->is_request()) Begin(message->id_json, stop, !ModernVersion(*message).empty());
    const auto passed = Send(*message, line, sink, stop.get_token());
    if (message->is_request()) End(message->id_json);
    // Who cancelled a request waits for no answer, and a notification has none.
    if (stop.stop_requested() || !message->is_request() || passed) return {};
    return ErrorMessage(message->id_json, {kInternalError, passed.error().message(), ErrorJson(passed.error())});
  }

  void CancelAll() {
    std::map<std::string, Running> running;
    {
      std::lock_guard lock(mutex_);
      running = running_;
    }
    for (auto& [id, one] : running) one.stop.request_stop();
  }

  /// Ends the session at the server, if there is one.
  void Close() {
    std::lock_guard lock(mutex_);
    if (session_.empty()) return;
    const RequestContext ctx({}, NewUuid(), "mcp", clock_, clock_.SteadyNow() + std::chrono::seconds(5));
    (void)client_.Send(ctx,
                       {.method = "DELETE", .target = "/mcp", .headers = Authorised({{"Mcp-Session-Id", session_}})});
  }

 private:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  struct Running {
    std::stop_source stop;
    bool modern = false;
  };

  void Begin(const std::string& id, const std::stop_source& stop, bool modern) {
    std::lock_guard lock(mutex_);
    running_.insert_or_assign(id, Running{stop, modern});
  }
  void End(const std::string& id) {
    std::lock_guard lock(mutex_);
    running_.erase(id);
  }

  /// Over HTTP a request without a session is cancelled by hanging up, so that the notification goes no further.
  bool CancelHere(const RpcMessage& message) {
    if (message.method != "notifications/cancelled") return false;
    const auto* id = message.params.if_contains("requestId");
    if (id == nullptr || (!id->is_string() && !id->is_int64())) return true;
    const std::string id_json = id->is_string() ? JsonText(id->get_string()) : fmt::to_string(id->get_int64());
    std::stop_source stop(std::nostopstate);
    {
      std::lock_guard lock(mutex_);
      const auto found = running_.find(id_json);
      if (found == running_.end() || !found->second.modern) return false;
      stop = found->second.stop;
    }
    stop.request_stop();
    return true;
  }

  Headers Authorised(Headers headers) const {
    if (!token_.empty()) headers.emplace_back("Authorization", "Bearer " + token_);
    return headers;
  }

  Headers HeadersFor(const RpcMessage& message) {
    Headers headers = {{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}};
    if (const std::string version = ModernVersion(message); !version.empty()) {
      headers.emplace_back("MCP-Protocol-Version", HeaderText(version));
      headers.emplace_back("Mcp-Method", HeaderText(message.method));
      std::string_view name = TextOf(message.params, "name");
      if (message.method == "resources/read") name = TextOf(message.params, "uri");
      if (!name.empty()) headers.emplace_back("Mcp-Name", HeaderText(name));
    } else if (message.method != "initialize") {
      std::lock_guard lock(mutex_);
      if (!session_.empty()) headers.emplace_back("Mcp-Session-Id", session_);
      if (!version_.empty()) headers.emplace_back("MCP-Protocol-Version", version_);
    }
    return Authorised(std::move(headers));
  }

  Result<void> Send(const RpcMessage& message, const std::string& line, net::EventSink& sink, std::stop_token stop) {
    const RequestContext ctx({}, NewUuid(), "mcp", clock_, clock_.SteadyNow() + options_.timeout, std::move(stop));
    NL_ASSIGN_OR_RETURN(
        const auto response,
        client_.Send(ctx, {.method = "POST", .target = "/mcp", .headers = HeadersFor(message), .body = line}));
    if (response->header("Content-Type").starts_with("text/event-stream")) return PassEvents(*response, sink);
    NL_ASSIGN_OR_RETURN(std::string body, response->ReadAll(kAnswerBytesMax));
    if (response->header("Content-Type") == "application/json") {
      if (message.method == "initialize") Keep(response->header("Mcp-Session-Id"), body);
      std::ranges::replace(body, '\n', ' ');
      return sink.Send(body);
    }
    return response->status() < 300 ? Result<void>() : FromProblem(response->status(), body);
  }

  void Keep(const std::string& session, const std::string& body) {
    boost::system::error_code broken;
    const auto parsed = boost::json::parse(body, broken);
    if (broken || !parsed.is_object()) return;
    const auto* result = parsed.get_object().if_contains("result");
    if (result == nullptr || !result->is_object()) return;
    std::lock_guard lock(mutex_);
    session_ = session;
    version_ = TextOf(result->get_object(), "protocolVersion");
  }

  static Result<void> PassEvents(net::HttpResponse& response, net::EventSink& sink) {
    constexpr std::string_view kData = "data:";
    std::string buffer;
    for (;;) {
      NL_ASSIGN_OR_RETURN(const auto piece, response.Read());
      if (!piece) return {};
      buffer += *piece;
      if (buffer.size() > kAnswerBytesMax)
        return MakeError(ErrorCode::kPayloadTooLarge, "an event of the server is too large");
      for (size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
        const std::string_view line = Trim(std::string_view(buffer).substr(0, end));
        if (line.starts_with(kData)) NL_RETURN_IF_ERROR(sink.Send(Trim(line.substr(kData.size()))));
        buffer.erase(0, end + 1);
      }
    }
  }

  /// What the server says instead of an answer: RFC 9457, docs/errors.md.
  static std::unexpected<Error> FromProblem(int status, const std::string& body) {
    boost::system::error_code broken;
    const auto parsed = boost::json::parse(body, broken);
    const std::string detail = !broken && parsed.is_object() ? std::string(TextOf(parsed.get_object(), "detail")) : "";
    const ErrorCode code = status == 401   ? ErrorCode::kUnauthenticated
                           : status == 403 ? ErrorCode::kPermissionDenied
                           : status == 413 ? ErrorCode::kPayloadTooLarge
                           : status == 429 ? ErrorCode::kTooManyRequests
                                           : ErrorCode::kUnavailable;
    return MakeError(code, "the server answered with status {}: {}", status, detail);
  }

  const net::HttpClient& client_;
  const std::string& token_;
  const Clock& clock_;
  const PipeOptions& options_;
  std::mutex mutex_;
  std::string session_;
  std::string version_;
  std::map<std::string, Running> running_;
};

}  // namespace

Result<void> BridgePipe(const net::HttpClient& client, const std::string& token, const Clock& clock,
                        const PipeOptions& options) {
  Bridge bridge(client, token, clock, options);
  auto ended = RunLineLoop(
      options, [&](const std::string& line, net::EventSink& sink) { return bridge.Pass(line, sink); },
      [&] { bridge.CancelAll(); });
  bridge.Close();
  return ended;
}

}  // namespace neurolake::server::mcp
