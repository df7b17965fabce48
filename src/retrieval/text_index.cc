#include "retrieval/text_index.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "retrieval/hnsw_index.h"
#include "retrieval/internal/files.h"
#include "retrieval/vector_cache.h"

namespace neurolake::retrieval {
namespace {

constexpr int kAttemptsMax = 3;

/// In place of an embedder: every text is the zero vector, near nothing.
class WordsAlone final : public Embedder {
 public:
  const EmbeddingModel& model() const override { return model_; }
  Result<EmbeddingBatch> Embed(const RequestContext&, std::span<const std::string_view> texts) const override {
    return EmbeddingBatch(texts.size(), 1);
  }

 private:
  const EmbeddingModel model_{"words", 1};
};

/// One embedder for several corpora.
class SharedEmbedder final : public Embedder {
 public:
  explicit SharedEmbedder(std::shared_ptr<const Embedder> embedder) : embedder_(std::move(embedder)) {}
  const EmbeddingModel& model() const override { return embedder_->model(); }
  Result<EmbeddingBatch> Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const override {
    return embedder_->Embed(ctx, texts);
  }

 private:
  const std::shared_ptr<const Embedder> embedder_;
};

/// Of all that it says, each text with its length: no two groups have one label.
std::string LabelOf(const TextGroup& group) {
  std::string all = fmt::format("{}:{}", static_cast<int>(group.kind), group.name);
  for (const std::string& text : group.texts) {
    all += fmt::format("\n{}:", text.size());
    all += text;
  }
  return HexDigest(all);
}

std::string SubjectOf(const std::string& name, const std::string& label) { return name + "\n" + label; }

/// `index` null: one in memory.
Result<std::unique_ptr<Corpus>> NewCorpus(const RequestContext& ctx, const std::shared_ptr<const Embedder>& embedder,
                                          std::unique_ptr<VectorIndex> index = nullptr) {
  if (index == nullptr) {
    NL_ASSIGN_OR_RETURN(index, HnswIndex::Open({.model = embedder->model()}));
  }
  return Corpus::Open(ctx, {}, std::make_unique<SharedEmbedder>(embedder), std::move(index));
}

}  // namespace

/// A corpus, and which groups are in it.
class TextIndex::Shelf {
 public:
  /// `cache` null: no vector is kept.
  Shelf(std::unique_ptr<Corpus> corpus, std::shared_ptr<VectorCache> cache, size_t texts_max)
      : corpus_(std::move(corpus)), cache_(std::move(cache)), texts_max_(texts_max) {}

  const EmbeddingModel& model() const { return corpus_->model(); }

  /// Has it there when it returns. Its label.
  Result<std::string> Have(const RequestContext& ctx, const TextGroup& group) {
    std::string label = LabelOf(group);
    if (HasAll({label})) return label;
    const std::string subject = SubjectOf(group.name, label);
    std::vector<Passage> passages;
    for (size_t at = 0; at < group.texts.size(); ++at) {
      passages.push_back({.id = fmt::format("{}#{:08}", label, at),
                          .kind = group.kind,
                          .subject = subject,
                          .text = UntrustedText(group.texts[at].substr(0, kPassageBytesMax)),
                          .labels = {label}});
    }
    if (cache_ != nullptr) {
      std::vector<std::string_view> texts;
      for (const Passage& passage : passages) texts.push_back(passage.text.AsData());
      NL_RETURN_IF_ERROR(cache_->Keep(ctx, texts));
    }
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      // Not under the lock, as an embedder may take its time. Two that do it at once do the same.
      NL_RETURN_IF_ERROR(corpus_->Replace(ctx, subject, passages));
      const std::lock_guard lock(mutex_);
      // Else somebody who brought the same was quicker, and had to make room for others since.
      if (!corpus_->Has(subject)) continue;
      NL_RETURN_IF_ERROR(Note(ctx, group, label));
      break;
    }
    return label;
  }

  /// Whether all of them are there; then they are in use.
  bool HasAll(const std::set<std::string>& labels) {
    const std::lock_guard lock(mutex_);
    ++uses_;
    return std::ranges::all_of(labels, [&](const std::string& label) {
      const auto known = groups_.find(label);
      if (known == groups_.end()) return false;
      known->second.used = uses_;
      return true;
    });
  }

  Result<std::vector<PassageHit>> Search(const RequestContext& ctx, std::set<std::string> labels,
                                         const TextQuery& query) const {
    return corpus_->Search(ctx, Viewer(std::move(labels)),
                           {.text = query.text, .limit = std::min(query.limit, kLimitMax)});
  }

 private:
  struct Known {
    std::string name;
    size_t count = 0;
    uint64_t used = 0;
  };

  /// Under `mutex_`: the group is there, and in use.
  Result<void> Note(const RequestContext& ctx, const TextGroup& group, const std::string& label) {
    Known& known = groups_[label];
    known.used = ++uses_;
    if (!known.name.empty()) return {};
    known.name = group.name;
    known.count = group.texts.size();
    texts_ += known.count;
    return MakeRoom(ctx, group.name);
  }

  /// Under `mutex_`. What was used last stays, whatever the limits.
  Result<void> MakeRoom(const RequestContext& ctx, const std::string& name) {
    const auto oldest = [&](bool of_name) {
      auto found = groups_.end();
      for (auto one = groups_.begin(); one != groups_.end(); ++one) {
        if (one->second.used == uses_ || (of_name && one->second.name != name)) continue;
        if (found == groups_.end() || one->second.used < found->second.used) found = one;
      }
      return found;
    };
    const auto versions = [&] {
      return std::ranges::count_if(groups_, [&](const auto& one) { return one.second.name == name; });
    };
    while (true) {
      const bool of_name = versions() > static_cast<std::ptrdiff_t>(kVersionsMax);
      if (!of_name && texts_ <= texts_max_) break;
      const auto gone = oldest(of_name);
      if (gone == groups_.end()) break;
      NL_RETURN_IF_ERROR(corpus_->RemoveSubject(ctx, SubjectOf(gone->second.name, gone->first)));
      texts_ -= gone->second.count;
      groups_.erase(gone);
    }
    return {};
  }

  const std::unique_ptr<Corpus> corpus_;
  const std::shared_ptr<VectorCache> cache_;
  const size_t texts_max_;
  std::mutex mutex_;
  std::map<std::string, Known> groups_;  ///< By label.
  size_t texts_ = 0;
  uint64_t uses_ = 0;
};

TextIndex::TextIndex() = default;
TextIndex::~TextIndex() = default;

const EmbeddingModel& TextIndex::model() const { return passing_->model(); }

Result<std::unique_ptr<TextIndex>> TextIndex::Open(const RequestContext& ctx, TextIndexOptions options,
                                                   std::shared_ptr<const Embedder> embedder) {
  std::unique_ptr<TextIndex> index(new TextIndex);
  index->has_meaning_ = embedder != nullptr;
  if (embedder == nullptr) embedder = std::make_shared<WordsAlone>();
  const std::string& folder = options.folder;
  if (!folder.empty()) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
    if (problem) {
      return MakeError(ErrorCode::kIoError, "folder of the index of texts cannot be made: {}: {}", folder,
                       problem.message());
    }
  }
  NL_ASSIGN_OR_RETURN(const auto cache,
                      VectorCache::Open({.path = folder.empty() ? "" : folder + "/vectors.log"}, embedder));
  std::unique_ptr<VectorIndex> place;
  if (options.lasting_index != nullptr && index->has_meaning_ && (folder.empty() || cache->is_kept())) {
    NL_ASSIGN_OR_RETURN(place, options.lasting_index(embedder->model()));
  }
  NL_ASSIGN_OR_RETURN(auto lasting, NewCorpus(ctx, cache, std::move(place)));
  index->lasting_ = std::make_unique<Shelf>(std::move(lasting), cache, options.texts_max);
  NL_ASSIGN_OR_RETURN(auto passing, NewCorpus(ctx, embedder));
  index->passing_ = std::make_unique<Shelf>(std::move(passing), nullptr, options.texts_max);
  return index;
}

Result<std::vector<TextHit>> TextIndex::Rank(const RequestContext& ctx, const TextQuery& query) {
  Shelf& shelf = query.lasting ? *lasting_ : *passing_;
  std::map<std::string, size_t> groups;  // By label.
  std::set<std::string> labels;
  std::vector<PassageHit> found;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    for (size_t at = 0; at < query.groups.size(); ++at) {
      if (query.groups[at].texts.empty()) continue;
      NL_ASSIGN_OR_RETURN(const std::string label, shelf.Have(ctx, query.groups[at]));
      groups.try_emplace(label, at);
      labels.insert(label);
    }
    NL_ASSIGN_OR_RETURN(found, shelf.Search(ctx, labels, query));
    if (shelf.HasAll(labels)) break;  // Else others made room for theirs meanwhile.
  }
  std::vector<TextHit> hits;
  for (const PassageHit& hit : found) {
    const std::string& id = hit.passage.id;
    const size_t mark = id.find('#');
    TextHit one{.group = groups.at(id.substr(0, mark)), .meaning = hit.cosine, .words = hit.bm25};
    std::from_chars(id.data() + mark + 1, id.data() + id.size(), one.index);
    hits.push_back(one);
  }
  // Ids are digests, whose order says nothing.
  std::ranges::stable_sort(hits, [](const TextHit& a, const TextHit& b) {
    if (a.Score() != b.Score()) return a.Score() > b.Score();
    return a.group != b.group ? a.group < b.group : a.index < b.index;
  });
  return hits;
}

}  // namespace neurolake::retrieval
