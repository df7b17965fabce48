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
  static constexpr std::string_view kKnown[] = {"question", "intent", "model",    "schema",       "time_zone",
                                                "purpose",  "as_of",  "previous", "conversation", "confirm",
                                                "run",      "choice", "trace"};
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
  NL_ASSIGN_OR_RETURN(request.conversation, Text(object, "conversation"));
  return request;
}

Result<std::optional<AskReply>> ReplyOf(const json::object& object) {
  const auto* value = object.if_contains("choice");
  if (value == nullptr) return std::nullopt;
  if (!value->is_int64() || value->get_int64() < 1) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"choice\" must be a number from 1 on");
  }
  return AskReply{.choice = static_cast<size_t>(value->get_int64())};
}

Result<bool> Truth(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be true or false", name);
  return value->get_bool();
}

}  // namespace

Result<AskBody> ParseAskBody(std::string_view body) {
  NL_ASSIGN_OR_RETURN(const auto object, ParseBody(body));
  AskBody parsed;
  NL_ASSIGN_OR_RETURN(parsed.request, RequestOf(object));
  NL_ASSIGN_OR_RETURN(parsed.intent, IntentMember(object, "intent"));
  NL_ASSIGN_OR_RETURN(parsed.confirm, Text(object, "confirm"));
  NL_ASSIGN_OR_RETURN(parsed.run, Text(object, "run"));
  NL_ASSIGN_OR_RETURN(parsed.reply, ReplyOf(object));
  NL_ASSIGN_OR_RETURN(parsed.trace, Truth(object, "trace"));
  const int asked = (parsed.intent.has_value() ? 1 : 0) + (parsed.request.question.empty() ? 0 : 1);
  if (parsed.run.empty() ? asked != 1 : asked != 0) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "either \"question\" or \"intent\" or \"run\" must be there, and no two of them");
  }
  if (!parsed.confirm.empty() && !parsed.intent.has_value()) {
    return MakeError(ErrorCode::kInvalidArgument, "\"confirm\" goes with the \"intent\" of the choice it came with");
  }
  if (parsed.reply.has_value() && parsed.run.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "\"choice\" goes with the \"run\" of the question that was asked back");
  }
  return parsed;
}

json::object ToJson(const Asked& asked, bool with_trace) {
  json::object object = ToJson(asked.answer);
  if (!asked.waits_as.empty()) {
    object["run"] = asked.waits_as;
    if (asked.answer.asks_first) object["confirm"] = asked.waits_as;
  }
  if (!asked.kept.id.empty()) {
    object["conversation"] = asked.kept.conversation;
    object["id"] = asked.kept.id;
  }
  if (const auto& used = asked.model_usage; used.has_value()) {
    object["model_usage"] = json::object{{"calls", used->calls},
                                         {"input_tokens", used->input_tokens},
                                         {"output_tokens", used->output_tokens},
                                         {"dollars", static_cast<double>(used->cost_nanodollars) / 1e9}};
  }
  if (with_trace) object["trace"] = orchestration::ToJson(asked.trace);
  return object;
}

Result<std::string> AskJson(const RequestContext& ctx, AskService& service, std::string_view body) {
  NL_ASSIGN_OR_RETURN(const auto parsed, ParseAskBody(body));
  if (!parsed.request.conversation.empty() || !parsed.confirm.empty() || !parsed.run.empty()) {
    return MakeError(ErrorCode::kNotSupported, "conversations are not kept here");
  }
  NL_ASSIGN_OR_RETURN(const auto asked, parsed.intent.has_value() ? service.Run(ctx, parsed.request, *parsed.intent)
                                                                  : service.Ask(ctx, parsed.request));
  return json::serialize(ToJson(asked, parsed.trace));
}

}  // namespace neurolake::ask
