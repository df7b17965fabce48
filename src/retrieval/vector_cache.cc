#include "retrieval/vector_cache.h"

#include <algorithm>
#include <filesystem>

#include "common/log.h"
#include "retrieval/internal/files.h"

namespace neurolake::retrieval {
namespace {

constexpr const char* kLabel = "vector";

}  // namespace

Result<std::shared_ptr<VectorCache>> VectorCache::Open(VectorCacheOptions options,
                                                       std::shared_ptr<const Embedder> embedder) {
  std::shared_ptr<VectorCache> cache(new VectorCache(std::move(options), std::move(embedder)));
  if (cache->options_.path.empty()) return cache;
  auto opened = cache->OpenLog();
  if (opened.has_value()) return cache;
  const Error error = opened.error();
  cache->log_.reset();
  cache->keys_.clear();
  cache->kept_.clear();
  if (error.code() == ErrorCode::kConflict) {
    Log(LogLevel::kInfo, "vectors of texts are not kept", {}, {{"reason", error.message()}});
    return cache;
  }
  const bool anew = error.code() == ErrorCode::kInvalidArgument || error.code() == ErrorCode::kCorruption ||
                    error.code() == ErrorCode::kNotSupported;
  if (!anew) return std::unexpected(error);
  Log(LogLevel::kInfo, "the kept vectors of texts are made anew", {}, {{"reason", error.message()}});
  std::error_code ignored;
  std::filesystem::remove(cache->options_.path, ignored);
  NL_RETURN_IF_ERROR(cache->OpenLog());
  return cache;
}

Result<void> VectorCache::OpenLog() {
  const auto visit = [&](uint64_t, std::vector<PassageChange> changes) -> Result<void> {
    for (PassageChange& change : changes) Note(std::move(change));
    return {};
  };
  NL_ASSIGN_OR_RETURN(log_, PassageLog::Open(options_.path, embedder_->model(), visit));
  return {};
}

void VectorCache::Note(PassageChange change) {
  next_key_ = std::max(next_key_, change.key + 1);
  if (change.removed || change.vector.size() != model().dimension) return;
  keys_[change.passage.id] = change.key;
  kept_[change.key] = std::move(change);
}

Result<EmbeddingBatch> VectorCache::Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const {
  EmbeddingBatch batch(texts.size(), model().dimension);
  std::vector<size_t> missing;
  {
    const std::lock_guard lock(mutex_);
    for (size_t at = 0; at < texts.size(); ++at) {
      const auto known = keys_.find(HexDigest(texts[at]));
      if (known == keys_.end()) missing.push_back(at);
      else std::ranges::copy(kept_.at(known->second).vector, batch[at].begin());
    }
  }
  if (missing.empty()) return batch;
  std::vector<std::string_view> rest;
  for (const size_t at : missing) rest.push_back(texts[at]);
  NL_ASSIGN_OR_RETURN(const EmbeddingBatch made, embedder_->Embed(ctx, rest));
  for (size_t at = 0; at < missing.size(); ++at) std::ranges::copy(made[at], batch[missing[at]].begin());
  return batch;
}

Result<void> VectorCache::Keep(const RequestContext& ctx, std::span<const std::string_view> texts) {
  std::vector<std::string_view> missing;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string_view text : texts) {
      if (!keys_.contains(HexDigest(text))) missing.push_back(text);
    }
  }
  if (missing.empty()) return {};
  NL_ASSIGN_OR_RETURN(const EmbeddingBatch made, embedder_->Embed(ctx, missing));
  const std::lock_guard lock(mutex_);
  std::vector<PassageChange> changes;
  for (size_t at = 0; at < missing.size(); ++at) {
    std::string digest = HexDigest(missing[at]);
    if (keys_.contains(digest)) continue;  // Given twice, or somebody else was quicker.
    PassageChange change{.key = next_key_, .vector = std::vector<float>(made[at].begin(), made[at].end())};
    change.passage.id = std::move(digest);
    change.passage.labels = {kLabel};  // A passage has one; nobody is given it.
    changes.push_back(change);
    Note(std::move(change));
  }
  Write(changes);
  return {};
}

/// Under `mutex_`.
void VectorCache::Write(const std::vector<PassageChange>& changes) {
  Result<void> written;
  if (kept_.size() <= options_.vectors_max) {
    if (log_ != nullptr && !changes.empty()) written = log_->Append(changes);
  } else {
    // Half of them goes at once, so that the file is not written anew each time.
    while (kept_.size() > options_.vectors_max / 2) {
      keys_.erase(kept_.begin()->second.passage.id);
      kept_.erase(kept_.begin());
    }
    std::vector<PassageChange> all;
    for (const auto& [key, change] : kept_) all.push_back(change);
    if (log_ != nullptr) written = log_->Compact(all);
  }
  if (written.has_value()) return;
  Log(LogLevel::kWarn, "vectors of texts are not kept", {}, {{"reason", written.error().message()}});
  log_.reset();
}

}  // namespace neurolake::retrieval
