#include "server/mcp/mcp_server.h"

#include "common/text.h"
#include "net/base64url.h"
#include "server/mcp/internal/methods.h"

namespace neurolake::server::mcp {
namespace {

constexpr std::string_view kMetaVersion = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view kMetaCapabilities = "io.modelcontextprotocol/clientCapabilities";

const boost::json::object* MetaOf(const RpcMessage& message) {
  const auto* meta = message.params.if_contains("_meta");
  return meta != nullptr && meta->is_object() ? &meta->get_object() : nullptr;
}

/// Requests of the revision without handshakes say with each what they speak.
bool IsModern(const RpcMessage& message) {
  const auto* meta = MetaOf(message);
  return meta != nullptr && meta->contains(kMetaVersion);
}

std::optional<RpcError> CheckModern(const RpcMessage& message) {
  const auto* meta = MetaOf(message);
  const auto* version = meta == nullptr ? nullptr : meta->if_contains(kMetaVersion);
  const auto* capabilities = meta == nullptr ? nullptr : meta->if_contains(kMetaCapabilities);
  if (version == nullptr || !version->is_string() || capabilities == nullptr || !capabilities->is_object()) {
    return RpcError{kInvalidParams, fmt::format("params._meta must have {} and {}", kMetaVersion, kMetaCapabilities),
                    ""};
  }
  if (version->get_string() != kModernVersion) return UnsupportedVersion(version->get_string());
  return std::nullopt;
}

/// What names its object in a header besides; empty: nothing does.
std::string_view NamedBy(std::string_view method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  return method == "resources/read" ? "uri" : "";
}

/// A header's value, which stands in Base64 where it is no plain text; nullopt when that is broken.
std::optional<std::string> HeaderValue(std::string_view value) {
  constexpr std::string_view kBegin = "=?base64?";
  constexpr std::string_view kEnd = "?=";
  if (!value.starts_with(kBegin) || !value.ends_with(kEnd) || value.size() < kBegin.size() + kEnd.size()) {
    return std::string(value);
  }
  std::string coded(value.substr(kBegin.size(), value.size() - kBegin.size() - kEnd.size()));
  while (coded.ends_with('=')) coded.pop_back();
  for (char& c : coded) c = c == '+' ? '-' : c == '/' ? '_' : c;
  auto text = net::DecodeBase64Url(coded);
  if (!text) return std::nullopt;
  return std::move(*text);
}

/// Whoever stands between client and server may have decided by the headers: they must say what the body says.
std::optional<RpcError> CheckHeaders(const net::PostedMessage& posted, const RpcMessage& message) {
  const auto differs = [](std::string_view name) {
    return RpcError{kHeaderMismatch, fmt::format("the header {} does not say what the message says", name), ""};
  };
  const auto* meta = MetaOf(message);
  const auto* version = meta == nullptr ? nullptr : meta->if_contains(kMetaVersion);
  if (version == nullptr || !version->is_string() ||
      posted.header("mcp-protocol-version") != std::string_view(version->get_string())) {
    return differs("MCP-Protocol-Version");
  }
  if (posted.header("mcp-method") != message.method) return differs("Mcp-Method");
  const std::string_view key = NamedBy(message.method);
  const auto* name = key.empty() ? nullptr : message.params.if_contains(key);
  if (name == nullptr || !name->is_string()) return std::nullopt;  // Its method says what is wrong.
  if (HeaderValue(posted.header("mcp-name")) != std::string(name->get_string())) return differs("Mcp-Name");
  return std::nullopt;
}

int StatusOf(int code) {
  if (code == kMethodNotFound) return 404;
  return code == kInternalError ? 200 : 400;
}

net::MessageReply Refused(const RpcMessage& message, const RpcError& error, int status) {
  return {.status = status, .json = ErrorMessage(message.id_json, error)};
}

net::MessageReply Taken() { return {.status = 202, .json = ""}; }

/// The id that a notification of cancellation names; empty: none.
std::string CancelledId(const RpcMessage& message) {
  if (message.method != "notifications/cancelled") return {};
  const auto* id = message.params.if_contains("requestId");
  if (id == nullptr) return {};
  if (id->is_string()) return JsonText(id->get_string());
  return id->is_int64() ? fmt::to_string(id->get_int64()) : std::string();
}

/// Runs a request so that `session` can cancel it. `cancelled`: it was.
RpcResult<std::string> RunIn(Session& session, const Methods& methods, const RequestContext& ctx,
                             const RpcMessage& request, bool modern, net::EventSink* events,
                             bool* cancelled = nullptr) {
  std::stop_source stop;
  const std::stop_callback outer(ctx.stop_token(), [&] { stop.request_stop(); });
  if (!session.Begin(request.id_json, stop)) {
    return std::unexpected(RpcError{kInvalidRequest, "a request with this id is running", ""});
  }
  struct AtEnd {
    Session& session;
    const std::string& id;
    ~AtEnd() { session.End(id); }
  } const at_end{session, request.id_json};
  const RequestContext own(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(), ctx.deadline(),
                           stop.get_token());
  auto result = methods.Call({.ctx = own, .request = request, .modern = modern, .events = events});
  if (cancelled != nullptr) *cancelled = stop.stop_requested();
  return result;
}

std::string AnswerOf(const RpcMessage& request, const RpcResult<std::string>& result) {
  return result ? ResultMessage(request.id_json, *result) : ErrorMessage(request.id_json, result.error());
}

/// The revision that a handshake ends in: the client's, or else our newest.
RpcResult<std::string> Negotiate(const RpcMessage& request) {
  const auto* wanted = request.params.if_contains("protocolVersion");
  if (wanted == nullptr || !wanted->is_string()) {
    return std::unexpected(RpcError{kInvalidParams, "the parameter \"protocolVersion\" must be a string", ""});
  }
  const std::string_view version = wanted->get_string();
  return std::string(IsHandshakeVersion(version) ? version : kHandshakeVersions[0]);
}

}  // namespace

struct McpServer::Parts {
  ToolRegistry tools;
  SessionStore sessions;
  Resources resources;
  Methods methods;

  Parts(query::StatementService& service, const Clock& clock, const Options& options, const ToolLimits& limits)
      : sessions(clock,
                 {.sessions_max = static_cast<size_t>(options.sessions_max),
                  .sessions_max_per_principal = static_cast<size_t>(std::max<int64_t>(1, options.sessions_max / 10)),
                  .idle_max = options.session_idle}),
        resources(service, limits),
        methods(tools, resources, options.version) {
    tools.Add(NewSearchCatalog(service, options.texts));
    tools.Add(NewDescribeTable(service, limits));
    tools.Add(NewPredictCost(service, limits));
    tools.Add(NewRunSql(service, limits));
  }

  net::MessageReply PostModern(const net::PostedMessage& posted, const RpcMessage& message, net::EventSink* events) {
    if (auto error = CheckHeaders(posted, message)) return Refused(message, *error, 400);
    if (auto error = CheckModern(message)) return Refused(message, *error, 400);
    // A request belongs to nothing but its connection, whose end cancels it.
    const auto result = methods.Call({.ctx = posted.ctx, .request = message, .modern = true, .events = events});
    return {.status = result ? 200 : StatusOf(result.error().code), .json = AnswerOf(message, result)};
  }

  net::MessageReply PostHandshake(const net::PostedMessage& posted, const RpcMessage& message) {
    const auto version = Negotiate(message);
    if (!version) return Refused(message, version.error(), 400);
    std::string id = sessions.Begin(posted.ctx.principal(), *version);
    return {.status = 200,
            .json = ResultMessage(message.id_json, methods.Initialized(*version)),
            .headers = {{"Mcp-Session-Id", std::move(id)}}};
  }

  net::MessageReply PostInSession(const net::PostedMessage& posted, const RpcMessage& message, net::EventSink* events) {
    const std::string_view version = posted.header("mcp-protocol-version");
    if (!version.empty() && !IsHandshakeVersion(version)) return Refused(message, UnsupportedVersion(version), 400);
    const std::string_view id = posted.header("mcp-session-id");
    if (id.empty()) {
      return Refused(message,
                     {kInvalidRequest, "begin with initialize, and send the header Mcp-Session-Id after it", ""}, 400);
    }
    const auto session = sessions.Find(posted.ctx.principal(), id);
    if (session == nullptr) {
      return Refused(message, {kInvalidRequest, "there is no such session: begin anew with initialize", ""}, 404);
    }
    if (!message.is_request()) {
      if (const std::string cancelled = CancelledId(message); !cancelled.empty()) session->Cancel(cancelled);
      return Taken();
    }
    return {.status = 200, .json = AnswerOf(message, RunIn(*session, methods, posted.ctx, message, false, events))};
  }
};

McpServer::Options McpServer::OptionsFrom(const Settings& settings, std::string version) {
  return {.version = std::move(version),
          .rows_max = settings.mcp_rows_max,
          .bytes_max = settings.mcp_bytes_max,
          .sessions_max = settings.mcp_sessions_max,
          .session_idle = settings.mcp_session_idle,
          .statement_timeout = settings.statement_timeout};
}

McpServer::McpServer(query::StatementService& service, const Clock& clock, Options options) {
  const ToolLimits limits{.rows = {.rows_max = options.rows_max, .bytes_max = options.bytes_max},
                          .timeout = options.statement_timeout};
  parts_ = std::make_unique<Parts>(service, clock, options, limits);
}

McpServer::~McpServer() = default;

ToolRegistry& McpServer::tools() { return parts_->tools; }
void McpServer::AddResources(std::unique_ptr<ResourceSource> source) { parts_->resources.Add(std::move(source)); }

net::MessageReply McpServer::Post(const net::PostedMessage& posted, net::EventSink& events) {
  const auto parsed = ParseMessage(posted.body);
  if (!parsed) return Refused({}, parsed.error(), 400);
  const RpcMessage& message = *parsed;
  net::EventSink* const sink = posted.takes_events ? &events : nullptr;
  const bool modern = IsModern(message) || posted.header("mcp-protocol-version") == kModernVersion;
  if (modern && message.is_request()) return parts_->PostModern(posted, message, sink);
  // That revision has no notifications for servers; the server asks nothing, so that answers are to nothing.
  if (modern) return message.is_notification() ? Taken() : Refused({}, {kInvalidRequest, "nothing was asked", ""}, 400);
  if (message.is_request() && message.method == "initialize") return parts_->PostHandshake(posted, message);
  return parts_->PostInSession(posted, message, sink);
}

net::MessageReply McpServer::Delete(const net::PostedMessage& posted) {
  const std::string_view id = posted.header("mcp-session-id");
  const bool ended = !id.empty() && parts_->sessions.End(posted.ctx.principal(), id);
  if (ended) return {.status = 204, .json = ""};
  return Refused({}, {kInvalidRequest, "there is no such session", ""}, 404);
}

struct McpServer::Pipe::State {
  Session session{std::string(kHandshakeVersions[0])};
  std::atomic<bool> initialized = false;
};

McpServer::Pipe::Pipe(McpServer& server) : server_(server), state_(std::make_unique<State>()) {}
McpServer::Pipe::~Pipe() = default;

void McpServer::Pipe::CancelAll() { state_->session.CancelAll(); }

std::string McpServer::Pipe::Answer(const RequestContext& ctx, std::string_view text, net::EventSink& events) {
  const auto parsed = ParseMessage(text);
  if (!parsed) return ErrorMessage("", parsed.error());
  const RpcMessage& message = *parsed;
  if (!message.is_request()) {
    if (const std::string cancelled = CancelledId(message); !cancelled.empty()) state_->session.Cancel(cancelled);
    return {};
  }
  const Methods& methods = server_.parts_->methods;
  const bool modern = IsModern(message);
  if (modern) {
    if (auto error = CheckModern(message)) return ErrorMessage(message.id_json, *error);
  } else if (message.method == "initialize") {
    const auto version = Negotiate(message);
    if (!version) return ErrorMessage(message.id_json, version.error());
    state_->initialized = true;
    return ResultMessage(message.id_json, methods.Initialized(*version));
  } else if (!state_->initialized && message.method != "ping") {
    return ErrorMessage(message.id_json,
                        {kInvalidRequest, "begin with initialize, or say in params._meta what version is spoken", ""});
  }
  bool cancelled = false;
  const auto result = RunIn(state_->session, methods, ctx, message, modern, &events, &cancelled);
  // Who cancelled a request waits for no answer.
  return cancelled ? std::string() : AnswerOf(message, result);
}

}  // namespace neurolake::server::mcp
