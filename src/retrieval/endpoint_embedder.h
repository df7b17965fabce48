#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "net/http_client.h"
#include "retrieval/embedder.h"

namespace neurolake::retrieval {

struct EndpointEmbedderOptions {
  std::string url;  ///< Up to and without "/embeddings": "http://127.0.0.1:8080/v1".
  std::string key;  ///< Sent as a bearer token; empty: none. Never logged or in an error.
  EmbeddingModel model;
  std::string certificate_authority_file;
  std::chrono::milliseconds timeout{30'000};  ///< For one call.
  size_t texts_per_call = 64;
  int attempts_max = 3;                          ///< Of a call that was answered with 429, 502, 503 or 504.
  std::chrono::milliseconds first_backoff{200};  ///< Doubles from try to try.
};

/// A model behind an endpoint that speaks OpenAI's embeddings API: llama.cpp's server with MiniLM, vLLM, NIM, Ollama,
/// and others. Answers are checked: one vector per text, of the dimension that was configured, of finite numbers; they
/// are brought to unit length here. Texts leave this machine: which may is the caller's to decide. Thread-safe. Source:
/// OpenAI's API reference, "Create embeddings".
class EndpointEmbedder final : public Embedder {
 public:
  /// Errors: kInvalidArgument for a URL that is none, a model without a name or dimension, an authority that cannot be
  /// read.
  static Result<std::unique_ptr<EndpointEmbedder>> Make(EndpointEmbedderOptions options);

  const EmbeddingModel& model() const override { return options_.model; }
  Result<EmbeddingBatch> Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const override;

 private:
  EndpointEmbedder(std::unique_ptr<net::HttpClient> http, EndpointEmbedderOptions options)
      : http_(std::move(http)), options_(std::move(options)) {}
  struct Answer {
    int status = 0;
    std::string body;
  };
  Result<Answer> AskOnce(const RequestContext& ctx, const std::string& body) const;
  Result<std::string> Ask(const RequestContext& ctx, const std::string& body) const;
  Result<void> Read(std::string_view answer, EmbeddingBatch& batch, size_t first, size_t count) const;

  const std::unique_ptr<net::HttpClient> http_;
  const EndpointEmbedderOptions options_;
};

}  // namespace neurolake::retrieval
