#pragma once
#include <string>

#include "common/result.h"

namespace neurolake::plan {

/// One catalogue look-up made while a statement is bound.
struct Lookup {
  /// "schema", "table", "view", "scalar function", "aggregate function", "window function", "table function", "macro",
  /// "table macro", "pragma function", "copy function", "type", "collation", "sequence", "index", "setting".
  std::string kind;
  std::string catalog;
  std::string schema;
  std::string name;        ///< Lower case for functions.
  bool in_policy = false;  ///< Made for the expression of a policy, not for the statement's own text.
};

/// Gate 2: asked at every look-up, before the engine acts on it, since binding alone can open files.
/// Pure and thread-safe.
class LookupGate {
 public:
  virtual ~LookupGate() = default;
  /// Errors: kPermissionDenied naming the thing; the engine passes it on unchanged.
  virtual Result<void> Check(const Lookup& lookup) const = 0;
};

}  // namespace neurolake::plan
