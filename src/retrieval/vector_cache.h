#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "retrieval/embedder.h"
#include "retrieval/passage_log.h"

namespace neurolake::retrieval {

struct VectorCacheOptions {
  std::string path;  ///< Of a log of passages without texts (docs/formats/passages.md). Empty: nothing is kept.
  size_t vectors_max = 400'000;  ///< Above it those that were kept first go.
};

/// Vectors of texts that were embedded before, beyond the end of this process: by the SHA-256 of a text, without the
/// text. An embedder around another; what is not there is embedded by that. Thread-safe.
class VectorCache final : public Embedder {
 public:
  /// A file of another model, and one that is damaged, is made anew. When another process has it, nothing is kept.
  /// Errors: kIoError, kDiskFull.
  static Result<std::shared_ptr<VectorCache>> Open(VectorCacheOptions options,
                                                   std::shared_ptr<const Embedder> embedder);

  const EmbeddingModel& model() const override { return embedder_->model(); }
  /// Whether this process has the file.
  bool is_kept() const {
    const std::lock_guard lock(mutex_);
    return log_ != nullptr;
  }
  /// Keeps nothing: what somebody asks is nobody else's.
  Result<EmbeddingBatch> Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const override;
  /// Embeds what is not there yet, and keeps it. A disk that fails costs no more than to be asked again.
  /// Errors: those of Embedder::Embed.
  Result<void> Keep(const RequestContext& ctx, std::span<const std::string_view> texts);

 private:
  VectorCache(VectorCacheOptions options, std::shared_ptr<const Embedder> embedder)
      : options_(std::move(options)), embedder_(std::move(embedder)) {}
  Result<void> OpenLog();
  void Note(PassageChange change);
  void Write(const std::vector<PassageChange>& changes);

  const VectorCacheOptions options_;
  const std::shared_ptr<const Embedder> embedder_;
  std::unique_ptr<PassageLog> log_;  ///< Null: nothing is kept.
  mutable std::mutex mutex_;
  std::unordered_map<std::string, uint64_t> keys_;  ///< By digest.
  std::map<uint64_t, PassageChange> kept_;          ///< By key, in the order in which they came.
  uint64_t next_key_ = 1;
};

}  // namespace neurolake::retrieval
