#pragma once
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ask/compile/compile.h"
#include "ask/compile/internal/join_paths.h"

namespace neurolake::ask::compile {

/// What one compilation knows and collects. Not shared between threads.
struct Scope {
  const semantic::SemanticModel& model;
  std::string zone;
  size_t aliases = 0;
  std::set<std::vector<std::string>> tables = {};
  std::set<std::string> members = {};
  std::vector<Assumption> assumptions = {};
  std::vector<CheckQuery> checks = {};
  std::vector<std::pair<std::string, std::string>> ctes = {};

  std::string NextAlias() { return "t" + std::to_string(aliases++); }
  /// Once each.
  void Assume(std::string part, std::string text);
  void Check(CheckQuery check);
};

/// An entity or dimension of the model by name.
/// Errors: kInvalidArgument, with the names nearest to it left to who knows what may be shown.
Result<const semantic::Entity*> EntityOf(const Scope& scope, const std::string& name);
Result<const semantic::Dimension*> DimensionOf(Scope& scope, const FieldRef& field);

/// `entity.dimension`, or `dimension` of `entity`.
Result<FieldRef> TimeFieldOf(const Scope& scope, const semantic::Entity& entity, const std::string& text);

}  // namespace neurolake::ask::compile
