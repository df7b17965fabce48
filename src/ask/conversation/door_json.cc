#include "ask/conversation/internal/door_json.h"

#include <algorithm>

#include "ask/intent/intent_json.h"

namespace neurolake::ask {

namespace json = boost::json;

Result<json::object> ParseMembers(std::string_view body, std::initializer_list<std::string_view> known) {
  constexpr size_t kBodyBytesMax = 256 * 1024;
  if (body.size() > kBodyBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "the body has at most {} bytes", kBodyBytesMax);
  }
  boost::system::error_code problem;
  auto value = json::parse(body, problem);
  if (problem || !value.is_object()) return MakeError(ErrorCode::kInvalidArgument, "the body must be a JSON object");
  for (const auto& [name, member] : value.get_object()) {
    if (std::ranges::find(known, std::string_view(name)) == known.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "there is no member \"{}\" here; known are: {}",
                       std::string_view(name), fmt::join(known, ", "));
    }
  }
  return std::move(value.get_object());
}

Result<std::string> TextMember(const json::object& object, std::string_view name, size_t bytes_max) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be a text", name);
  if (value->get_string().size() > bytes_max) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" has at most {} bytes", name, bytes_max);
  }
  return std::string(value->get_string());
}

Result<std::optional<Intent>> IntentMember(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_object()) return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be an intent", name);
  NL_ASSIGN_OR_RETURN(auto intent, DecodeIntent(json::serialize(*value)));
  return std::optional<Intent>(std::move(intent));
}

}  // namespace neurolake::ask
