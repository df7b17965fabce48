#include "cli/answer_events.h"

#include <boost/json.hpp>

#include "cli/problem.h"

namespace neurolake::cli {
namespace {

struct Event {
  std::string name;
  std::string data;
};

/// One block of lines. Comments and unknown fields are nothing, as the standard says.
Event ParseEvent(std::string_view block) {
  Event event;
  while (!block.empty()) {
    const size_t end = std::min(block.find('\n'), block.size());
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(std::min(end + 1, block.size()));
    if (line.starts_with("event: ")) event.name = line.substr(7);
    if (line.starts_with("data: ")) event.data += line.substr(6);
  }
  return event;
}

Error ErrorOf(const std::string& problem) {
  boost::system::error_code broken;
  const auto value = boost::json::parse(problem, broken);
  const auto* status = !broken && value.is_object() ? value.get_object().if_contains("status") : nullptr;
  return ErrorFromProblem(status != nullptr && status->is_int64() ? static_cast<int>(status->get_int64()) : 500,
                          problem);
}

}  // namespace

Result<std::string> ReadAnswerEvents(net::HttpResponse& response, const AskStage& at, size_t limit_bytes) {
  std::string buffer;
  while (true) {
    NL_ASSIGN_OR_RETURN(const auto piece, response.Read());
    if (!piece.has_value()) break;
    buffer += *piece;
    for (size_t end = buffer.find("\n\n"); end != std::string::npos; end = buffer.find("\n\n")) {
      const Event event = ParseEvent(std::string_view(buffer).substr(0, end));
      buffer.erase(0, end + 2);
      if (event.name == "answer") return event.data;
      if (event.name == "error") return std::unexpected(ErrorOf(event.data));
      if (!event.name.empty() && at) at(event.name, event.data);
    }
    if (buffer.size() > limit_bytes) {
      return MakeError(ErrorCode::kPayloadTooLarge, "the answer is larger than {} bytes", limit_bytes);
    }
  }
  return MakeError(ErrorCode::kUnavailable, "the connection ended before the answer");
}

}  // namespace neurolake::cli
