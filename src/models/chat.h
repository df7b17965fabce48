#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::models {

/// Something a model may ask to have done. What it asks for is a proposal of a text generator: whoever asked the model
/// decides what comes of it.
struct ToolDefinition {
  std::string name;
  std::string description;
  std::string schema_json;  ///< JSON Schema of its arguments: an object.
};

struct ToolUse {
  std::string id;
  std::string name;
  std::string arguments_json;  ///< A JSON object. Not checked against the tool's schema.
};

enum class Role : uint8_t { kSystem, kUser, kAssistant, kTool };

struct Message {
  Role role = Role::kUser;
  std::string text;
  std::vector<ToolUse> tool_uses = {};  ///< Of the assistant.
  std::string tool_use_id = {};         ///< Of kTool: which use it answers.
};

struct ChatRequest {
  std::vector<Message> messages;
  std::vector<ToolDefinition> tools = {};
  std::string output_schema_json = {};  ///< The answer's text has to be JSON of this schema; empty: any text.
  int64_t output_tokens_max = 1024;
  double temperature = 0;
};

struct TokenUsage {
  int64_t input = 0;
  int64_t output = 0;
  bool known = false;  ///< The provider said so; else they are estimates.
};

enum class StopReason : uint8_t { kEnd, kLength, kTools, kRefused };

struct ChatAnswer {
  std::string text;
  std::vector<ToolUse> tool_uses;
  StopReason stop = StopReason::kEnd;
  TokenUsage usage;
  std::string model;  ///< As the provider names it.
};

/// Gets text as it comes. An error ends the call with it.
using OnText = std::function<Result<void>(std::string_view piece)>;

/// A language model somewhere. Thread-safe; no call is repeated.
/// Errors: kUnavailable (not reachable, broken answer, 5xx), kTooManyRequests with the detail "retry_after" (seconds)
/// where the provider says so, kUnauthenticated, kPermissionDenied, kInvalidArgument (the provider refuses the
/// request), kPayloadTooLarge, kCancelled, kDeadlineExceeded. None has what was sent, received, or a key.
class ChatModel {
 public:
  virtual ~ChatModel() = default;
  /// `on_text` may be empty. Where it is not, what it got and the answer's text are the same.
  virtual Result<ChatAnswer> Chat(const RequestContext& ctx, const ChatRequest& request,
                                  const OnText& on_text) const = 0;
};

struct Embeddings {
  std::vector<std::vector<float>> vectors;  ///< One for each text, in their order, all as long as the first.
  TokenUsage usage;
};

/// Texts to vectors. Thread-safe. Errors: as ChatModel's.
class EmbeddingModel {
 public:
  virtual ~EmbeddingModel() = default;
  virtual Result<Embeddings> Embed(const RequestContext& ctx, const std::vector<std::string>& texts) const = 0;
};

/// About how many tokens a request has, rather too many: what budgets are checked with before the provider has counted.
int64_t EstimateTokens(const ChatRequest& request);
int64_t EstimateTokens(std::string_view text);

}  // namespace neurolake::models
