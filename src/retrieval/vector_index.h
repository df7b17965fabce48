#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "retrieval/embedder.h"

namespace neurolake::retrieval {

struct VectorEntry {
  uint64_t key = 0;
  std::string
      partition;  ///< The labels of what it stands for, as one name: a search says which of them it may look at.
  std::vector<float> vector;  ///< Of unit length, or zero.
};

struct VectorQuery {
  std::span<const float> vector;  ///< Of unit length.
  size_t limit = 10;
  std::span<const std::string> partitions;  ///< Nothing of others is looked at, scored, counted or returned.
  std::function<bool(uint64_t)> accept;     ///< Besides; empty: takes all. Called from the searching thread.
};

struct VectorHit {
  uint64_t key = 0;
  float score = 0;  ///< Inner product: the cosine, from -1 to 1.
  bool operator==(const VectorHit&) const = default;
};

/// Finds the nearest vectors. Each implementation is a cache that can be made again: the truth is the passage log
/// (`passage_log.h`), and the mark says up to where the index has it. Thread-safe.
/// Errors of all: kInvalidArgument for a vector of another dimension or with a number that is none; kUnavailable when a
/// server behind it is gone or answers what it should not; kCancelled, kDeadlineExceeded.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  virtual const EmbeddingModel& model() const = 0;
  /// Adds, or replaces what has the same key.
  virtual Result<void> Add(const RequestContext& ctx, std::span<const VectorEntry> entries) = 0;
  /// Nothing happens to keys that are not there.
  virtual Result<void> Remove(const RequestContext& ctx, std::span<const uint64_t> keys) = 0;
  /// Best first, those of one score by key. Fewer than the limit only if there are no more.
  virtual Result<std::vector<VectorHit>> Search(const RequestContext& ctx, const VectorQuery& query) const = 0;
  virtual Result<uint64_t> Size(const RequestContext& ctx) const = 0;
  virtual Result<void> Clear(const RequestContext& ctx) = 0;

  /// Keeps what is there, with `mark`, beyond the end of this process: all or nothing.
  virtual Result<void> Persist(const RequestContext& ctx, const std::string& mark) = 0;
  /// The mark of the last Persist that this index was opened with or that was called since; empty: none.
  virtual Result<std::string> Mark(const RequestContext& ctx) const = 0;
  /// Whether Persist is cheap enough to be called after every change.
  virtual bool persists_cheaply() const = 0;
};

/// kInvalidArgument unless `vector` has the model's dimension and finite numbers.
Result<void> CheckVector(const EmbeddingModel& model, std::span<const float> vector);
/// By score, then by key.
bool IsBetter(const VectorHit& a, const VectorHit& b);

}  // namespace neurolake::retrieval
