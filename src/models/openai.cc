#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "models/internal/exchange.h"

namespace neurolake::models {
namespace {

namespace json = boost::json;

std::string_view NameOf(Role role) {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kUser: return "user";
    case Role::kAssistant: return "assistant";
    case Role::kTool: return "tool";
  }
  NL_UNREACHABLE();
}

json::object Encode(const Message& message) {
  json::object object{{"role", NameOf(message.role)}, {"content", message.text}};
  if (message.role == Role::kTool) object["tool_call_id"] = message.tool_use_id;
  if (message.tool_uses.empty()) return object;
  json::array calls;
  for (const ToolUse& use : message.tool_uses) {
    calls.push_back(
        {{"id", use.id}, {"type", "function"}, {"function", {{"name", use.name}, {"arguments", use.arguments_json}}}});
  }
  object["tool_calls"] = std::move(calls);
  return object;
}

Result<std::string> Encode(const std::string& model, const ChatRequest& request, bool streams) {
  json::array messages;
  for (const Message& message : request.messages) messages.push_back(Encode(message));
  json::object body{{"model", model},
                    {"messages", std::move(messages)},
                    {"max_tokens", request.output_tokens_max},
                    {"temperature", request.temperature}};
  if (!request.tools.empty()) {
    json::array tools;
    for (const ToolDefinition& tool : request.tools) {
      NL_ASSIGN_OR_RETURN(json::object schema, ParseOwn(tool.schema_json, "a tool's schema"));
      tools.push_back(
          {{"type", "function"},
           {"function", {{"name", tool.name}, {"description", tool.description}, {"parameters", std::move(schema)}}}});
    }
    body["tools"] = std::move(tools);
  }
  if (!request.output_schema_json.empty()) {
    NL_ASSIGN_OR_RETURN(json::object schema, ParseOwn(request.output_schema_json, "the output's schema"));
    body["response_format"] =
        json::object{{"type", "json_schema"},
                     {"json_schema", {{"name", "answer"}, {"strict", true}, {"schema", std::move(schema)}}}};
  }
  if (streams) {
    body["stream"] = true;
    body["stream_options"] = json::object{{"include_usage", true}};
  }
  return json::serialize(body);
}

Result<StopReason> StopOf(const std::string& reason) {
  if (reason == "stop" || reason == "eos") return StopReason::kEnd;
  if (reason == "length") return StopReason::kLength;
  if (reason == "tool_calls" || reason == "function_call") return StopReason::kTools;
  if (reason == "content_filter") return StopReason::kRefused;
  return BrokenAnswer("no reason for its end");
}

TokenUsage UsageOf(const json::object& answer) {
  const auto* usage = ObjectAt(answer, "usage");
  if (usage == nullptr) return {};
  return {.input = IntegerAt(*usage, "prompt_tokens"), .output = IntegerAt(*usage, "completion_tokens"), .known = true};
}

Result<void> CheckToolUses(const std::vector<ToolUse>& uses) {
  for (const ToolUse& use : uses) {
    if (use.name.empty() || !IsJsonObject(use.arguments_json)) return BrokenAnswer("a use of a tool without arguments");
  }
  return {};
}

/// The answer as it comes in pieces.
class Pieces {
 public:
  explicit Pieces(const OnText& on_text) : on_text_(on_text) {}

  /// True at the last event, which is the usage: it comes after the reason for the end, or not at all.
  Result<bool> Take(const json::object& event) {
    if (event.contains("error")) return BrokenAnswer("an error in its middle");
    if (answer_.model.empty()) answer_.model = TextAt(event, "model");
    if (const TokenUsage usage = UsageOf(event); usage.known) answer_.usage = usage;
    const auto* choices = ArrayAt(event, "choices");
    if (choices != nullptr && !choices->empty()) {
      const auto* choice = choices->front().if_object();
      if (choice == nullptr) return BrokenAnswer("a choice that is none");
      if (const auto* delta = ObjectAt(*choice, "delta")) NL_RETURN_IF_ERROR(TakeDelta(*delta));
      if (const std::string reason = TextAt(*choice, "finish_reason"); !reason.empty()) {
        NL_ASSIGN_OR_RETURN(answer_.stop, StopOf(reason));
        ended_ = true;
      }
    }
    return ended_ && answer_.usage.known;
  }

  bool ended() const { return ended_; }

  Result<ChatAnswer> End() {
    for (auto& [index, use] : uses_) answer_.tool_uses.push_back(std::move(use));
    NL_RETURN_IF_ERROR(CheckToolUses(answer_.tool_uses));
    return std::move(answer_);
  }

 private:
  static constexpr int64_t kToolUsesMax = 128;

  Result<void> TakeDelta(const json::object& delta) {
    if (const std::string text = TextAt(delta, "content"); !text.empty()) {
      answer_.text += text;
      NL_RETURN_IF_ERROR(on_text_(text));
    }
    const auto* calls = ArrayAt(delta, "tool_calls");
    if (calls == nullptr) return {};
    for (const auto& call : *calls) {
      const auto* object = call.if_object();
      const int64_t index = object == nullptr ? kToolUsesMax : IntegerAt(*object, "index");
      if (index >= kToolUsesMax) return BrokenAnswer("too many uses of tools");
      ToolUse& use = uses_[index];
      if (use.id.empty()) use.id = TextAt(*object, "id");
      if (const auto* function = ObjectAt(*object, "function")) {
        if (use.name.empty()) use.name = TextAt(*function, "name");
        use.arguments_json += TextAt(*function, "arguments");
      }
    }
    return {};
  }

  const OnText& on_text_;
  ChatAnswer answer_;
  std::map<int64_t, ToolUse> uses_;
  bool ended_ = false;
};

Result<ChatAnswer> Decode(const json::object& object) {
  const auto* choices = ArrayAt(object, "choices");
  const auto* choice = choices == nullptr || choices->empty() ? nullptr : choices->front().if_object();
  const auto* message = choice == nullptr ? nullptr : ObjectAt(*choice, "message");
  if (message == nullptr) return BrokenAnswer("it has no message");
  ChatAnswer answer{.text = TextAt(*message, "content"), .usage = UsageOf(object), .model = TextAt(object, "model")};
  NL_ASSIGN_OR_RETURN(answer.stop, StopOf(TextAt(*choice, "finish_reason")));
  if (const auto* calls = ArrayAt(*message, "tool_calls")) {
    for (const auto& call : *calls) {
      const auto* one = call.if_object();
      const auto* function = one == nullptr ? nullptr : ObjectAt(*one, "function");
      if (function == nullptr) return BrokenAnswer("a use of a tool that is none");
      answer.tool_uses.push_back({TextAt(*one, "id"), TextAt(*function, "name"), TextAt(*function, "arguments")});
    }
  }
  NL_RETURN_IF_ERROR(CheckToolUses(answer.tool_uses));
  return answer;
}

class OpenAiChat final : public ChatModel {
 public:
  OpenAiChat(std::unique_ptr<ProviderClient> client, std::string model)
      : client_(std::move(client)), model_(std::move(model)) {}

  Result<ChatAnswer> Chat(const RequestContext& ctx, const ChatRequest& request, const OnText& on_text) const override {
    NL_ASSIGN_OR_RETURN(const std::string body, Encode(model_, request, static_cast<bool>(on_text)));
    if (!on_text) {
      NL_ASSIGN_OR_RETURN(const json::object object, client_->Ask(ctx, "/chat/completions", body));
      return Decode(object);
    }
    Pieces pieces(on_text);
    const auto streamed = client_->AskForEvents(ctx, "/chat/completions", body,
                                                [&](const json::object& event) { return pieces.Take(event); });
    // Some send no usage, and their "[DONE]" is the end.
    if (!streamed && !(pieces.ended() && streamed.error().code() == ErrorCode::kUnavailable)) {
      return std::unexpected(streamed.error());
    }
    return pieces.End();
  }

 private:
  const std::unique_ptr<ProviderClient> client_;
  const std::string model_;
};

class OpenAiEmbeddings final : public EmbeddingModel {
 public:
  OpenAiEmbeddings(std::unique_ptr<ProviderClient> client, std::string model)
      : client_(std::move(client)), model_(std::move(model)) {}

  Result<Embeddings> Embed(const RequestContext& ctx, const std::vector<std::string>& texts) const override {
    if (texts.empty()) return Embeddings{};
    json::array input;
    for (const std::string& text : texts) input.push_back(json::string(text));
    const std::string body = json::serialize(json::object{{"model", model_}, {"input", std::move(input)}});
    NL_ASSIGN_OR_RETURN(const json::object object, client_->Ask(ctx, "/embeddings", body));
    const auto* data = ArrayAt(object, "data");
    if (data == nullptr || data->size() != texts.size()) return BrokenAnswer("as many vectors as there are texts");
    Embeddings embeddings{.vectors = std::vector<std::vector<float>>(texts.size()), .usage = UsageOf(object)};
    for (const auto& entry : *data) {
      const auto* one = entry.if_object();
      const auto* values = one == nullptr ? nullptr : ArrayAt(*one, "embedding");
      const int64_t index = one == nullptr ? -1 : IntegerAt(*one, "index");
      if (values == nullptr || values->empty() || index < 0 || index >= static_cast<int64_t>(texts.size())) {
        return BrokenAnswer("a vector that is none");
      }
      auto& vector = embeddings.vectors[static_cast<size_t>(index)];
      vector.clear();
      for (const auto& value : *values) {
        if (!value.is_number()) return BrokenAnswer("a vector that is none");
        vector.push_back(value.to_number<float>());
      }
    }
    for (const auto& vector : embeddings.vectors) {
      if (vector.empty() || vector.size() != embeddings.vectors[0].size()) return BrokenAnswer("vectors of one length");
    }
    return embeddings;
  }

 private:
  const std::unique_ptr<ProviderClient> client_;
  const std::string model_;
};

Result<std::unique_ptr<ProviderClient>> ClientFor(const ProviderOptions& options) {
  ProviderClient::Headers headers;
  if (!options.api_key.empty()) headers.emplace_back("Authorization", "Bearer " + options.api_key);
  return ProviderClient::Make(options, std::move(headers));
}

}  // namespace

Result<std::unique_ptr<ChatModel>> NewOpenAiChat(ProviderOptions options) {
  NL_ASSIGN_OR_RETURN(auto client, ClientFor(options));
  return std::make_unique<OpenAiChat>(std::move(client), std::move(options.model));
}

Result<std::unique_ptr<EmbeddingModel>> NewOpenAiEmbeddings(ProviderOptions options) {
  NL_ASSIGN_OR_RETURN(auto client, ClientFor(options));
  return std::make_unique<OpenAiEmbeddings>(std::move(client), std::move(options.model));
}

int64_t EstimateTokens(std::string_view text) {
  // Tokenizers make about one token of four bytes of English, and of fewer in other languages and in code.
  return static_cast<int64_t>(text.size() + 2) / 3;
}

int64_t EstimateTokens(const ChatRequest& request) {
  int64_t tokens = 16 + EstimateTokens(request.output_schema_json);
  for (const Message& message : request.messages) {
    tokens += 8 + EstimateTokens(message.text);
    for (const ToolUse& use : message.tool_uses) tokens += 16 + EstimateTokens(use.arguments_json);
  }
  for (const ToolDefinition& tool : request.tools) {
    tokens += 16 + EstimateTokens(tool.description) + EstimateTokens(tool.schema_json);
  }
  return tokens;
}

}  // namespace neurolake::models
