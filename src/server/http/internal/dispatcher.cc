#include "server/http/internal/dispatcher.h"

#include "common/ids.h"
#include "common/log.h"
#include "common/text.h"
#include "server/http/internal/cookies.h"

namespace neurolake::server {
namespace {

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

// "text/plain" of "text/plain; charset=utf-8".
std::string MediaTypeOf(const Request& request) {
  const std::string_view type = request.Header("content-type");
  return LowerAscii(Trim(type.substr(0, type.find(';'))));
}

bool HasForeignCharset(const Request& request) {
  const std::string type = LowerAscii(request.Header("content-type"));
  const size_t at = type.find("charset=");
  if (at == std::string::npos) return false;
  const std::string_view charset = std::string_view(type).substr(at + 8);
  return !charset.starts_with("utf-8") && !charset.starts_with("\"utf-8\"") && !charset.starts_with("us-ascii");
}

Problem UnsupportedMediaType(BodyKind kind) {
  return Problem::ForHttp(415, "UnsupportedMediaType",
                          kind == BodyKind::kJson ? "the body must be application/json in UTF-8"
                                                  : "the body must be application/json or text/plain, in UTF-8");
}

Result<void> CheckQuery(const Route& route, const Target& target) {
  const std::vector<std::string> known = Split(route.query, ' ');
  for (const auto& [name, value] : target.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "the URL has an unknown parameter: {}", name);
    }
  }
  return {};
}

/// Tells the audit log of a refusal.
Result<Principal> Told(Door& door, const Call& call, Result<Principal> principal) {
  if (!principal) door.service.RecordRefusal(principal.error().code(), call.request.address);
  return principal;
}

/// By what the request shows first: its Authorization header, a session's cookie, its connection's certificate. What is
/// shown and wrong is refused, whatever else there is. Headers in which proxies name people are nothing.
Result<Principal> Identify(Door& door, const Call& call) {
  const std::string_view authorization = call.request.Header("authorization");
  if (call.request.CountHeader("authorization") > 0) {
    const size_t space = authorization.find(' ');
    if (space == std::string_view::npos || !EqualsIgnoringCase(authorization.substr(0, space), "bearer")) {
      return MakeError(ErrorCode::kUnauthenticated, "a token is needed: Authorization: Bearer nl_…");
    }
    const std::string_view token = Trim(authorization.substr(space + 1));
    auto principal = door.authenticator.WithBearer(call.NamelessContext(door), token);
    return door.authenticator.IsOwnToken(token) ? principal : Told(door, call, std::move(principal));
  }
  NL_ASSIGN_OR_RETURN(const std::string session, FindCookie(call.request, CookieName(door, kSessionCookie)));
  if (!session.empty()) {
    NL_RETURN_IF_ERROR(CheckSameOrigin(door, call.request));
    return Told(door, call, door.authenticator.WithSession(session));
  }
  if (!call.request.certificate_names.empty()) {
    return Told(door, call,
                door.authenticator.WithCertificate(call.NamelessContext(door), call.request.certificate_names));
  }
  return MakeError(ErrorCode::kUnauthenticated, "a token is needed: Authorization: Bearer nl_…");
}

}  // namespace

void Dispatcher::Handle(Request& request, ResponseWriter& writer) {
  const SteadyTime began = std::chrono::steady_clock::now();
  request.address = door_.limits.AddressOf(request);
  const std::string_view offered = request.Header("x-request-id");
  Call call{
      .request = request, .writer = writer, .request_id = IsRequestId(offered) ? std::string(offered) : NewUuid()};
  call.headers = {{"X-Request-Id", call.request_id}, {"X-Content-Type-Options", "nosniff"}};
  AddCorsHeaders(call);
  const std::string_view route = DispatchSafely(call);
  Report(call, route, began);
}

std::string_view Dispatcher::DispatchSafely(Call& call) {
  try {
    return Dispatch(call);
  } catch (const std::exception& exception) {
    // A broken invariant of ours ends the request, not the server.
    Log(LogLevel::kError, "a request met a bug", call.request_id, {{"what", std::string(exception.what())}});
  }
  if (call.writer.begun()) {
    call.writer.Abort();
  } else {
    call.SendProblem(Problem::FromError(Error(ErrorCode::kInternal, "an internal error ended the request")));
  }
  return "none";
}

std::string_view Dispatcher::Dispatch(Call& call) {
  auto target = ParseTarget(call.request.target);
  if (!target.has_value()) {
    call.SendProblem(Problem::FromError(target.error()));
    return "none";
  }
  call.target = std::move(*target);
  RouteMatch match = FindRoute(call.request.method, call.target.segments);
  // Whether the server lives and can serve is asked on the way to limits of its own: a flood must not look like a
  // death.
  const bool probes = match.route != nullptr && (match.route->path == "/health" || match.route->path == "/ready");
  if (!probes) {
    if (const auto admitted = door_.limits.AdmitAddress(call.request.address); !admitted) {
      call.SendProblem(Problem::FromError(admitted.error()));
      return "limited";
    }
  }
  if (match.allow.empty()) {
    Problem problem = Problem::ForHttp(404, "NotFound", "there is nothing at this path; see /v1/openapi.json");
    call.SendProblem(problem);
    return "none";
  }
  if (call.request.method == "OPTIONS") {
    AnswerOptions(call, match.allow);
    return "options";
  }
  if (match.route == nullptr) {
    Problem problem = Problem::ForHttp(405, "MethodNotAllowed", "this path has no such method; it has " + match.allow);
    problem.headers.emplace_back("Allow", match.allow);
    call.SendProblem(problem);
    return "none";
  }
  const Route& route = *match.route;
  call.arguments = std::move(match.arguments);
  const auto run = [&]() -> Result<void> {
    NL_RETURN_IF_ERROR(Authenticate(route, call));
    NL_RETURN_IF_ERROR(CheckQuery(route, call.target));
    NL_ASSIGN_OR_RETURN(const bool ready, ReadBody(route, call));
    if (!ready) return {};
    return route.handle(door_, call);
  };
  if (const auto outcome = run(); !outcome.has_value()) {
    if (call.writer.begun()) {
      call.writer.Abort();
    } else {
      call.SendProblem(Problem::FromError(outcome.error()));
    }
  }
  return route.path;
}

namespace {

/// Questions, the protocol that has tools for them, and who one is.
bool IsForAsking(const Route& route) {
  return route.path.starts_with("/v1/ask") || route.path == "/mcp" || route.path == "/v1/me";
}

}  // namespace

Result<void> Dispatcher::Authenticate(const Route& route, Call& call) {
  if (route.access == Access::kOpen) return {};
  if (route.access == Access::kMetrics && door_.settings.http_metrics_without_token) return {};
  NL_ASSIGN_OR_RETURN(call.principal, Identify(door_, call));
  call.principal->address = call.request.address;
  NL_RETURN_IF_ERROR(door_.limits.AdmitPrincipal(*call.principal));
  // A token for asking alone: what else is here would be more than that, its principal's history and results too.
  if (call.principal->Has(Right::kAsk) && !call.principal->Has(Right::kRead) && !IsForAsking(route)) {
    return call.Require(Right::kRead);
  }
  if (route.access != Access::kMetrics || call.principal->role == "monitor") return {};
  return call.Require(Right::kManage);
}

Result<bool> Dispatcher::ReadBody(const Route& route, Call& call) {
  BodyReader& reader = *call.request.body;
  const auto announced = reader.announced_size();
  if (route.body == BodyKind::kStream) {
    if (call.request.CountHeader("content-length") + call.request.CountHeader("transfer-encoding") > 0) return true;
    call.SendProblem(
        Problem::ForHttp(411, "LengthRequired", "the request has no body; an empty one has Content-Length: 0"));
    return false;
  }
  if (route.body == BodyKind::kNone) {
    if (announced.has_value() && *announced == 0) return true;
    return MakeError(ErrorCode::kInvalidArgument, "this request takes no body");
  }
  const std::string type = MediaTypeOf(call.request);
  call.body_is_text = type == "text/plain" && route.body == BodyKind::kJsonOrText;
  if ((!call.body_is_text && type != "application/json") || HasForeignCharset(call.request)) {
    call.SendProblem(UnsupportedMediaType(route.body));
    return false;
  }
  if (call.request.CountHeader("content-encoding") > 0) {
    call.SendProblem(Problem::ForHttp(415, "UnsupportedMediaType", "the body must not have a Content-Encoding"));
    return false;
  }
  const auto bytes_max = static_cast<uint64_t>(door_.settings.http_body_bytes_max);
  const auto too_large = [&] {
    return MakeError(ErrorCode::kPayloadTooLarge, "the request body is larger than http.body_bytes_max: {} bytes",
                     bytes_max);
  };
  if (announced.has_value() && *announced > bytes_max) return too_large();
  // Grows with what arrives and not with what was announced: announcing costs nothing.
  std::vector<char> piece(std::min<uint64_t>(announced.value_or(64 * 1024) + 1, 64 * 1024));
  while (true) {
    const auto count = reader.Read(piece);
    if (!count.has_value()) {
      if (count.error().code() == ErrorCode::kDeadlineExceeded) {
        call.SendProblem(Problem::ForHttp(408, "RequestTimeout", count.error().message()));
        return false;
      }
      return std::unexpected(count.error());
    }
    if (*count == 0) return true;
    if (call.body.size() + *count > bytes_max) return too_large();
    call.body.append(piece.data(), *count);
  }
}

void Dispatcher::AddCorsHeaders(Call& call) const {
  const auto& origins = door_.settings.http_cors_origins;
  if (origins.empty()) return;
  call.headers.emplace_back("Vary", "Origin");
  const std::string_view origin = call.request.Header("origin");
  if (origin.empty() || std::find(origins.begin(), origins.end(), origin) == origins.end()) return;
  call.headers.emplace_back("Access-Control-Allow-Origin", origin);
  call.headers.emplace_back(
      "Access-Control-Expose-Headers",
      "X-Request-Id, X-Statement-Id, X-Next-Page-Token, Location, Link, Retry-After, Mcp-Session-Id");
}

void Dispatcher::AnswerOptions(Call& call, const std::string& allow) const {
  Headers more = {{"Allow", allow}};
  const bool allowed = std::any_of(call.headers.begin(), call.headers.end(),
                                   [](const auto& header) { return header.first == "Access-Control-Allow-Origin"; });
  if (allowed && call.request.CountHeader("access-control-request-method") > 0) {
    more.emplace_back("Access-Control-Allow-Methods", allow);
    more.emplace_back("Access-Control-Allow-Headers",
                      "Authorization, Content-Type, Accept, X-Request-Id, NeuroLake-Purpose, "
                      "MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name");
    more.emplace_back("Access-Control-Max-Age", "600");
  }
  (void)call.Send(204, "", "", more);
}

void Dispatcher::Report(const Call& call, std::string_view route, SteadyTime began) const {
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  const int status = call.writer.status();
  Metrics& metrics = door_.service.metrics();
  metrics.Count("neurolake_http_requests_total", "HTTP requests by status.", "status", fmt::to_string(status));
  metrics.ObserveSeconds("neurolake_http_request_seconds", "Time to answer HTTP requests by route.", "route", route,
                         seconds.count());
  const bool quiet = status < 400 && !route.starts_with("/v1");  // Probes, several a second.
  const LogLevel level = status >= 500 ? LogLevel::kWarn : (quiet ? LogLevel::kDebug : LogLevel::kInfo);
  if (level < GetLogLevel()) return;
  Log(level, "http request", call.request_id,
      {{"method", call.request.method.substr(0, 16)},
       {"route", std::string(route)},
       {"status", static_cast<int64_t>(status)},
       {"bytes", static_cast<int64_t>(call.writer.bytes_sent())},
       {"milliseconds", seconds.count() * 1000},
       {"principal", call.principal.has_value() ? call.principal->name : std::string()}});
}

std::pair<ResponseHead, std::string> Dispatcher::Refuse(int status, std::string_view detail) {
  const auto code = [status]() -> std::string {
    switch (status) {
      case 408: return "RequestTimeout";
      case 431: return "RequestHeaderTooLarge";
      case 501: return "TransferEncodingNotSupported";
      case 505: return "HttpVersionNotSupported";
      default: return "BadRequest";
    }
  }();
  const std::string request_id = NewUuid();
  const Problem problem = Problem::ForHttp(status, code, std::string(detail));
  ResponseHead head = problem.Head();
  head.headers.emplace_back("X-Request-Id", request_id);
  door_.service.metrics().Count("neurolake_http_requests_total", "HTTP requests by status.", "status",
                                fmt::to_string(status));
  return {std::move(head), problem.Body(request_id)};
}

}  // namespace neurolake::server
