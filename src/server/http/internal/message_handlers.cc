// The path of a protocol of messages: who asks, from where, and how the answer travels.
#include "common/text.h"
#include "server/http/internal/handlers.h"

namespace neurolake::server {
namespace {

/// Begins the response with the first event, so that an answer that comes alone has a length and a status.
class ResponseEvents final : public net::EventSink {
 public:
  explicit ResponseEvents(Call& call) : call_(call) {}

  Result<void> Send(std::string_view json) override {
    if (!call_.writer.begun()) {
      ResponseHead head{200, "text/event-stream", call_.headers};
      head.headers.emplace_back("Cache-Control", "no-store");
      head.headers.emplace_back("X-Accel-Buffering", "no");
      NL_RETURN_IF_ERROR(call_.writer.Begin(head));
    }
    return call_.writer.Write(fmt::format("event: message\ndata: {}\n\n", json));
  }

 private:
  Call& call_;
};

/// Pages of others must not reach a server that their visitor can reach (DNS rebinding): a browser says whose page it
/// is.
Result<void> CheckOrigin(const Door& door, const Request& request) {
  const std::string_view origin = request.Header("origin");
  const auto& allowed = door.settings.http_cors_origins;
  if (request.CountHeader("origin") == 0 || origin == door.public_url ||
      std::ranges::find(allowed, origin) != allowed.end()) {
    return {};
  }
  return MakeError(ErrorCode::kPermissionDenied,
                   "pages of this origin may not send messages here; see http.cors_origins");
}

struct Accepted {
  bool json = true;
  bool events = false;
};

Accepted WhatIsAccepted(const Request& request) {
  const std::string accept = LowerAscii(request.Header("accept"));
  if (accept.empty()) return {};
  Accepted accepted{.json = false};
  for (const std::string& part : Split(accept, ',')) {
    const std::string_view type = Trim(std::string_view(part).substr(0, part.find(';')));
    accepted.json |= type == "*/*" || type == "application/*" || type == "application/json";
    accepted.events |= type == "*/*" || type == "text/*" || type == "text/event-stream";
  }
  return accepted;
}

Result<void> SendReply(Call& call, net::EventSink& events, net::MessageReply reply) {
  if (call.writer.begun()) {
    if (!reply.json.empty()) NL_RETURN_IF_ERROR(events.Send(reply.json));
    return call.writer.Finish({});
  }
  reply.headers.emplace_back("Cache-Control", "no-store");
  return call.Send(reply.status, reply.json.empty() ? "" : "application/json", reply.json, reply.headers);
}

template <typename Work>
Result<void> WithMessage(Door& door, Call& call, Work work) {
  if (door.messages == nullptr)
    return MakeError(ErrorCode::kNotFound, "this server speaks no MCP: mcp.enabled is false");
  NL_RETURN_IF_ERROR(CheckOrigin(door, call.request));
  const Accepted accepted = WhatIsAccepted(call.request);
  if (!accepted.json && !call.body.empty()) {
    call.SendProblem(Problem::ForHttp(406, "NotAcceptable", "the answer is application/json or text/event-stream"));
    return {};
  }
  const RequestContext ctx(*call.principal, call.request_id, "mcp", door.clock,
                           door.clock.SteadyNow() + door.settings.statement_timeout, call.request.stop);
  ResponseEvents events(call);
  return SendReply(call, events,
                   work(net::PostedMessage{.ctx = ctx,
                                           .body = call.body,
                                           .header = [&](std::string_view name) { return call.request.Header(name); },
                                           .takes_events = accepted.events},
                        events));
}

}  // namespace

Result<void> PostMessage(Door& door, Call& call) {
  return WithMessage(door, call, [&](const net::PostedMessage& message, net::EventSink& events) {
    return door.messages->Post(message, events);
  });
}

Result<void> DeleteMessages(Door& door, Call& call) {
  return WithMessage(
      door, call, [&](const net::PostedMessage& message, net::EventSink&) { return door.messages->Delete(message); });
}

}  // namespace neurolake::server
