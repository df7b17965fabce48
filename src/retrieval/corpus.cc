#include "retrieval/corpus.h"

#include <algorithm>

#include "retrieval/terms.h"

namespace neurolake::retrieval {
namespace {

constexpr size_t kEntriesPerCall = 512;
constexpr uint64_t kRemovalsMin = 1024;
constexpr size_t kLimitMax = 1000;

/// What of a passage is indexed: where it stands says much of what it means.
std::string IndexedText(const Passage& passage) {
  std::string text = passage.title;
  for (const std::string& heading : passage.headings) text += (text.empty() ? "" : "\n") + heading;
  text += text.empty() ? "" : "\n";
  text += passage.text.AsData();
  return text;
}

std::string PartitionName(const std::vector<std::string>& labels) {
  // Labels hold no control characters.
  return fmt::format("{}", fmt::join(labels, "\n"));
}

}  // namespace

struct Corpus::Entry {
  Passage passage;
  std::vector<float> vector;
  uint32_t label_set = 0;
};

Corpus::Corpus(CorpusOptions options, std::unique_ptr<Embedder> embedder, std::unique_ptr<VectorIndex> index)
    : options_(std::move(options)), embedder_(std::move(embedder)), index_(std::move(index)) {}
Corpus::~Corpus() = default;

Result<std::unique_ptr<Corpus>> Corpus::Open(const RequestContext& ctx, CorpusOptions options,
                                             std::unique_ptr<Embedder> embedder, std::unique_ptr<VectorIndex> index) {
  if (embedder->model() != index->model()) {
    return MakeError(ErrorCode::kInvalidArgument, "index of vectors is of model {} ({}), the embedder is {} ({})",
                     index->model().id, index->model().dimension, embedder->model().id, embedder->model().dimension);
  }
  std::unique_ptr<Corpus> corpus(new Corpus(std::move(options), std::move(embedder), std::move(index)));
  NL_RETURN_IF_ERROR(corpus->Recover(ctx));
  return corpus;
}

Result<void> Corpus::Recover(const RequestContext& ctx) {
  if (options_.path.empty()) return index_->Clear(ctx);
  std::map<uint64_t, std::vector<uint64_t>> changed;  // Keys by sequence.
  const auto visit = [&](uint64_t sequence, std::vector<PassageChange> changes) -> Result<void> {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    for (PassageChange& change : changes) {
      changed[sequence].push_back(change.key);
      Apply(std::move(change));
    }
    return {};
  };
  NL_ASSIGN_OR_RETURN(log_, PassageLog::Open(options_.path, embedder_->model(), visit));
  NL_ASSIGN_OR_RETURN(const std::string mark, index_->Mark(ctx));
  const std::optional<uint64_t> known = log_->SequenceOf(mark);
  NL_ASSIGN_OR_RETURN(const uint64_t size, index_->Size(ctx));
  if (!known && size > 0) NL_RETURN_IF_ERROR(index_->Clear(ctx));
  for (const auto& [sequence, keys] : changed) {
    if (!known || sequence > *known) stale_.insert(keys.begin(), keys.end());
  }
  is_stale_ = true;
  return CatchUp(ctx);
}

/// Brings what is stale in the index to its state here.
Result<void> Corpus::CatchUp(const RequestContext& ctx) {
  const bool any = !stale_.empty();
  while (!stale_.empty()) NL_RETURN_IF_ERROR(CatchUpBatch(ctx));
  is_stale_ = false;
  if (any && log_ != nullptr && index_->persists_cheaply()) NL_RETURN_IF_ERROR(index_->Persist(ctx, log_->Mark()));
  return {};
}

Result<void> Corpus::CatchUpBatch(const RequestContext& ctx) {
  std::vector<uint64_t> keys;
  std::vector<uint64_t> removed;
  std::vector<VectorEntry> added;
  for (const uint64_t key : stale_) {
    if (keys.size() >= kEntriesPerCall) break;
    keys.push_back(key);
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) {
      removed.push_back(key);
    } else {
      added.push_back({key, label_sets_[entry->second.label_set].name, entry->second.vector});
    }
  }
  if (!removed.empty()) NL_RETURN_IF_ERROR(index_->Remove(ctx, removed));
  if (!added.empty()) NL_RETURN_IF_ERROR(index_->Add(ctx, added));
  for (const uint64_t key : keys) stale_.erase(key);
  return {};
}

uint32_t Corpus::LabelSetOf(const std::vector<std::string>& labels) {
  std::string name = PartitionName(labels);
  const auto known = label_set_numbers_.find(name);
  if (known != label_set_numbers_.end()) return known->second;
  if (free_label_sets_.empty()) {
    free_label_sets_.push_back(static_cast<uint32_t>(label_sets_.size()));
    label_sets_.emplace_back();
  }
  const uint32_t number = free_label_sets_.back();
  free_label_sets_.pop_back();
  label_set_numbers_[name] = number;
  label_sets_[number] = {.labels = labels, .name = std::move(name)};
  return number;
}

void Corpus::LetGoOfLabelSet(uint32_t number) {
  LabelSet& set = label_sets_[number];
  if (--set.entries > 0) return;
  label_set_numbers_.erase(set.name);
  set = {};
  free_label_sets_.push_back(number);
}

void Corpus::Drop(uint64_t key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  const Passage& passage = found->second.passage;
  words_.Remove(key);
  ids_.erase(passage.id);
  const auto subject = subjects_.find(passage.subject);
  subject->second.erase(key);
  if (subject->second.empty()) subjects_.erase(subject);
  LetGoOfLabelSet(found->second.label_set);
  entries_.erase(found);
  ++removals_;
}

void Corpus::Apply(PassageChange change) {
  next_key_ = std::max(next_key_, change.key + 1);
  if (change.removed) return Drop(change.key);
  const Passage& passage = change.passage;
  const uint32_t label_set = LabelSetOf(passage.labels);
  ++label_sets_[label_set].entries;
  words_.Add(change.key, label_set, TermsOf(IndexedText(passage)));
  ids_[passage.id] = change.key;
  subjects_[passage.subject].insert(change.key);
  entries_.emplace(change.key, Entry{std::move(change.passage), std::move(change.vector), label_set});
}

Result<std::vector<PassageChange>> Corpus::ChangesFor(const RequestContext& ctx, std::vector<Passage> passages,
                                                      const std::set<uint64_t>& removed) {
  std::vector<std::string> texts;
  for (const Passage& passage : passages) texts.push_back(IndexedText(passage));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  NL_ASSIGN_OR_RETURN(const EmbeddingBatch vectors, embedder_->Embed(ctx, views));
  std::vector<PassageChange> changes;
  for (const uint64_t key : removed) changes.push_back({.key = key, .removed = true});
  uint64_t key = next_key_;
  for (size_t at = 0; at < passages.size(); ++at) {
    NL_RETURN_IF_ERROR(CheckVector(embedder_->model(), vectors[at]));
    changes.push_back({.key = key++,
                       .removed = false,
                       .passage = std::move(passages[at]),
                       .vector = std::vector<float>(vectors[at].begin(), vectors[at].end())});
  }
  return changes;
}

/// Under `changing_`.
Result<void> Corpus::Commit(const RequestContext& ctx, std::vector<Passage> passages, std::set<uint64_t> removed) {
  std::set<std::string> given;
  for (Passage& passage : passages) {
    NL_RETURN_IF_ERROR(PreparePassage(passage));
    if (!given.insert(passage.id).second) {
      return MakeError(ErrorCode::kInvalidArgument, "id of a passage is given twice: {}", passage.id);
    }
    if (const auto old = ids_.find(passage.id); old != ids_.end()) removed.insert(old->second);
  }
  if (passages.empty() && removed.empty()) return {};
  NL_ASSIGN_OR_RETURN(std::vector<PassageChange> changes, ChangesFor(ctx, std::move(passages), removed));
  if (log_ != nullptr) NL_RETURN_IF_ERROR(log_->Append(changes));
  {
    std::unique_lock lock(mutex_);
    is_stale_ = true;
    for (PassageChange& change : changes) {
      stale_.insert(change.key);
      Apply(std::move(change));
    }
  }
  // The change is made and durable: an index that cannot follow now is stale, which is remembered, not an error.
  (void)CatchUp(ctx);
  return {};
}

Result<void> Corpus::Add(const RequestContext& ctx, std::vector<Passage> passages) {
  std::lock_guard changing(changing_);
  return Commit(ctx, std::move(passages), {});
}

Result<void> Corpus::Replace(const RequestContext& ctx, const std::string& subject, std::vector<Passage> passages) {
  for (const Passage& passage : passages) {
    if (passage.subject != subject) {
      return MakeError(ErrorCode::kInvalidArgument, "passage {} is not about {}", passage.id, subject);
    }
  }
  std::lock_guard changing(changing_);
  const auto old = subjects_.find(subject);
  return Commit(ctx, std::move(passages), old == subjects_.end() ? std::set<uint64_t>() : old->second);
}

Result<uint64_t> Corpus::RemoveSubject(const RequestContext& ctx, const std::string& subject) {
  std::lock_guard changing(changing_);
  const auto old = subjects_.find(subject);
  if (old == subjects_.end()) return uint64_t{0};
  const std::set<uint64_t> keys = old->second;
  NL_RETURN_IF_ERROR(Commit(ctx, {}, keys));
  return uint64_t{keys.size()};
}

PartitionMask Corpus::VisibleTo(const Viewer& viewer) const {
  PartitionMask visible(label_sets_.size());
  for (size_t number = 0; number < label_sets_.size(); ++number) {
    visible[number] = label_sets_[number].entries > 0 && viewer.Sees(label_sets_[number].labels);
  }
  return visible;
}

bool Corpus::Takes(const PassageQuery& query, uint64_t key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  const Passage& passage = found->second.passage;
  if (!query.kinds.empty() && std::ranges::find(query.kinds, passage.kind) == query.kinds.end()) return false;
  return !query.subject || (!passage.subject.empty() && query.subject(passage.subject));
}

Result<std::vector<PassageHit>> Corpus::Search(const RequestContext& ctx, const Viewer& viewer,
                                               const PassageQuery& query) const {
  if (query.limit > kLimitMax) {
    return MakeError(ErrorCode::kInvalidArgument, "limit of a search must not be above {}", kLimitMax);
  }
  const std::string meaning = WithoutIdentifiers(query.text);
  const std::string_view texts[] = {meaning};
  NL_ASSIGN_OR_RETURN(const EmbeddingBatch vectors, embedder_->Embed(ctx, texts));
  std::shared_lock lock(mutex_);
  const PartitionMask visible = VisibleTo(viewer);
  std::vector<std::string> partitions;
  for (size_t number = 0; number < visible.size(); ++number) {
    if (visible[number]) partitions.push_back(label_sets_[number].name);
  }
  if (partitions.empty() || query.limit == 0) return std::vector<PassageHit>();
  const size_t candidates = std::max(options_.candidates_min, query.limit * 4);
  // Also passes over keys that a stale index still has.
  const auto accept = [&](uint64_t key) { return Takes(query, key); };
  NL_ASSIGN_OR_RETURN(
      const std::vector<VectorHit> near,
      Nearest(ctx, {.vector = vectors[0], .limit = candidates, .partitions = partitions, .accept = accept}, visible));
  const std::vector<Bm25Hit> worded = words_.Search(QuestionTermsOf(query.text), visible, SIZE_MAX, accept);
  return Rank(query, vectors[0], near, worded);
}

/// Under `mutex_`.
Result<std::vector<VectorHit>> Corpus::Nearest(const RequestContext& ctx, const VectorQuery& query,
                                               const PartitionMask& visible) const {
  std::vector<VectorHit> hits;
  if (!is_stale_) {
    const auto near = index_->Search(ctx, query);
    if (near.has_value()) {
      for (const VectorHit& hit : *near) {
        const auto entry = entries_.find(hit.key);
        // An index of another process's making is not trusted with who sees what.
        if (entry != entries_.end() && visible[entry->second.label_set]) hits.push_back(hit);
      }
      return hits;
    }
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    if (near.error().code() != ErrorCode::kUnavailable) return std::unexpected(near.error());
  }
  for (const auto& [key, entry] : entries_) {
    if (!visible[entry.label_set] || !query.accept(key)) continue;
    hits.push_back({key, static_cast<float>(InnerProduct(query.vector, entry.vector))});
  }
  std::ranges::sort(hits, IsBetter);
  if (hits.size() > query.limit) hits.resize(query.limit);
  return hits;
}

std::vector<PassageHit> Corpus::Rank(const PassageQuery& query, std::span<const float> vector,
                                     const std::vector<VectorHit>& near, const std::vector<Bm25Hit>& worded) const {
  const size_t candidates = std::max(options_.candidates_min, query.limit * 4);
  std::unordered_map<uint64_t, double> bm25;
  std::set<uint64_t> keys;
  for (const Bm25Hit& hit : worded) {
    bm25[hit.key] = hit.score;
    if (keys.size() < candidates) keys.insert(hit.key);
  }
  for (const VectorHit& hit : near) keys.insert(hit.key);
  struct Ranked {
    const Entry* entry = nullptr;
    double score = 0;
    double cosine = 0;
    double bm25 = 0;
  };
  std::vector<Ranked> ranked;
  for (const uint64_t key : keys) {
    const Entry& entry = entries_.at(key);
    const double cosine = InnerProduct(vector, entry.vector);
    const double words = bm25.contains(key) ? bm25[key] : 0;
    ranked.push_back({&entry, cosine + options_.lexical_weight * words, cosine, words});
  }
  std::ranges::sort(ranked, [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.entry->passage.id < b.entry->passage.id;
  });
  std::vector<PassageHit> hits;
  for (const Ranked& one : ranked) {
    if (hits.size() == query.limit) break;
    hits.push_back({one.entry->passage, one.score, one.cosine, one.bm25});
  }
  return hits;
}

bool Corpus::Has(const std::string& subject) const {
  std::shared_lock lock(mutex_);
  return subjects_.contains(subject);
}

uint64_t Corpus::Count(const Viewer& viewer) const {
  std::shared_lock lock(mutex_);
  const PartitionMask visible = VisibleTo(viewer);
  return static_cast<uint64_t>(
      std::ranges::count_if(entries_, [&](const auto& entry) { return visible[entry.second.label_set]; }));
}

Result<void> Corpus::Checkpoint(const RequestContext& ctx) {
  std::lock_guard changing(changing_);
  if (log_ == nullptr) return CatchUp(ctx);
  if (removals_ >= kRemovalsMin && removals_ > entries_.size()) {
    std::vector<PassageChange> all;
    for (const auto& [key, entry] : entries_) all.push_back({key, false, entry.passage, entry.vector});
    NL_RETURN_IF_ERROR(log_->Compact(all));
    removals_ = 0;
  }
  NL_RETURN_IF_ERROR(CatchUp(ctx));
  return index_->Persist(ctx, log_->Mark());
}

}  // namespace neurolake::retrieval
