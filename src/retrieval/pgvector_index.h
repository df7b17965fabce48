#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "retrieval/vector_index.h"

namespace neurolake::retrieval {

struct PgvectorOptions {
  std::string url;         ///< postgresql://user:password@host/database; the extension "vector" must be available.
  std::string collection;  ///< Part of the tables' names: 1 to 40 of a-z, 0-9 and _, beginning with a letter.
  EmbeddingModel model;
  std::chrono::milliseconds statement_timeout{30'000};
};

/// The vectors in PostgreSQL with pgvector: table neurolake_vectors_COLLECTION, and neurolake_vector_collections for
/// model, dimension and mark. A search is exact (no approximate index is made: those of pgvector filter after the
/// nearest are picked, so that a viewer of little would get too little). One connection, opened again when it was lost;
/// one statement at a time. Cost: reads the visible partitions.
class PgvectorIndex final : public VectorIndex {
 public:
  /// Makes what is missing. Errors: kInvalidArgument for a bad name, or a collection of another model or dimension,
  /// saying which; kNotSupported without the extension; kUnavailable (never with the password in it).
  static Result<std::unique_ptr<PgvectorIndex>> Open(const RequestContext& ctx, PgvectorOptions options);
  ~PgvectorIndex() override;

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
  class Connection;
  explicit PgvectorIndex(PgvectorOptions options);
  Result<void> MakeTables(const RequestContext& ctx);
  Result<std::vector<VectorHit>> SearchOnce(const RequestContext& ctx, const VectorQuery& query, size_t limit) const;

  const PgvectorOptions options_;
  const std::string table_;
  mutable std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace neurolake::retrieval
