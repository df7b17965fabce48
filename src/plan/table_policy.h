#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"

namespace neurolake::plan {

/// A column as a policy knows it: it outlives renames.
struct PolicyColumn {
  std::string name;      ///< As the policy's expression calls it.
  std::string physical;  ///< What the table's files call it, which never changes.
  /// What the table calls it, where that is not `name`: in a policy by tag the tagged column is `value`.
  std::string label = {};
  const std::string& table_name() const { return label.empty() ? name : label; }
};

/// A key that an expression names: mask_token(mail, 'customers').
struct PolicyKeyName {
  std::string name;
  std::string id;
};

/// A key as functions of policies use it, open. Only those that the expressions of one policy name are given to a
/// worker.
struct PolicyKey {
  std::string name;
  std::string id;
  std::string bytes;  ///< Secret.
  /// Why the key could not be opened: then no scan with the policy binds, and who looks after the table can still
  /// change its policies.
  std::optional<Error> problem = {};
};

/// A policy's SQL over columns of its table. Bound and typed when the policy was made, and again at each scan.
struct PolicyExpression {
  std::string policy;  ///< Its name, for errors and explanations.
  std::string sql;
  std::vector<PolicyColumn> columns;     ///< All that `sql` names.
  std::vector<PolicyKeyName> keys = {};  ///< The same.
  /// Made elsewhere and never bound: `columns` is empty and `sql` names columns as the table has them at the scan.
  bool by_name = false;
};

/// What an expression turned out to need when it was bound for the first time.
struct PolicyNeeds {
  std::vector<PolicyColumn> columns;
  std::vector<std::string> keys;  ///< By name, each once.
};

struct ColumnMask {
  PolicyColumn column;
  PolicyExpression value;  ///< Of the column's type.
  /// Of a tag, which may have come to the column with its values: NULL is shown where the mask does not fit its type.
  bool null_if_unfit = false;
};

/// The least that a group of rows is made of, to leave a table.
struct GroupMinimum {
  int64_t size = 0;
  std::optional<PolicyColumn> entity = std::nullopt;  ///< Whose different values are counted; else rows are.
};

/// Who is asking, and what for, as policies' expressions see them: current_principal(), is_member('…'),
/// current_purpose(), principal_attribute('…').
struct PolicyContext {
  std::string principal;
  std::vector<std::string> groups;
  std::string purpose = {};                                          ///< Empty: none was declared.
  std::vector<std::pair<std::string, std::string>> attributes = {};  ///< Names in lower case.
  std::vector<PolicyKey> keys = {};
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
  /// Of policies by tag: of each of these, too, one has to be true. An empty one lets nothing through.
  std::vector<std::vector<PolicyExpression>> any_of;
  std::vector<std::vector<PolicyExpression>> any_of_checks;
  std::vector<ColumnMask> masks;
  /// The statement is not for a purpose that the table may be read for, which are `purposes`: no scan of it starts.
  bool lacks_purpose = false;
  std::vector<std::string> purposes;
  /// Rows leave only as aggregates over groups that are as large as each of these says; none: anyhow.
  std::vector<GroupMinimum> group_minimums;
  /// By what files call them: columns that alone were granted, if not the whole table was, and columns that were
  /// denied.
  std::optional<std::vector<std::string>> readable_columns;
  std::vector<std::string> denied_columns;
};

}  // namespace neurolake::plan
