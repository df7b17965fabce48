#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "retrieval/vector_index.h"

namespace neurolake::retrieval {

struct HnswOptions {
  EmbeddingModel model;
  std::string path;  ///< Of the file that Persist writes; empty: the index lives in memory alone.
  /// Partitions up to this size are searched one vector after the other, which is exact.
  size_t exact_max = 2048;
  size_t connectivity = 16;       ///< Neighbours of a node, M of the paper.
  size_t expansion_add = 128;     ///< Candidates looked at for a new node.
  size_t expansion_search = 128;  ///< And for a question.
};

/// The embedded index: a small-world graph (usearch) per partition, over vectors kept here in 32-bit floats. As each
/// set of labels has a graph of its own, what a searcher may not see is not even walked over. Deleted vectors stay as
/// stepping stones until they are a quarter of a partition; then it is built again. Speed: bench/retrieval.cc; memory 4
/// bytes per number and 150 per vector. Source: Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest
/// neighbor search using HNSW graphs", 2018.
class HnswIndex final : public VectorIndex {
 public:
  /// Reads `options.path` if it is there. A file that is torn, of another model, dimension or version, or whose
  /// checksum differs counts as none: the index starts empty, without a mark. Errors: kIoError.
  static Result<std::unique_ptr<HnswIndex>> Open(HnswOptions options);
  ~HnswIndex() override;

  const EmbeddingModel& model() const override { return options_.model; }
  Result<void> Add(const RequestContext& ctx, std::span<const VectorEntry> entries) override;
  Result<void> Remove(const RequestContext& ctx, std::span<const uint64_t> keys) override;
  Result<std::vector<VectorHit>> Search(const RequestContext& ctx, const VectorQuery& query) const override;
  Result<uint64_t> Size(const RequestContext& ctx) const override;
  Result<void> Clear(const RequestContext& ctx) override;
  Result<void> Persist(const RequestContext& ctx, const std::string& mark) override;
  Result<std::string> Mark(const RequestContext& ctx) const override;
  bool persists_cheaply() const override { return false; }

 private:
  class Partition;
  explicit HnswIndex(HnswOptions options);
  void RemoveLocked(uint64_t key);
  bool Load(std::string_view bytes);

  const HnswOptions options_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<Partition>> partitions_;
  std::unordered_map<uint64_t, Partition*> places_;
  std::string mark_;
};

}  // namespace neurolake::retrieval
