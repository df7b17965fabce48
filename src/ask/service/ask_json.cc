#include "ask/service/ask_json.h"

#include <boost/json.hpp>

#include "ask/intent/intent_json.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

constexpr size_t kBodyBytesMax = 256 * 1024;

Result<json::object> ParseBody(std::string_view body) {
  if (body.size() > kBodyBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a question's body has at most {} bytes", kBodyBytesMax);
  }
  boost::system::error_code problem;
  auto value = json::parse(body, problem);
  if (problem || !value.is_object()) return MakeError(ErrorCode::kInvalidArgument, "a question is a JSON object");
  return std::move(value.get_object());
}

/// Empty where it is not there.
Result<std::string> Text(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be a text", name);
  return std::string(value->get_string());
}

Result<std::optional<Intent>> IntentMember(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_object()) return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be an intent", name);
  NL_ASSIGN_OR_RETURN(auto intent, DecodeIntent(json::serialize(*value)));
  return std::optional<Intent>(std::move(intent));
}

Result<AskRequest> RequestOf(const json::object& object) {
  static constexpr std::string_view kKnown[] = {"question",  "intent",  "model", "schema",
                                                "time_zone", "purpose", "as_of", "previous"};
  for (const auto& [name, value] : object) {
    if (std::find(std::begin(kKnown), std::end(kKnown), std::string_view(name)) == std::end(kKnown)) {
      return MakeError(ErrorCode::kInvalidArgument, "a question has no member \"{}\"", std::string_view(name));
    }
  }
  AskRequest request;
  NL_ASSIGN_OR_RETURN(request.question, Text(object, "question"));
  NL_ASSIGN_OR_RETURN(request.model, Text(object, "model"));
  NL_ASSIGN_OR_RETURN(request.schema, Text(object, "schema"));
  NL_ASSIGN_OR_RETURN(request.zone, Text(object, "time_zone"));
  NL_ASSIGN_OR_RETURN(request.purpose, Text(object, "purpose"));
  NL_ASSIGN_OR_RETURN(const std::string as_of, Text(object, "as_of"));
  if (!as_of.empty()) {
    request.as_of = ParseSqlTime(as_of);
    if (!request.as_of.has_value()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the member \"as_of\" must be a date such as 2025-04-02, or a date and a time");
    }
  }
  NL_ASSIGN_OR_RETURN(request.previous, IntentMember(object, "previous"));
  return request;
}

}  // namespace

Result<std::string> AskJson(const RequestContext& ctx, AskService& service, std::string_view body) {
  NL_ASSIGN_OR_RETURN(const auto object, ParseBody(body));
  NL_ASSIGN_OR_RETURN(const auto request, RequestOf(object));
  NL_ASSIGN_OR_RETURN(const auto intent, IntentMember(object, "intent"));
  if (intent.has_value() == !request.question.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "either \"question\" or \"intent\" must be there, and not both");
  }
  NL_ASSIGN_OR_RETURN(const auto answer,
                      intent.has_value() ? service.Run(ctx, request, *intent) : service.Ask(ctx, request));
  return json::serialize(ToJson(answer));
}

}  // namespace neurolake::ask
