#include "retrieval/bm25_index.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace neurolake::retrieval {

void Bm25Index::Add(uint64_t key, uint32_t partition, const std::vector<std::string>& terms) {
  std::map<std::string, uint32_t> counts;
  for (const std::string& term : terms) ++counts[term];
  const auto length = static_cast<uint32_t>(terms.size());
  Entry entry{.partition = partition, .length = length, .terms = {}};
  for (const auto& [term, count] : counts) {
    std::vector<Posting>& list = postings_[term];
    const Posting posting{key, partition, count, length};
    list.insert(std::ranges::upper_bound(list, key, {}, &Posting::key), posting);
    entry.terms.push_back(term);
  }
  entries_.emplace(key, std::move(entry));
  if (partitions_.size() <= partition) partitions_.resize(partition + 1);
  ++partitions_[partition].texts;
  partitions_[partition].length += length;
}

void Bm25Index::Remove(uint64_t key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  for (const std::string& term : found->second.terms) {
    const auto list = postings_.find(term);
    const auto posting = std::ranges::lower_bound(list->second, key, {}, &Posting::key);
    list->second.erase(posting);
    if (list->second.empty()) postings_.erase(list);
  }
  Totals& totals = partitions_[found->second.partition];
  --totals.texts;
  totals.length -= found->second.length;
  entries_.erase(found);
}

std::vector<Bm25Hit> Bm25Index::Search(const std::vector<std::string>& terms, const PartitionMask& visible,
                                       size_t limit, const std::function<bool(uint64_t)>& accept) const {
  Totals all;
  const auto sees = [&](uint32_t partition) { return partition < visible.size() && visible[partition]; };
  for (uint32_t partition = 0; partition < partitions_.size(); ++partition) {
    if (!sees(partition)) continue;
    all.texts += partitions_[partition].texts;
    all.length += partitions_[partition].length;
  }
  const double average =
      all.texts == 0 ? 1 : std::max(1.0, static_cast<double>(all.length) / static_cast<double>(all.texts));
  // In the terms' order, so that sums of floating-point numbers come out the same every time.
  std::map<std::string, uint32_t> wanted;
  for (const std::string& term : terms) ++wanted[term];
  std::unordered_map<uint64_t, double> scores;
  for (const auto& [term, repeats] : wanted) {
    const auto list = postings_.find(term);
    if (list == postings_.end()) continue;
    const auto having = std::ranges::count_if(list->second, [&](const Posting& p) { return sees(p.partition); });
    if (having == 0) continue;
    const double rarity = std::log(1 + (static_cast<double>(all.texts) - static_cast<double>(having) + 0.5) /
                                           (static_cast<double>(having) + 0.5));
    for (const Posting& posting : list->second) {
      if (!sees(posting.partition) || (accept && !accept(posting.key))) continue;
      const double count = posting.count;
      const double norm = options_.k1 * (1 - options_.b + options_.b * posting.length / average);
      scores[posting.key] += repeats * rarity * count * (options_.k1 + 1) / (count + norm);
    }
  }
  std::vector<Bm25Hit> hits;
  hits.reserve(scores.size());
  for (const auto& [key, score] : scores) hits.push_back({key, score});
  const auto better = [](const Bm25Hit& a, const Bm25Hit& b) {
    return a.score != b.score ? a.score > b.score : a.key < b.key;
  };
  const size_t kept = std::min(limit, hits.size());
  std::ranges::partial_sort(hits, hits.begin() + static_cast<std::ptrdiff_t>(kept), better);
  hits.resize(kept);
  return hits;
}

}  // namespace neurolake::retrieval
