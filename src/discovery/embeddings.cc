#include "discovery/embeddings.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "common/log.h"
#include "common/text.h"
#include "models/router.h"
#include "retrieval/hnsw_index.h"
#include "retrieval/index_place.h"
#include "retrieval/static_embedder.h"

namespace neurolake::discovery {
namespace {

constexpr size_t kTextsPerCall = 64;

class ModelEmbedder final : public retrieval::Embedder {
 public:
  ModelEmbedder(retrieval::EmbeddingModel model, std::shared_ptr<const models::EmbeddingModel> asked)
      : model_(std::move(model)), asked_(std::move(asked)) {}

  const retrieval::EmbeddingModel& model() const override { return model_; }

  Result<retrieval::EmbeddingBatch> Embed(const RequestContext& ctx,
                                          std::span<const std::string_view> texts) const override {
    retrieval::EmbeddingBatch batch(texts.size(), model_.dimension);
    for (size_t from = 0; from < texts.size(); from += kTextsPerCall) {
      const auto part = texts.subspan(from, std::min(kTextsPerCall, texts.size() - from));
      NL_ASSIGN_OR_RETURN(const auto made, asked_->Embed(ctx, {part.begin(), part.end()}));
      for (size_t at = 0; at < part.size(); ++at) {
        if (at >= made.vectors.size() || made.vectors[at].size() != model_.dimension)
          return MakeError(ErrorCode::kUnavailable, "the model of embeddings gave a vector of another dimension");
        std::ranges::copy(made.vectors[at], batch[from + at].begin());
        retrieval::Normalize(batch[from + at]);
      }
    }
    return batch;
  }

 private:
  const retrieval::EmbeddingModel model_;
  const std::shared_ptr<const models::EmbeddingModel> asked_;
};

Result<std::shared_ptr<const retrieval::Embedder>> StaticOf(const std::string& program) {
  const auto path = std::filesystem::path(program).parent_path() / ".." / "share" / "neurolake" / "embeddings.nlembed";
  std::error_code problem;
  if (!std::filesystem::exists(path, problem)) return nullptr;
  auto table = retrieval::StaticEmbedder::Open(path.string());
  if (table.has_value()) return std::shared_ptr<const retrieval::Embedder>(std::move(*table));
  Log(LogLevel::kWarn, "texts are compared by words alone", {}, {{"reason", table.error().message()}});
  return nullptr;
}

Result<std::shared_ptr<const retrieval::Embedder>> ConfiguredOf(const RequestContext& ctx, const Settings& settings,
                                                                const std::string& program) {
  const std::string& name = settings.retrieval_embeddings;
  if (name.empty()) return StaticOf(program);
  auto model = models::ModelOf(settings, "retrieval.embeddings", name);
  if (!model.has_value()) return std::unexpected(model.error());
  if ((*model)->external) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "retrieval.embeddings is told what the lake's tables, models and documents say, so it has to stay "
                     "on this machine: {}",
                     name);
  }
  if ((*model)->embeddings == nullptr)
    return MakeError(ErrorCode::kInvalidArgument, "retrieval.embeddings names a model that makes no vectors: {}", name);
  auto embedder = EmbedderOf(ctx, name, {*model, (*model)->embeddings.get()});
  if (embedder.has_value()) return std::shared_ptr<const retrieval::Embedder>(std::move(*embedder));
  if (embedder.error().code() != ErrorCode::kUnavailable) {
    return MakeError(embedder.error().code(), "retrieval.embeddings {}: {}", name, embedder.error().message());
  }
  Log(LogLevel::kWarn, "texts are compared by words alone, as the model of embeddings does not answer", {},
      {{"model", name}, {"reason", embedder.error().message()}});
  return nullptr;
}

/// The collection of this lake on this machine, of this model: nobody else's, as keys are this process's own.
std::string CollectionOf(const Settings& settings, const retrieval::EmbeddingModel& model) {
  std::error_code ignored;
  const std::string lake = std::filesystem::weakly_canonical(settings.lake, ignored).string();
  char host[256] = "";
  (void)::gethostname(host, sizeof(host) - 1);
  return "lake_" + Sha256Hex(fmt::format("{}\n{}\n{}\n{}", host, lake, model.id, model.dimension)).substr(0, 24);
}

Result<std::unique_ptr<retrieval::VectorIndex>> IndexOf(const RequestContext& ctx, const Settings& settings,
                                                        const retrieval::EmbeddingModel& model) {
  auto index = retrieval::OpenIndex(ctx,
                                    {.url = settings.retrieval_index,
                                     .token = settings.retrieval_index_token,
                                     .collection = CollectionOf(settings, model)},
                                    model);
  if (index.has_value()) return index;
  const Error& error = index.error();
  if (error.code() != ErrorCode::kUnavailable) {
    return MakeError(error.code(), "retrieval.index: {}", error.message());
  }
  Log(LogLevel::kWarn, "vectors are searched in this process, as retrieval.index does not answer", {},
      {{"reason", error.message()}});
  return retrieval::HnswIndex::Open({.model = model});
}

}  // namespace

Result<std::unique_ptr<retrieval::Embedder>> EmbedderOf(const RequestContext& ctx, std::string id,
                                                        std::shared_ptr<const models::EmbeddingModel> model) {
  NL_ASSIGN_OR_RETURN(const auto made, model->Embed(ctx, {"dimension"}));
  if (made.vectors.size() != 1 || made.vectors[0].empty())
    return MakeError(ErrorCode::kUnavailable, "the model of embeddings gave no vector");
  return std::make_unique<ModelEmbedder>(retrieval::EmbeddingModel{std::move(id), made.vectors[0].size()},
                                         std::move(model));
}

Result<std::shared_ptr<retrieval::TextIndex>> OpenTexts(const RequestContext& ctx, const Settings& settings,
                                                        const std::string& program) {
  NL_ASSIGN_OR_RETURN(auto embedder, ConfiguredOf(ctx, settings, program));
  const auto at_place = [&](const retrieval::EmbeddingModel& model) { return IndexOf(ctx, settings, model); };
  retrieval::TextIndexOptions options{.folder = (std::filesystem::path(settings.lake) / "retrieval").string()};
  if (!settings.retrieval_index.empty()) options.lasting_index = at_place;
  NL_ASSIGN_OR_RETURN(auto index, retrieval::TextIndex::Open(ctx, std::move(options), std::move(embedder)));
  return std::shared_ptr<retrieval::TextIndex>(std::move(index));
}

}  // namespace neurolake::discovery
