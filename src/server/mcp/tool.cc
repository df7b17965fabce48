#include "server/mcp/tool.h"

#include <algorithm>

#include "common/error.h"

namespace neurolake::server::mcp {

const Tool* ToolRegistry::Find(const Principal& principal, std::string_view name) const {
  const auto found = std::ranges::find_if(
      tools_, [&](const auto& tool) { return tool->description().name == name && tool->IsFor(principal); });
  return found == tools_.end() ? nullptr : found->get();
}

std::vector<const Tool*> ToolRegistry::ListFor(const Principal& principal) const {
  std::vector<const Tool*> listed;
  for (const auto& tool : tools_) {
    if (tool->IsFor(principal)) listed.push_back(tool.get());
  }
  return listed;
}

Result<void> CheckArguments(const boost::json::object& arguments, std::initializer_list<std::string_view> known) {
  for (const auto& member : arguments) {
    if (std::ranges::find(known, std::string_view(member.key())) != known.end()) continue;
    return MakeError(ErrorCode::kInvalidArgument, "there is no such argument; known are: {}", fmt::join(known, ", "));
  }
  return {};
}

Result<std::string> TextArgument(const boost::json::object& arguments, std::string_view name, bool required) {
  const auto* value = arguments.if_contains(name);
  if (value == nullptr || value->is_null()) {
    if (!required) return std::string();
    return MakeError(ErrorCode::kInvalidArgument, "the argument \"{}\" is missing", name);
  }
  if (!value->is_string()) return MakeError(ErrorCode::kInvalidArgument, "the argument \"{}\" must be a string", name);
  if (required && value->get_string().empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "the argument \"{}\" must not be empty", name);
  }
  return std::string(value->get_string());
}

Result<int64_t> IntegerArgument(const boost::json::object& arguments, std::string_view name, int64_t fallback,
                                int64_t least, int64_t most) {
  const auto* value = arguments.if_contains(name);
  if (value == nullptr || value->is_null()) return fallback;
  const int64_t number = value->is_int64() ? value->get_int64() : least - 1;
  if (!value->is_int64() || number < least || number > most) {
    return MakeError(ErrorCode::kInvalidArgument, "the argument \"{}\" must be an integer from {} to {}", name, least,
                     most);
  }
  return number;
}

}  // namespace neurolake::server::mcp
