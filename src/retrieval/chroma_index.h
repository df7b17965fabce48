#pragma once
#include <memory>
#include <string>

#include "net/http_client.h"
#include "retrieval/vector_index.h"

namespace neurolake::retrieval {

struct ChromaOptions {
  std::string url;    ///< Of the server: "http://127.0.0.1:8000".
  std::string token;  ///< Sent as X-Chroma-Token; empty: none.
  std::string tenant = "default_tenant";
  std::string database = "default_database";
  std::string collection;  ///< 3 to 40 of a-z, 0-9 and _, beginning with a letter.
  EmbeddingModel model;
  std::string certificate_authority_file;
};

/// The vectors in a collection of a Chroma server (1.x, API v2), with model, dimension and mark in its metadata.
/// Partitions are metadata that the server filters by before it ranks; a filter of this process's own looks at the
/// nearest 10,000. Thread-safe. Source: Chroma's API v2 as its server's OpenAPI document gives it.
class ChromaIndex final : public VectorIndex {
 public:
  /// Makes the collection if it is missing. Errors: kInvalidArgument for a bad name or URL, or a collection of another
  /// model or dimension, saying which; kUnavailable (never with the token in it).
  static Result<std::unique_ptr<ChromaIndex>> Open(const RequestContext& ctx, ChromaOptions options);

  const EmbeddingModel& model() const override { return options_.model; }
  Result<void> Add(const RequestContext& ctx, std::span<const VectorEntry> entries) override;
  Result<void> Remove(const RequestContext& ctx, std::span<const uint64_t> keys) override;
  Result<std::vector<VectorHit>> Search(const RequestContext& ctx, const VectorQuery& query) const override;
  Result<uint64_t> Size(const RequestContext& ctx) const override;
  Result<void> Clear(const RequestContext& ctx) override;
  Result<void> Persist(const RequestContext& ctx, const std::string& mark) override;
  Result<std::string> Mark(const RequestContext& ctx) const override;
  bool persists_cheaply() const override { return true; }

 private:
  ChromaIndex(std::unique_ptr<net::HttpClient> http, ChromaOptions options)
      : http_(std::move(http)), options_(std::move(options)) {}
  /// The answer's body; kNotFound for 404.
  Result<std::string> Ask(const RequestContext& ctx, const std::string& method, const std::string& target,
                          const std::string& body) const;
  Result<std::string> AskCollection(const RequestContext& ctx, const std::string& action,
                                    const std::string& body) const;
  Result<void> OpenCollection(const RequestContext& ctx);
  Result<std::vector<VectorHit>> SearchOnce(const RequestContext& ctx, const VectorQuery& query, size_t limit) const;
  std::string CollectionsTarget() const;

  const std::unique_ptr<net::HttpClient> http_;
  const ChromaOptions options_;
  std::string id_;  ///< The server's, of the collection.
};

}  // namespace neurolake::retrieval
