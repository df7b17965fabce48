#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "catalog/function_grants.h"
#include "common/clock.h"
#include "common/result.h"

namespace neurolake::catalog {

/// Kinds of objects that ObjectGrants are about.
inline constexpr std::string_view kModelKind = "model";                   ///< By name. EXECUTE.
inline constexpr std::string_view kPipelineKind = "pipeline";             ///< By name. EXECUTE, MODIFY, OWNERSHIP.
inline constexpr std::string_view kSemanticModelKind = "semantic_model";  ///< By id. USAGE; of all of them CREATE, too.
inline constexpr std::string_view kModelsOfSchemaKind = "semantic_models_of_schema";  ///< By its id. USAGE, CREATE.

/// What GRANT or DENY says of an object that is none of the lake's relations. One of an object, privilege and grantee:
/// the newer takes the older one's place.
struct ObjectGrant {
  std::string object_kind;   ///< One of the above.
  std::string object;        ///< A name or an id, as its kind says. Empty: all of the kind, those that come later too.
  std::string privilege;     ///< "execute", "modify", "ownership", "usage" or "create".
  std::string grantee_kind;  ///< "public", "user", "group" or "role".
  std::string grantee_id;    ///< Of a user or group; a role's name; else empty.
  bool denied = false;
  std::string granted_by = {};
  WallTime created = {};
};

/// The part of the catalogue that is about those. Thread-safe; errors as Catalog's.
class ObjectGrantCatalog {
 public:
  virtual ~ObjectGrantCatalog() = default;
  virtual Result<void> AddObjectGrant(const ObjectGrant& grant) = 0;
  /// GRANT and DENY alike; no error where there is none.
  virtual Result<void> RemoveObjectGrant(const ObjectGrant& grant) = 0;
  /// Of these kinds, by kind, object, privilege and grantee.
  virtual Result<std::vector<ObjectGrant>> ListObjectGrants(const std::vector<std::string_view>& kinds) = 0;
};

/// Grants on functions and on objects.
class NamedGrantCatalog : public FunctionGrantCatalog, public ObjectGrantCatalog {};

}  // namespace neurolake::catalog
