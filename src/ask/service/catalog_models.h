#pragma once
#include <map>
#include <mutex>
#include <string>

#include "ask/service/model_source.h"
#include "catalog/catalog.h"

namespace neurolake::ask {

/// The models that CREATE SEMANTIC MODEL made, as far as the principal may use them. What was loaded is kept until the
/// model, or the name of one of its tables, is another; whether it may be used is asked for each question. Thread-safe.
class CatalogModels final : public ModelSource {
 public:
  static constexpr size_t kLoadedMax = 64;

  /// Borrows it.
  explicit CatalogModels(catalog::Catalog& catalog) : catalog_(catalog) {}

  Result<std::optional<FoundModel>> Find(const RequestContext& ctx, const std::string& name) override;
  Result<std::vector<ModelEntry>> List(const RequestContext& ctx) override;
  Result<void> CheckReview(const RequestContext& ctx, const std::string& name) override;

 private:
  catalog::Catalog& catalog_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const semantic::SemanticModel>> loaded_;  ///< By key.
};

/// Models of the catalogue and, unless `folder` is empty, of a folder: the catalogue's go first. Borrows `catalog`.
/// Errors: as FileModels::Open.
Result<std::unique_ptr<ModelSource>> OpenModels(catalog::Catalog& catalog, const std::string& folder);

}  // namespace neurolake::ask
