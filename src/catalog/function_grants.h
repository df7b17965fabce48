#pragma once
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

namespace neurolake::catalog {

/// What GRANT, DENY or REVOKE says of executing a function. One of a function and grantee: the newer takes the older
/// one's place. Everybody may execute a function of which nothing is said.
struct FunctionGrant {
  std::string function_name;  ///< Lower case; one name for all names of a function.
  std::string grantee_kind;   ///< "public", "user", "group" or "role".
  std::string grantee_id;     ///< Of a user or group; a role's name; else empty.
  std::string effect;         ///< "grant", "deny" or, of "public" alone, "revoke": not everybody's any more.
  std::string granted_by;
  WallTime created;
};

/// The part of the catalogue that is about functions. Thread-safe; errors as Catalog's.
class FunctionGrantCatalog {
 public:
  virtual ~FunctionGrantCatalog() = default;
  virtual Result<void> AddFunctionGrant(const FunctionGrant& grant) = 0;
  /// Whatever its effect; no error where there is none.
  virtual Result<void> RemoveFunctionGrant(const FunctionGrant& grant) = 0;
  /// By function and grantee.
  virtual Result<std::vector<FunctionGrant>> ListFunctionGrants() = 0;
};

}  // namespace neurolake::catalog
