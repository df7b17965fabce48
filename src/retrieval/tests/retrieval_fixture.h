#pragma once
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/request_context.h"
#include "retrieval/corpus.h"
#include "retrieval/hnsw_index.h"
#include "retrieval/static_embedder.h"

namespace neurolake::retrieval {

/// A context whose deadline is a minute away.
RequestContext TestContext();

/// A directory of the test's own, which goes with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// The table of word embeddings that the bootstrap made.
std::string TablePath();
std::unique_ptr<StaticEmbedder> OpenTable();

/// Two numbers per text, from its length and first letter: for tests of everything but meaning.
class ToyEmbedder final : public Embedder {
 public:
  explicit ToyEmbedder(EmbeddingModel model = {"toy", 2}) : model_(std::move(model)) {}
  const EmbeddingModel& model() const override { return model_; }
  Result<EmbeddingBatch> Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const override;

 private:
  EmbeddingModel model_;
};

/// An index whose server can go away.
class AwayIndex final : public VectorIndex {
 public:
  AwayIndex(const EmbeddingModel& model, bool& away) : inner_(HnswIndex::Open({.model = model}).value()), away_(away) {}
  const EmbeddingModel& model() const override { return inner_->model(); }
  Result<void> Add(const RequestContext& ctx, std::span<const VectorEntry> entries) override {
    return away_ ? Result<void>(Away()) : inner_->Add(ctx, entries);
  }
  Result<void> Remove(const RequestContext& ctx, std::span<const uint64_t> keys) override {
    return away_ ? Result<void>(Away()) : inner_->Remove(ctx, keys);
  }
  Result<std::vector<VectorHit>> Search(const RequestContext& ctx, const VectorQuery& query) const override {
    if (away_) return Away();
    return inner_->Search(ctx, query);
  }
  Result<uint64_t> Size(const RequestContext& ctx) const override { return inner_->Size(ctx); }
  Result<void> Clear(const RequestContext& ctx) override { return inner_->Clear(ctx); }
  Result<void> Persist(const RequestContext& ctx, const std::string& mark) override {
    return inner_->Persist(ctx, mark);
  }
  Result<std::string> Mark(const RequestContext& ctx) const override { return inner_->Mark(ctx); }
  bool persists_cheaply() const override { return true; }

 private:
  static std::unexpected<Error> Away() { return MakeError(ErrorCode::kUnavailable, "gone"); }
  std::unique_ptr<HnswIndex> inner_;
  bool& away_;
};

/// Unit vectors around `centres` random directions: nearer to texts than noise is.
std::vector<std::vector<float>> ClusteredVectors(size_t count, size_t dimension, uint32_t seed, size_t centres = 40);

/// The nearest by looking at all.
std::vector<uint64_t> BruteForce(const std::vector<VectorEntry>& entries, const VectorQuery& query);
/// The share of the true nearest that `index` finds, over `queries`.
double Recall(const VectorIndex& index, const std::vector<VectorEntry>& entries,
              const std::vector<std::vector<float>>& queries, const std::vector<std::string>& partitions,
              const std::function<bool(uint64_t)>& accept = nullptr);

Passage MakePassage(std::string id, std::string text, std::vector<std::string> labels = {"public"});
Viewer See(std::set<std::string> labels);
std::vector<std::string> IdsOf(const std::vector<PassageHit>& hits);

/// A corpus over an embedded index in `directory`.
Result<std::unique_ptr<Corpus>> OpenCorpus(const TemporaryDirectory& directory,
                                           std::unique_ptr<Embedder> embedder = nullptr, size_t exact_max = 2048);

}  // namespace neurolake::retrieval
