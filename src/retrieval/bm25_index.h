#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace neurolake::retrieval {

/// Which partitions (sets of labels) a search may look at, by number.
using PartitionMask = std::vector<bool>;

struct Bm25Options {
  double k1 = 1.2;
  double b = 0.75;
};

struct Bm25Hit {
  uint64_t key = 0;
  double score = 0;
};

/// Ranks texts by their terms (Okapi BM25, with Lucene's inverse document frequency, which is never negative). How many
/// texts have a term, how many there are and how long they are on average is counted over the partitions of the search
/// alone: what a searcher may not see moves no score, shows in no count and in no order. Not thread-safe for changes.
/// Source: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
class Bm25Index {
 public:
  explicit Bm25Index(Bm25Options options = {}) : options_(options) {}

  /// `key` must be new. Terms may repeat.
  void Add(uint64_t key, uint32_t partition, const std::vector<std::string>& terms);
  /// Nothing happens to a key that is not there.
  void Remove(uint64_t key);

  /// The texts of the visible partitions that have any of `terms` and that `accept` takes (null: all), best first,
  /// those of one score by key; at most `limit`. A term that repeats in the question counts as often.
  std::vector<Bm25Hit> Search(const std::vector<std::string>& terms, const PartitionMask& visible, size_t limit,
                              const std::function<bool(uint64_t)>& accept) const;

  size_t size() const { return entries_.size(); }

 private:
  struct Posting {
    uint64_t key = 0;
    uint32_t partition = 0;
    uint32_t count = 0;
    uint32_t length = 0;
  };
  struct Entry {
    uint32_t partition = 0;
    uint32_t length = 0;
    std::vector<std::string> terms;  ///< Each once.
  };
  struct Totals {
    uint64_t texts = 0;
    uint64_t length = 0;
  };

  Bm25Options options_;
  std::unordered_map<std::string, std::vector<Posting>> postings_;  ///< By key.
  std::unordered_map<uint64_t, Entry> entries_;
  std::vector<Totals> partitions_;
};

}  // namespace neurolake::retrieval
