#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "models/chat.h"

namespace neurolake::models {

/// A model in a file on this machine, run by llama.cpp in a process of ours (docs/models.md, "Models in a file").
struct LocalOptions {
  std::string program;  ///< Of neurolake-llm, which is built when asked for.
  std::string file;     ///< GGUF.
  int64_t memory_bytes = int64_t{8} << 30;
  int64_t context_tokens = 8192;  ///< Of prompt and answer together.
  int64_t threads = 1;
};

struct LocalModel {
  std::unique_ptr<ChatModel> chat;
  std::unique_ptr<EmbeddingModel> embeddings;
};

/// Both share one process, which is started by the first request and loads the file then. An output schema binds each
/// token that is written (a grammar made of it), so that the answer is JSON of that schema or is cut off. Roles' marks
/// in a message are text: they end no message. Tools are kNotSupported. A text to embed that is longer than the model
/// takes is cut off there. Errors: kNotSupported when the program is not there; kNotFound without the file;
/// kInvalidArgument when it is none of a GGUF's. Errors of calls: as ChatModel's; kPayloadTooLarge for a prompt beyond
/// the context.
Result<LocalModel> NewLocalModel(const LocalOptions& options);

}  // namespace neurolake::models
