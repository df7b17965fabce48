#include "ask/service/catalog_models.h"

#include <fmt/format.h>

#include "ask/service/file_models.h"
#include "query/semantic_models.h"

namespace neurolake::ask {
namespace {

std::string KeyOf(const catalog::SemanticModelRecord& model) {
  std::string key = fmt::format("catalogue\n{}\n{}\n{}", model.id, model.current.version, model.name);
  for (const auto& table : model.current.tables) {
    key += fmt::format("\n{}:{}:{}", table.schema_now.size(), table.schema_now, table.name_now);
  }
  return key;
}

}  // namespace

Result<std::optional<FoundModel>> CatalogModels::Find(const RequestContext& ctx, const std::string& name) {
  query::ModelAccess access(catalog_, ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto record, access.FindUsable(name));
  if (!record.has_value()) return std::nullopt;
  FoundModel found{.model = nullptr, .key = KeyOf(*record)};
  {
    const std::scoped_lock lock(mutex_);
    const auto known = loaded_.find(found.key);
    if (known != loaded_.end()) found.model = known->second;
  }
  if (found.model != nullptr) return found;
  NL_ASSIGN_OR_RETURN(auto model, query::ModelOf(*record, record->current));
  found.model = std::make_shared<const semantic::SemanticModel>(std::move(model));
  const std::scoped_lock lock(mutex_);
  if (loaded_.size() >= kLoadedMax) loaded_.clear();
  loaded_.emplace(found.key, found.model);
  return found;
}

Result<std::vector<ModelEntry>> CatalogModels::List(const RequestContext& ctx) {
  query::ModelAccess access(catalog_, ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto models, access.Usable());
  std::vector<ModelEntry> entries;
  for (const auto& model : models) {
    entries.push_back(
        {.name = model.name, .schema = model.schema_name, .label = model.name, .description = model.comment});
  }
  return entries;
}

Result<void> CatalogModels::CheckReview(const RequestContext& ctx, const std::string& name) {
  query::ModelAccess access(catalog_, ctx.principal());
  NL_ASSIGN_OR_RETURN(const auto model, access.Find(name));
  if (access.MayChange(model)) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "what questions over a semantic model mean is said by its owner or by who manages the lake: {}",
                   model.name);
}

Result<std::unique_ptr<ModelSource>> OpenModels(catalog::Catalog& catalog, const std::string& folder) {
  std::vector<std::unique_ptr<ModelSource>> sources;
  sources.push_back(std::make_unique<CatalogModels>(catalog));
  if (!folder.empty()) {
    NL_ASSIGN_OR_RETURN(auto files, FileModels::Open(folder));
    sources.push_back(std::move(files));
  }
  return std::make_unique<ModelSources>(std::move(sources));
}

}  // namespace neurolake::ask
