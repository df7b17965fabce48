#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "governance/effective_policy.h"
#include "plan/lineage_digest.h"

namespace neurolake::governance {

/// A tag of a table, of one of its columns, or of a field inside of one.
struct ObjectTag {
  plan::PolicyColumn column;  ///< Without names: the table's own. Of a field the way to it (plan/field_path.h).
  std::string tag;            ///< Lower case.
  std::string value;          ///< Compared without ASCII case.
  bool is_stood_on = false;   ///< By a policy or a list of purposes.
  bool of_column() const { return !column.physical.empty(); }
};

/// A policy that goes by a tag. What `rule` says of a column of a tag is over `value`, which the column is called
/// there; of a table's tag over columns by name.
struct TagRule {
  PolicyRule rule;
  bool of_columns = false;
  std::string tag;
  std::optional<std::string> value = std::nullopt;  ///< nullopt: whatever it is.
};

/// What policies by tag say of a table with these tags: one rule for each column that one means. Their layer is the tag
/// and the column, so that alternatives are those of one tag, not of another, nor the table's own.
/// Pure; O(rules x tags).
std::vector<PolicyRule> RulesByTag(const std::vector<TagRule>& rules, const std::vector<ObjectTag>& tags);

/// What a write brings to the tags of its target: those of the columns that each of its columns is made of, or chosen
/// by (DIRECT and CONDITIONAL dependence), and the tables' own. Filters, joins and groups carry nothing. The tag of a
/// field goes to the field that it is taken to; where the digest does not know that, or something is computed of what
/// is around it, to all of the column or field that this is.
/// `sources` are the tags of all tables that the statement found; `target` those that the target has. Columns of what
/// comes out have the target's names, and what its files call them if the digest knows.
/// Errors: kPermissionDenied where a tag that something stands on would need two values at one place.
/// Pure; O(dependences x tags). Source: docs/sql/tags.md, "Copies".
Result<std::vector<ObjectTag>> TagsOfWrite(const plan::LineageDigest& digest,
                                           const std::map<TableId, std::vector<ObjectTag>>& sources,
                                           const std::vector<ObjectTag>& target);

}  // namespace neurolake::governance
