#pragma once
#include <string>
#include <vector>

#include "catalog/semantic_models.h"
#include "metastore/database.h"

namespace neurolake::catalog {

class StoreSemanticModels final : public SemanticModels {
 public:
  /// Borrows it.
  explicit StoreSemanticModels(metastore::Store& store) : store_(store) {}

  Result<void> Create(const SemanticModelRecord& model) override;
  Result<int64_t> AddVersion(const std::string& id, int64_t before, const SemanticModelVersion& version) override;
  Result<void> Rename(const std::string& id, const std::string& name) override;
  Result<void> SetOwner(const std::string& id, const PrincipalId& owner) override;
  Result<void> SetComment(const std::string& id, const std::string& comment) override;
  Result<void> Drop(const std::string& id) override;
  Result<std::optional<SemanticModelRecord>> Find(const std::string& name) override;
  Result<std::optional<SemanticModelVersion>> FindVersion(const std::string& id, int64_t version) override;
  Result<std::vector<SemanticModelRecord>> List() override;
  Result<std::vector<SemanticModelVersion>> ListVersions(const std::string& id) override;
  Result<void> ForgetVersion(const std::string& id, int64_t version) override;

 private:
  Result<void> Change(const std::string& id, const std::string& column, const metastore::Value& value);

  metastore::Store& store_;
};

/// Before a schema goes: its models go with it if `cascade`. Errors: kDependentObjects else.
Result<void> DropSemanticModelsOf(metastore::Session& session, const std::string& schema_id, bool cascade);

/// What was granted on an object that is not there any more (ObjectGrant::object_kind, ObjectGrant::object).
Result<void> ForgetObjectGrants(metastore::Session& session, std::string_view kind, const std::string& object);

}  // namespace neurolake::catalog
