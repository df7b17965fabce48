#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"

namespace neurolake::catalog {

/// A table or view that a version of a semantic model is made over.
struct SemanticModelTable {
  std::string schema_name;  ///< As the model's text names it, the schema filled in; lower case.
  std::string name;
  std::string relation_id;  ///< Empty: the lake's own (schema system), which has none.
  /// What it is called now; empty where the table is gone.
  std::string schema_now = {};
  std::string name_now = {};
  bool is_gone() const { return name_now.empty(); }
};

/// What a semantic model said at one time. Never changed.
struct SemanticModelVersion {
  int64_t version = 0;                             ///< From 1; given by the catalogue.
  std::string body;                                ///< YAML; empty in lists.
  std::string digest;                              ///< SHA-256 of it.
  std::optional<int64_t> restored = std::nullopt;  ///< The version that it brought back.
  std::string created_by;
  WallTime created;
  std::vector<SemanticModelTable> tables = {};  ///< Empty in lists of versions.
};

/// A semantic model: a name of the lake, versions behind it, and a schema it is of.
struct SemanticModelRecord {
  std::string id;
  std::string name;  ///< Lower case; one in the lake.
  std::string schema_id;
  std::string schema_name;
  PrincipalId owner;
  std::string comment;
  WallTime created;
  WallTime updated;
  SemanticModelVersion current;
};

/// Semantic models of the lake; what is granted on them, by their ids, is in ObjectGrantCatalog. Thread-safe. Errors of
/// every call: those of the store.
class SemanticModels {
 public:
  static constexpr int64_t kModelsMax = 1'000;
  static constexpr int64_t kVersionsMax = 1'000;  ///< Of a model; one more, and the oldest is forgotten.

  virtual ~SemanticModels() = default;

  /// With `current` as version 1. Errors: kAlreadyExists; kSchemaNotFound; kInvalidArgument for a name that cannot be
  /// one, a text that cannot be stored, or when there are kModelsMax.
  virtual Result<void> Create(const SemanticModelRecord& model) = 0;
  /// The next version, which is current from then on, and its number: the current one's where it says the same.
  /// `before` is the version that whoever calls has seen. Errors: kNotFound; kConflict when it is not current any more.
  virtual Result<int64_t> AddVersion(const std::string& id, int64_t before, const SemanticModelVersion& version) = 0;
  /// Errors: kNotFound; kAlreadyExists; kInvalidArgument as Create.
  virtual Result<void> Rename(const std::string& id, const std::string& name) = 0;
  virtual Result<void> SetOwner(const std::string& id, const PrincipalId& owner) = 0;
  virtual Result<void> SetComment(const std::string& id, const std::string& comment) = 0;
  /// With its versions and what was granted on it. Errors: kNotFound.
  virtual Result<void> Drop(const std::string& id) = 0;

  virtual Result<std::optional<SemanticModelRecord>> Find(const std::string& name) = 0;
  virtual Result<std::optional<SemanticModelVersion>> FindVersion(const std::string& id, int64_t version) = 0;
  /// By name, with tables and without texts.
  virtual Result<std::vector<SemanticModelRecord>> List() = 0;
  /// Newest first.
  virtual Result<std::vector<SemanticModelVersion>> ListVersions(const std::string& id) = 0;
  /// Forgets an older version. No error where it is not there; kInvalidArgument for the current one.
  virtual Result<void> ForgetVersion(const std::string& id, int64_t version) = 0;
};

}  // namespace neurolake::catalog
