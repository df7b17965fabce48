#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::models {

struct LlmOptions {
  std::string file;
  uint32_t context_tokens = 8192;
  int32_t threads = 1;
};

struct LlmMessage {
  std::string role;  ///< "system", "user", "assistant".
  std::string text;
};

struct LlmRequest {
  std::vector<LlmMessage> messages;
  std::string schema_json;  ///< Empty: any text.
  int64_t tokens_max = 1024;
  double temperature = 0;
};

struct LlmUsage {
  int64_t input = 0;
  int64_t output = 0;
  bool complete = true;  ///< The model ended by itself.
};

/// llama.cpp over one file. For the program neurolake-llm alone; one thread, but for `cancelled`, which any may set.
/// Errors of all: kInvalidArgument, kPayloadTooLarge, kNotSupported, kCancelled, kUnavailable; none has a text.
/// Source: llama.cpp's include/llama.h.
class LlmEngine {
 public:
  virtual ~LlmEngine() = default;
  /// `on_text` gets whole characters of UTF-8.
  virtual Result<LlmUsage> Chat(const LlmRequest& request, const std::function<void(std::string_view)>& on_text) = 0;
  /// A vector of unit length; `tokens` grows by what the text has.
  virtual Result<std::vector<float>> Embed(const std::string& text, int64_t& tokens) = 0;
};

/// Loads the file. `backends` is the folder of llama.cpp's libraries, of which the one for this processor is taken.
Result<std::unique_ptr<LlmEngine>> LoadLlm(const LlmOptions& options, const std::string& backends,
                                           const std::atomic<bool>& cancelled);

}  // namespace neurolake::models
