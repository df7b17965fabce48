#pragma once
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "common/result.h"

namespace neurolake::query {

/// Something about the policies of a lake that is most likely not what somebody meant.
struct PolicyFinding {
  std::string severity;  ///< "error": nothing of it can be in force; "warning"; "note".
  std::string
      finding;  ///< "no-effect", "unreachable", "object-gone", "contradiction", "filter-reads-masked", "empty-group".
  std::string object;  ///< "shop.orders", "lake", or empty.
  std::string policy;  ///< Its name, or the grant.
  std::string explanation;
};

/// Looks at all row and mask policies, grants and groups. Reads the metadata store alone. Source:
/// docs/policies-rego.md, "Lint".
Result<std::vector<PolicyFinding>> LintPolicies(catalog::Catalog& catalog);

}  // namespace neurolake::query
