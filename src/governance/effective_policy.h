#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/table_policy.h"

namespace neurolake::governance {

/// Who a policy is about. Users and groups go by id, roles by name.
struct Grantee {
  enum class Kind : uint8_t { kPublic, kUser, kGroup, kRole };
  Kind kind = Kind::kPublic;
  std::string id;
};

/// One row or mask policy of a table.
struct PolicyRule {
  enum class Kind : uint8_t { kPermissive, kRestrictive, kMask };
  Kind kind = Kind::kPermissive;
  std::vector<Grantee> to;                      ///< Of a row policy.
  std::vector<Grantee> except;                  ///< Of a mask, which is for everybody else.
  plan::PolicyExpression value;                 ///< The condition, or what is seen in the place of the column.
  std::optional<plan::PolicyExpression> check;  ///< Of rows that are written; else as `value`.
  plan::PolicyColumn column;                    ///< Of a mask.
  /// Of a policy by tag: what brought it (see RulesByTag); empty: the table's own. Permissive ones are alternatives
  /// within their layer, and every layer has to let a row through.
  std::string layer = {};
};

struct PolicySubject {
  std::string id;
  std::string name;
  std::string role;
  std::vector<std::pair<std::string, std::string>> groups;  ///< Id and name of each.
  std::string purpose = {};  ///< That the statement was declared to be for; may be empty.
  std::vector<std::pair<std::string, std::string>> attributes = {};
};

/// What a table says of purposes.
struct PurposeRules {
  std::vector<std::vector<std::string>> allowed;  ///< Lists: the statement's purpose has to be in every one.
  /// The smallest group that leaves the table, for a statement of a purpose.
  struct Group {
    std::string purpose;
    int64_t size = 0;
    std::optional<plan::PolicyColumn> entity = std::nullopt;  ///< Whose values are counted; else rows.
  };
  std::vector<Group> groups;
};

/// What `subject` may see of a table with these policies; null: everything. Row policies are those of PostgreSQL: once
/// a table has one, rows are seen that any permissive policy for the subject lets through, and all restrictive ones;
/// who has no permissive policy sees none. The same holds again for each layer of policies by tag that has a permissive
/// one; restrictive ones by tag stand alone. Masks hold for all but whom they except; for whom two masks of a column
/// hold it is NULL. No role is exempt.
/// Of an agent, `on_behalf_of` is whom it acts for, and as whom expressions see it: it sees and writes what both may. A
/// permissive policy has to name both, a restrictive one holds when it names either, a mask unless it excepts both. The
/// purpose is the statement's, which is `subject`'s.
/// Pure; O(policies). Source: docs/security.md, "Row policies" and "Policies by tag".
std::shared_ptr<const plan::TablePolicy> EffectivePolicy(const PolicySubject& subject,
                                                         const std::vector<PolicyRule>& rules,
                                                         const PurposeRules& purposes = {},
                                                         const PolicySubject* on_behalf_of = nullptr);

/// Whether `grantees` name the subject.
bool Names(const std::vector<Grantee>& grantees, const PolicySubject& subject);

}  // namespace neurolake::governance
