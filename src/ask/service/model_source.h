#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "semantic/model.h"

namespace neurolake::ask {

/// A semantic model as it was made. What of it a principal may know is found out by VisibleModels.
struct FoundModel {
  std::shared_ptr<const semantic::SemanticModel> model;
  std::string key;  ///< Tells it, and this version of it, from any other.
};

/// What a list of models says of one.
struct ModelEntry {
  std::string name;
  std::string schema;  ///< Empty for one that is of no schema.
  std::string label;
  std::string description;
};

/// Where semantic models come from. Thread-safe.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  /// Nothing for a model that is not there, and for one that the principal may not use. Errors: kDependentObjects for
  /// one that no longer fits the lake.
  virtual Result<std::optional<FoundModel>> Find(const RequestContext& ctx, const std::string& name) = 0;
  /// Those that the principal may use, by name.
  virtual Result<std::vector<ModelEntry>> List(const RequestContext& ctx) = 0;
  /// Their names.
  Result<std::vector<std::string>> Names(const RequestContext& ctx);
  /// Whether the principal may say, for everybody, what questions over the model mean. Errors: kPermissionDenied;
  /// kNotFound as a question.
  virtual Result<void> CheckReview(const RequestContext& ctx, const std::string& name) = 0;
};

/// Several sources as one: of models of one name, the first source's is meant.
class ModelSources final : public ModelSource {
 public:
  explicit ModelSources(std::vector<std::unique_ptr<ModelSource>> sources) : sources_(std::move(sources)) {}
  Result<std::optional<FoundModel>> Find(const RequestContext& ctx, const std::string& name) override;
  Result<std::vector<ModelEntry>> List(const RequestContext& ctx) override;
  Result<void> CheckReview(const RequestContext& ctx, const std::string& name) override;

 private:
  std::vector<std::unique_ptr<ModelSource>> sources_;
};

/// The model called `name`. Without a name: the only one that the principal may use, or the only one of `schema`.
/// Errors: kNotFound for unknown and forbidden ones alike, and where there is none, or no telling which.
Result<FoundModel> ChooseModel(const RequestContext& ctx, ModelSource& models, const std::string& name,
                               const std::string& schema);

}  // namespace neurolake::ask
