#pragma once
#include "catalog/catalog.h"
#include "models/model_rights.h"

namespace neurolake::query {

/// EXECUTE ON MODEL, as the catalogue has it. Nothing is cached: what is taken is taken from the next call.
/// Thread-safe.
class ModelGrants final : public models::ModelRights {
 public:
  explicit ModelGrants(catalog::Catalog& catalog) : catalog_(catalog) {}
  Result<bool> MayExecute(const RequestContext& ctx, const std::string& model) const override;

 private:
  catalog::Catalog& catalog_;
};

}  // namespace neurolake::query
