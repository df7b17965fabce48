#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "retrieval/bm25_index.h"
#include "retrieval/embedder.h"
#include "retrieval/passage.h"
#include "retrieval/passage_log.h"
#include "retrieval/vector_index.h"

namespace neurolake::retrieval {

struct CorpusOptions {
  std::string path;  ///< Of the log of passages (docs/formats/passages.md); empty: there is none, all is in memory.
  double lexical_weight = 0.1;  ///< Of BM25 beside the cosine.
  size_t candidates_min = 50;   ///< Taken from each of both before they are ranked together.
};

struct PassageQuery {
  std::string_view text;
  size_t limit = 10;
  std::vector<PassageKind> kinds = {};  ///< Empty: all.
  /// Null: any subject. A passage without a subject is none of these.
  std::function<bool(std::string_view)> subject = nullptr;
};

struct PassageHit {
  Passage passage;
  double score = 0;   ///< cosine + lexical_weight × bm25.
  double cosine = 0;  ///< From -1 to 1.
  double bm25 = 0;
};

/// Texts that can be found by meaning and by word, by who may see them. Ranking: cosine of the embeddings plus weighted
/// BM25, over the best of either; identifiers in the question go to BM25 alone; equal scores by id. What a viewer may
/// not see is not scored, counted or returned, and moves no score of what is. Thread-safe: searches run side by side.
class Corpus {
 public:
  /// Reads the log, and brings `index` to its state: by the changes since the index's mark where it has one, else from
  /// the beginning. Errors: those of PassageLog::Open; kInvalidArgument when index and embedder are of different
  /// models.
  static Result<std::unique_ptr<Corpus>> Open(const RequestContext& ctx, CorpusOptions options,
                                              std::unique_ptr<Embedder> embedder, std::unique_ptr<VectorIndex> index);
  ~Corpus();

  /// Adds all or none, replacing those of the same ids; durable when it returns. An index that fails then (a server
  /// that went away) is caught up at the next change or opening, and the call succeeds. Errors: those of
  /// PreparePassage, Embedder::Embed, PassageLog::Append; kInvalidArgument for an id given twice.
  Result<void> Add(const RequestContext& ctx, std::vector<Passage> passages);
  /// Replaces whatever is about `subject` by `passages`, in one step. Errors: as Add; kInvalidArgument when one of them
  /// is about another subject.
  Result<void> Replace(const RequestContext& ctx, const std::string& subject, std::vector<Passage> passages);
  /// Removes what is about `subject`; how many passages went.
  Result<uint64_t> RemoveSubject(const RequestContext& ctx, const std::string& subject);

  /// While the index is away, or behind, all vectors are looked at: they are here, too.
  /// Errors: those of Embedder::Embed and VectorIndex::Search, but kUnavailable.
  Result<std::vector<PassageHit>> Search(const RequestContext& ctx, const Viewer& viewer,
                                         const PassageQuery& query) const;
  /// Whether there is anything about `subject`.
  bool Has(const std::string& subject) const;
  /// How many passages `viewer` may see.
  uint64_t Count(const Viewer& viewer) const;
  /// Keeps the index's file beside the log, so that the next opening is quick, and writes the log anew when more than
  /// half of it is gone.
  Result<void> Checkpoint(const RequestContext& ctx);
  const EmbeddingModel& model() const { return embedder_->model(); }

 private:
  struct Entry;
  struct LabelSet {
    std::vector<std::string> labels;
    std::string name;      ///< The index's partition.
    uint64_t entries = 0;  ///< None: its number is free.
  };
  Corpus(CorpusOptions options, std::unique_ptr<Embedder> embedder, std::unique_ptr<VectorIndex> index);
  Result<void> Recover(const RequestContext& ctx);
  Result<void> CatchUp(const RequestContext& ctx);
  Result<void> CatchUpBatch(const RequestContext& ctx);
  void Apply(PassageChange change);
  void Drop(uint64_t key);
  Result<void> Commit(const RequestContext& ctx, std::vector<Passage> passages, std::set<uint64_t> removed);
  Result<std::vector<PassageChange>> ChangesFor(const RequestContext& ctx, std::vector<Passage> passages,
                                                const std::set<uint64_t>& removed);
  uint32_t LabelSetOf(const std::vector<std::string>& labels);
  void LetGoOfLabelSet(uint32_t number);
  PartitionMask VisibleTo(const Viewer& viewer) const;
  bool Takes(const PassageQuery& query, uint64_t key) const;
  Result<std::vector<VectorHit>> Nearest(const RequestContext& ctx, const VectorQuery& query,
                                         const PartitionMask& visible) const;
  std::vector<PassageHit> Rank(const PassageQuery& query, std::span<const float> vector,
                               const std::vector<VectorHit>& near, const std::vector<Bm25Hit>& worded) const;

  const CorpusOptions options_;
  const std::unique_ptr<Embedder> embedder_;
  const std::unique_ptr<VectorIndex> index_;
  std::unique_ptr<PassageLog> log_;  ///< Null without a path.
  std::mutex changing_;  ///< Held by a change from beginning to end; `mutex_` only while what searches read changes.
  mutable std::shared_mutex mutex_;
  std::map<uint64_t, Entry> entries_;
  std::unordered_map<std::string, uint64_t> ids_;
  std::map<std::string, std::set<uint64_t>> subjects_;
  std::vector<LabelSet> label_sets_;
  std::map<std::string, uint32_t> label_set_numbers_;
  std::vector<uint32_t> free_label_sets_;  ///< Those who come and go (groups of texts) would fill the list otherwise.
  Bm25Index words_;
  uint64_t next_key_ = 1;
  uint64_t removals_ = 0;
  std::set<uint64_t> stale_;            ///< Keys whose state in the index is not what it is here. Under `changing_`.
  std::atomic<bool> is_stale_ = false;  ///< There are some.
};

}  // namespace neurolake::retrieval
