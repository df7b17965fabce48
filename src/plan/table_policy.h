#pragma once
#include <string>
#include <vector>

namespace neurolake::plan {

/// A column as a policy knows it: it outlives renames.
struct PolicyColumn {
  std::string name;      ///< As the policy's expression calls it.
  std::string physical;  ///< What the table's files call it, which never changes.
};

/// A policy's SQL over columns of its table. Bound and typed when the policy was made, and again at each scan.
struct PolicyExpression {
  std::string policy;  ///< Its name, for errors and explanations.
  std::string sql;
  std::vector<PolicyColumn> columns;  ///< All that `sql` names.
};

struct ColumnMask {
  PolicyColumn column;
  PolicyExpression value;  ///< Of the column's type.
};

/// Who is asking, as policies' expressions see them: current_principal(), is_member('…').
struct PolicyContext {
  std::string principal;
  std::vector<std::string> groups;
};

/// What one principal may see of one table and write to it: made by governance::EffectivePolicy, closed, without names
/// to look up. Rows are visible that any of `permissive` is true for, and all of `restrictive`; no permissive one:
/// none.
struct TablePolicy {
  PolicyContext context;
  bool filters_rows = false;
  std::vector<PolicyExpression> permissive;
  std::vector<PolicyExpression> restrictive;
  /// As the two above, for rows that are written.
  std::vector<PolicyExpression> permissive_checks;
  std::vector<PolicyExpression> restrictive_checks;
  std::vector<ColumnMask> masks;
};

}  // namespace neurolake::plan
