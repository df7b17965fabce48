#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "models/internal/exchange.h"

namespace neurolake::models {
namespace {

namespace json = boost::json;

constexpr const char* kVersion = "2023-06-01";
/// The tool that stands for an output schema.
constexpr std::string_view kAnswerTool = "answer";

Result<json::object> ArgumentsOf(const ToolUse& use) { return ParseOwn(use.arguments_json, "the arguments of a tool"); }

Result<json::object> Encode(const Message& message) {
  json::array content;
  if (message.role == Role::kTool) {
    content.push_back({{"type", "tool_result"}, {"tool_use_id", message.tool_use_id}, {"content", message.text}});
  } else if (!message.text.empty()) {
    content.push_back({{"type", "text"}, {"text", message.text}});
  }
  for (const ToolUse& use : message.tool_uses) {
    NL_ASSIGN_OR_RETURN(json::object arguments, ArgumentsOf(use));
    content.push_back({{"type", "tool_use"}, {"id", use.id}, {"name", use.name}, {"input", std::move(arguments)}});
  }
  return json::object{{"role", message.role == Role::kAssistant ? "assistant" : "user"},
                      {"content", std::move(content)}};
}

Result<std::string> Encode(const std::string& model, const ChatRequest& request, bool streams) {
  std::string system;
  json::array messages;
  for (const Message& message : request.messages) {
    if (message.role == Role::kSystem) {
      system += (system.empty() ? "" : "\n\n") + message.text;
      continue;
    }
    NL_ASSIGN_OR_RETURN(json::object encoded, Encode(message));
    messages.push_back(std::move(encoded));
  }
  json::object body{{"model", model},
                    {"max_tokens", request.output_tokens_max},
                    {"temperature", request.temperature},
                    {"messages", std::move(messages)}};
  if (!system.empty()) body["system"] = system;
  json::array tools;
  for (const ToolDefinition& tool : request.tools) {
    NL_ASSIGN_OR_RETURN(json::object schema, ParseOwn(tool.schema_json, "a tool's schema"));
    tools.push_back({{"name", tool.name}, {"description", tool.description}, {"input_schema", std::move(schema)}});
  }
  if (!request.output_schema_json.empty()) {
    NL_ASSIGN_OR_RETURN(json::object schema, ParseOwn(request.output_schema_json, "the output's schema"));
    tools.push_back({{"name", kAnswerTool}, {"description", "Gives the answer."}, {"input_schema", std::move(schema)}});
    body["tool_choice"] = json::object{{"type", "tool"}, {"name", kAnswerTool}};
  }
  if (!tools.empty()) body["tools"] = std::move(tools);
  if (streams) body["stream"] = true;
  return json::serialize(body);
}

Result<StopReason> StopOf(const std::string& reason) {
  if (reason == "end_turn" || reason == "stop_sequence") return StopReason::kEnd;
  if (reason == "max_tokens") return StopReason::kLength;
  if (reason == "tool_use") return StopReason::kTools;
  if (reason == "refusal") return StopReason::kRefused;
  return BrokenAnswer("no reason for its end");
}

/// The use of the answering tool is the answer's text. A model that was told to use it and did not gave no answer.
Result<ChatAnswer> WithOutput(const ChatRequest& request, ChatAnswer answer) {
  if (request.output_schema_json.empty()) return answer;
  for (ToolUse& use : answer.tool_uses) {
    if (use.name != kAnswerTool) continue;
    answer.text = std::move(use.arguments_json);
    answer.tool_uses.clear();
    if (answer.stop == StopReason::kTools) answer.stop = StopReason::kEnd;
    return answer;
  }
  if (answer.stop == StopReason::kRefused || answer.stop == StopReason::kLength) return answer;
  return BrokenAnswer("not by the output's schema");
}

Result<ChatAnswer> Decode(const json::object& object) {
  const auto* content = ArrayAt(object, "content");
  if (content == nullptr) return BrokenAnswer("it has no content");
  ChatAnswer answer;
  answer.model = TextAt(object, "model");
  if (const auto* usage = ObjectAt(object, "usage")) {
    answer.usage = {
        .input = IntegerAt(*usage, "input_tokens"), .output = IntegerAt(*usage, "output_tokens"), .known = true};
  }
  NL_ASSIGN_OR_RETURN(answer.stop, StopOf(TextAt(object, "stop_reason")));
  for (const auto& part : *content) {
    const auto* one = part.if_object();
    if (one == nullptr) return BrokenAnswer("a part that is none");
    if (TextAt(*one, "type") == "text") answer.text += TextAt(*one, "text");
    if (TextAt(*one, "type") != "tool_use") continue;
    const auto* input = ObjectAt(*one, "input");
    if (input == nullptr) return BrokenAnswer("a use of a tool without arguments");
    answer.tool_uses.push_back({TextAt(*one, "id"), TextAt(*one, "name"), json::serialize(*input)});
  }
  return answer;
}

/// The answer as it comes in pieces.
class Pieces {
 public:
  /// `quiet`: its text is not the answer's.
  Pieces(const OnText& on_text, bool quiet) : on_text_(on_text), quiet_(quiet) {}

  Result<bool> Take(const json::object& event) {
    const std::string type = TextAt(event, "type");
    if (type == "error") return BrokenAnswer("an error in its middle");
    if (type == "message_start") TakeStart(event);
    if (type == "content_block_start") NL_RETURN_IF_ERROR(TakeBlock(event));
    if (type == "content_block_delta") NL_RETURN_IF_ERROR(TakeDelta(event));
    if (type == "message_delta") NL_RETURN_IF_ERROR(TakeEnd(event));
    if (type == "message_stop" && !ended_) return BrokenAnswer("no reason for its end");
    return type == "message_stop";
  }

  Result<ChatAnswer> End() {
    for (auto& [index, use] : uses_) {
      if (use.arguments_json.empty()) use.arguments_json = "{}";
      // What was cut off is no use of a tool.
      if (!IsJsonObject(use.arguments_json)) {
        if (answer_.stop == StopReason::kLength) continue;
        return BrokenAnswer("a use of a tool without arguments");
      }
      answer_.tool_uses.push_back(std::move(use));
    }
    return std::move(answer_);
  }

 private:
  static constexpr int64_t kBlocksMax = 128;

  void TakeStart(const json::object& event) {
    const auto* message = ObjectAt(event, "message");
    if (message == nullptr) return;
    answer_.model = TextAt(*message, "model");
    if (const auto* usage = ObjectAt(*message, "usage")) answer_.usage.input = IntegerAt(*usage, "input_tokens");
  }

  Result<void> TakeBlock(const json::object& event) {
    const auto* block = ObjectAt(event, "content_block");
    if (block == nullptr || TextAt(*block, "type") != "tool_use") return {};
    const int64_t index = IntegerAt(event, "index");
    if (index >= kBlocksMax) return BrokenAnswer("too many uses of tools");
    uses_[index] = {TextAt(*block, "id"), TextAt(*block, "name"), ""};
    return {};
  }

  Result<void> TakeDelta(const json::object& event) {
    const auto* delta = ObjectAt(event, "delta");
    if (delta == nullptr) return BrokenAnswer("a piece that is none");
    const std::string type = TextAt(*delta, "type");
    if (type == "text_delta") {
      const std::string text = TextAt(*delta, "text");
      answer_.text += text;
      if (!quiet_) NL_RETURN_IF_ERROR(on_text_(text));
    } else if (type == "input_json_delta") {
      const auto use = uses_.find(IntegerAt(event, "index"));
      if (use == uses_.end()) return BrokenAnswer("arguments of no tool");
      use->second.arguments_json += TextAt(*delta, "partial_json");
    }
    return {};
  }

  Result<void> TakeEnd(const json::object& event) {
    const auto* delta = ObjectAt(event, "delta");
    if (delta == nullptr) return BrokenAnswer("an end that is none");
    NL_ASSIGN_OR_RETURN(answer_.stop, StopOf(TextAt(*delta, "stop_reason")));
    ended_ = true;
    if (const auto* usage = ObjectAt(event, "usage")) {
      answer_.usage.output = IntegerAt(*usage, "output_tokens");
      answer_.usage.known = true;
    }
    return {};
  }

  const OnText& on_text_;
  const bool quiet_;
  ChatAnswer answer_;
  std::map<int64_t, ToolUse> uses_;
  bool ended_ = false;
};

class AnthropicChat final : public ChatModel {
 public:
  AnthropicChat(std::unique_ptr<ProviderClient> client, std::string model)
      : client_(std::move(client)), model_(std::move(model)) {}

  Result<ChatAnswer> Chat(const RequestContext& ctx, const ChatRequest& request, const OnText& on_text) const override {
    NL_ASSIGN_OR_RETURN(const std::string body, Encode(model_, request, static_cast<bool>(on_text)));
    if (!on_text) {
      NL_ASSIGN_OR_RETURN(const json::object object, client_->Ask(ctx, "/v1/messages", body));
      NL_ASSIGN_OR_RETURN(ChatAnswer answer, Decode(object));
      return WithOutput(request, std::move(answer));
    }
    const bool quiet = !request.output_schema_json.empty();
    Pieces pieces(on_text, quiet);
    NL_RETURN_IF_ERROR(client_->AskForEvents(ctx, "/v1/messages", body,
                                             [&](const json::object& event) { return pieces.Take(event); }));
    NL_ASSIGN_OR_RETURN(ChatAnswer answer, pieces.End());
    NL_ASSIGN_OR_RETURN(ChatAnswer whole, WithOutput(request, std::move(answer)));
    if (quiet && !whole.text.empty()) NL_RETURN_IF_ERROR(on_text(whole.text));
    return whole;
  }

 private:
  const std::unique_ptr<ProviderClient> client_;
  const std::string model_;
};

}  // namespace

Result<std::unique_ptr<ChatModel>> NewAnthropicChat(ProviderOptions options) {
  ProviderClient::Headers headers = {{"anthropic-version", kVersion}};
  if (!options.api_key.empty()) headers.emplace_back("x-api-key", options.api_key);
  NL_ASSIGN_OR_RETURN(auto client, ProviderClient::Make(options, std::move(headers)));
  return std::make_unique<AnthropicChat>(std::move(client), std::move(options.model));
}

}  // namespace neurolake::models
