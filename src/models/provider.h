#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "models/chat.h"

namespace neurolake::models {

/// Where a model is. Keys go into a header and nowhere else.
struct ProviderOptions {
  std::string url;      ///< https://api.openai.com/v1; http for a machine's own alone, which is for others to check.
  std::string api_key;  ///< Empty: none is sent.
  std::string model;
  std::string certificate_authority_file;
  std::chrono::milliseconds idle_timeout{60'000};  ///< Longest silence.
  size_t answer_bytes_max = 8 << 20;
};

/// OpenAI's chat completions and embeddings, which vLLM, Ollama, NVIDIA NIM, Mistral and llama.cpp's server speak too.
/// Errors: kInvalidArgument for an address that is none, or a file that cannot be read.
/// Source: https://platform.openai.com/docs/api-reference/chat
Result<std::unique_ptr<ChatModel>> NewOpenAiChat(ProviderOptions options);
Result<std::unique_ptr<EmbeddingModel>> NewOpenAiEmbeddings(ProviderOptions options);

/// Anthropic's messages; `url` is https://api.anthropic.com. An output schema becomes a tool that the model has to use.
/// Source: https://docs.anthropic.com/en/api/messages
Result<std::unique_ptr<ChatModel>> NewAnthropicChat(ProviderOptions options);

}  // namespace neurolake::models
