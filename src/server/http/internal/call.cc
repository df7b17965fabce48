#include <charconv>

#include "server/http/internal/handlers.h"

namespace neurolake::server {

Result<void> Call::Send(int status, std::string content_type, std::string_view text, const Headers& more) {
  ResponseHead head{status, std::move(content_type), headers};
  head.headers.insert(head.headers.end(), more.begin(), more.end());
  return writer.Send(head, text);
}

void Call::SendProblem(const Problem& problem) {
  ResponseHead head = problem.Head();
  head.headers.insert(head.headers.end(), headers.begin(), headers.end());
  (void)writer.Send(head, problem.Body(request_id));
}

Result<int64_t> Call::IntegerParameter(std::string_view name, int64_t fallback, int64_t least, int64_t most) const {
  const auto found = target.query.find(name);
  if (found == target.query.end()) return fallback;
  int64_t value = 0;
  const std::string& text = found->second;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return MakeError(ErrorCode::kInvalidArgument, "the parameter \"{}\" must be an integer from {} to {}", name, least,
                     most);
  }
  return value;
}

std::string Call::TextParameter(std::string_view name) const {
  const auto found = target.query.find(name);
  return found == target.query.end() ? std::string() : found->second;
}

RequestContext Call::Context(const Door& door, std::chrono::milliseconds timeout) const {
  return {*principal, request_id, "http", door.clock, door.clock.SteadyNow() + timeout, request.stop};
}

RequestContext Call::NamelessContext(const Door& door) const {
  // What asks an identity provider has a limit of its own below this one.
  Principal nobody;
  nobody.address = request.address;
  return {std::move(nobody), request_id, "http", door.clock, door.clock.SteadyNow() + std::chrono::seconds(30),
          request.stop};
}

Result<void> RecordChange(Door& door, const Call& call, std::string_view action,
                          std::vector<std::pair<std::string, std::string>> details) {
  return door.service.RecordChange(call.Context(door, door.settings.statement_timeout), action, std::move(details));
}

Result<void> Call::Require(Right right) const {
  if (principal.has_value() && principal->Has(right)) return {};
  return MakeError(ErrorCode::kPermissionDenied, "this needs a right that the token's role does not have");
}

}  // namespace neurolake::server
