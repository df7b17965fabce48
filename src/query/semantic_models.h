#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/semantic_models.h"
#include "common/request_context.h"
#include "common/result.h"
#include "query/grantee_names.h"
#include "semantic/model.h"

namespace neurolake::query {

/// Which semantic models of the catalogue a principal may use, and which it may change. To use one gives no right on a
/// table: what is asked over it runs as whoever asks.
///
/// A model is used by its owner, by who manages the lake and by whom USAGE was granted to, on the model, its schema or
/// the lake; what was denied is denied to these, too. It is changed by its owner and by who manages the lake. Made are
/// models by who may create tables and views, and by whom CREATE SEMANTIC MODEL was granted to. An agent may what both
/// may; a token for some schemas knows of the models of these. One that may neither be used nor changed is answered
/// like one that is not there.
///
/// Reads the store with each call, but for what was granted, which it keeps for its life: one statement or question.
/// Source: docs/semantic-layer.md, "Who may use a model".
class ModelAccess {
 public:
  /// Borrows both.
  ModelAccess(catalog::Catalog& catalog, const Principal& principal)
      : catalog_(catalog), principal_(principal), matcher_(catalog, principal) {
    if (principal.on_behalf_of != nullptr) behalf_.emplace(catalog, *principal.on_behalf_of);
  }

  Result<bool> MayUse(const catalog::SemanticModelRecord& model);
  bool MayChange(const catalog::SemanticModelRecord& model) const;
  Result<bool> MayCreateIn(const catalog::SchemaRecord& schema);

  /// Those that may be used, by name, without their texts.
  Result<std::vector<catalog::SemanticModelRecord>> Usable();
  Result<std::optional<catalog::SemanticModelRecord>> FindUsable(const std::string& name);
  /// One that may be used or changed. Errors: kNotFound for others, whether they are there or not.
  Result<catalog::SemanticModelRecord> Find(const std::string& name);

 private:
  struct Asked {
    std::string_view privilege;
    std::string model_id;  ///< Empty: of no model.
    std::string schema_id;
    bool by_itself = false;  ///< Without a grant.
  };
  Result<bool> Decide(GrantMatcher& matcher, const Asked& asked);

  catalog::Catalog& catalog_;
  const Principal& principal_;
  std::optional<std::vector<catalog::ObjectGrant>> grants_;
  GrantMatcher matcher_;
  std::optional<GrantMatcher> behalf_;  ///< Of whom an agent acts for.
};

/// "semantic model does not exist or may not be used: …", of both.
std::unexpected<Error> NoSuchModel(std::string_view name);

/// Whether a table that the version is made over is not there any more.
bool IsStale(const catalog::SemanticModelVersion& version);

/// What `version` of `model` says, under the model's name, over its tables as they are called now: unqualified ones are
/// of the model's schema. Errors: kDependentObjects for one that is stale, without the name of the table, which may be
/// hidden; kCorruption for a text that does not load.
Result<semantic::SemanticModel> ModelOf(const catalog::SemanticModelRecord& model,
                                        const catalog::SemanticModelVersion& version);

/// The tables that a text names, the schema filled in with `schema`: lower case, each once.
std::vector<catalog::SemanticModelTable> TablesOf(const semantic::SemanticModel& model, const std::string& schema);

}  // namespace neurolake::query
