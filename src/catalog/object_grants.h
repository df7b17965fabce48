#pragma once
#include <string>
#include <vector>

#include "catalog/function_grants.h"
#include "common/clock.h"
#include "common/result.h"

namespace neurolake::catalog {

/// What GRANT or DENY says of an object that is called by name: a model, a pipeline. One of an object, privilege and
/// grantee: the newer takes the older one's place. Nobody has what nothing is said of.
struct ObjectGrant {
  std::string object_kind;   ///< "model" or "pipeline".
  std::string object_name;   ///< Empty: all of the kind, those that come later too.
  std::string privilege;     ///< "execute", "modify" or "ownership".
  std::string grantee_kind;  ///< "public", "user", "group" or "role".
  std::string grantee_id;    ///< Of a user or group; a role's name; else empty.
  bool denied = false;
  std::string granted_by;
  WallTime created;
};

/// The part of the catalogue that is about those. Thread-safe; errors as Catalog's.
class ObjectGrantCatalog {
 public:
  virtual ~ObjectGrantCatalog() = default;
  virtual Result<void> AddObjectGrant(const ObjectGrant& grant) = 0;
  /// GRANT and DENY alike; no error where there is none.
  virtual Result<void> RemoveObjectGrant(const ObjectGrant& grant) = 0;
  /// Of one kind by name, privilege and grantee; of all kinds where it is empty.
  virtual Result<std::vector<ObjectGrant>> ListObjectGrants(const std::string& object_kind) = 0;
};

/// Both kinds of grants on what is called by name.
class NamedGrantCatalog : public FunctionGrantCatalog, public ObjectGrantCatalog {};

}  // namespace neurolake::catalog
