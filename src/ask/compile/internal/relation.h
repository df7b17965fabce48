#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ask/compile/internal/scope.h"

namespace neurolake::ask::compile {

/// FROM one entity and what each of its rows belongs to. Every table stands in a sub-query of its own that evaluates
/// the model's expressions, so that a column's name means one thing there; above it all names are ours and quoted.
/// Joins are outer, and each meets at most one row: the rows of the root are neither lost nor repeated.
class Relation {
 public:
  /// Borrows both.
  Relation(Scope& scope, const semantic::Entity& root);

  const semantic::Entity& root() const { return *nodes_.front().entity; }

  /// `expression` over the table at the end of `path`, as seen above the joins: `"t1"."customers.country"`.
  std::string Column(const Path& path, const std::string& expression, const std::string& name);
  /// A dimension by the intent's name for it, as its type is stored.
  Result<std::string> Field(const FieldRef& field);
  /// The same of a time, as a DATE or TIMESTAMP in the scope's zone.
  Result<std::string> LocalTimeOf(const FieldRef& field);

  /// Rows of the root to keep, over its table's columns and before everything else.
  void RestrictRoot(std::string condition) { root_conditions_.push_back(std::move(condition)); }
  /// A column above the root's own sub-query, whose columns are `"b"."…"` there.
  void ExtendRoot(std::string sql) { root_extensions_.push_back(std::move(sql)); }
  /// The name Column gave, without its table.
  static std::string NameOnly(const std::string& column);

  std::string FromSql() const;

 private:
  struct Node {
    std::string alias;
    const semantic::Entity* entity = nullptr;
    std::string path;
    std::string on = {};
    std::vector<std::pair<std::string, std::string>> columns = {};  ///< Expression and name.
  };

  size_t NodeAt(const Path& path);
  std::string ColumnOf(size_t node, const std::string& expression, const std::string& name);
  std::string TableOf(const Node& node, bool is_root) const;
  void CheckStep(const Step& step);

  Scope& scope_;
  std::vector<Node> nodes_;
  std::vector<std::string> root_conditions_;
  std::vector<std::string> root_extensions_;
};

/// `expression` of a time dimension read in the zone.
std::string LocalSql(const std::string& expression, const semantic::Dimension& dimension, const std::string& zone);

}  // namespace neurolake::ask::compile
