#include "governance/effective_policy.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "common/check.h"
#include "common/text.h"

namespace neurolake::governance {
namespace {

/// Who is asking, prepared for many questions: most rules are about groups that the subject is not in.
class Subject {
 public:
  explicit Subject(const PolicySubject& subject) : subject_(subject) {
    for (const auto& group : subject.groups) may_be_[Slot(group.first)] = true;
  }

  bool Is(const Grantee& grantee) const {
    switch (grantee.kind) {
      case Grantee::Kind::kPublic: return true;
      case Grantee::Kind::kUser: return grantee.id == subject_.id;
      case Grantee::Kind::kGroup: return may_be_[Slot(grantee.id)] && IsIn(grantee.id);
      case Grantee::Kind::kRole: return grantee.id == subject_.role;
    }
    NL_UNREACHABLE();
  }
  bool IsNamedBy(const std::vector<Grantee>& grantees) const {
    return std::ranges::any_of(grantees, [&](const Grantee& grantee) { return Is(grantee); });
  }

 private:
  bool IsIn(const std::string& id) const {
    return std::ranges::any_of(subject_.groups, [&](const auto& group) { return group.first == id; });
  }
  /// By the end of an id, as ids made at about the same time begin alike.
  static size_t Slot(std::string_view id) {
    size_t slot = 0;
    for (const char c : id.substr(id.size() < 4 ? 0 : id.size() - 4)) slot = slot * 31 + static_cast<unsigned char>(c);
    return slot % kSlots;
  }

  static constexpr size_t kSlots = 1024;
  const PolicySubject& subject_;
  std::array<bool, kSlots> may_be_{};
};

bool IsTrue(const plan::PolicyExpression& expression) {
  return expression.columns.empty() && EqualsIgnoringCase(Trim(expression.sql), "true");
}

/// A condition that lets everything through makes its alternatives void.
void Simplify(std::vector<plan::PolicyExpression>& permissive) {
  const auto all = std::ranges::find_if(permissive, IsTrue);
  if (all != permissive.end()) permissive = std::vector{plan::PolicyExpression(*all)};
}

bool LetsEverythingThrough(const std::vector<plan::PolicyExpression>& permissive,
                           const std::vector<plan::PolicyExpression>& restrictive) {
  return permissive.size() == 1 && IsTrue(permissive[0]) && std::ranges::all_of(restrictive, IsTrue);
}

/// What lets rows through, and what lets them be written.
struct Conditions {
  std::vector<plan::PolicyExpression> permissive;
  std::vector<plan::PolicyExpression> checks;
};

/// The row policies of a table and of its tags, as far as they are for the subject.
class RowPolicies {
 public:
  explicit RowPolicies(plan::TablePolicy& policy) : policy_(policy) {}

  void Add(const PolicyRule& rule, bool is_named) {
    const bool restrictive = rule.kind == PolicyRule::Kind::kRestrictive;
    has_own_ = has_own_ || rule.layer.empty();
    // Whoever it is about: who is named by none sees nothing.
    policy_.filters_rows = true;
    if (restrictive) {
      if (!is_named) return;
      policy_.restrictive.push_back(rule.value);
      policy_.restrictive_checks.push_back(rule.check.value_or(rule.value));
      return;
    }
    Conditions& layer = layers_[rule.layer];
    if (!is_named) return;
    layer.permissive.push_back(rule.value);
    layer.checks.push_back(rule.check.value_or(rule.value));
  }

  void Finish() {
    if (!policy_.filters_rows) return;
    const plan::PolicyExpression everything{
        .policy = "no row policy of the table itself", .sql = "true", .columns = {}};
    if (!has_own_) layers_[""] = {.permissive = {everything}, .checks = {everything}};
    for (auto& [name, layer] : layers_) {
      Simplify(layer.permissive);
      Simplify(layer.checks);
      if (name.empty()) {
        policy_.permissive = std::move(layer.permissive);
        policy_.permissive_checks = std::move(layer.checks);
        continue;
      }
      if (!LetsEverythingThrough(layer.permissive, {})) policy_.any_of.push_back(std::move(layer.permissive));
      if (!LetsEverythingThrough(layer.checks, {})) policy_.any_of_checks.push_back(std::move(layer.checks));
    }
    if (policy_.any_of.empty() && policy_.any_of_checks.empty() &&
        LetsEverythingThrough(policy_.permissive, policy_.restrictive) &&
        LetsEverythingThrough(policy_.permissive_checks, policy_.restrictive_checks)) {
      policy_.filters_rows = false;
    }
  }

 private:
  plan::TablePolicy& policy_;
  std::map<std::string, Conditions> layers_;
  bool has_own_ = false;
};

bool IsSameColumn(const plan::PolicyColumn& a, const plan::PolicyColumn& b) {
  return a.physical == b.physical || EqualsIgnoringCase(a.table_name(), b.table_name());
}

void AddMask(const PolicyRule& rule, std::vector<plan::ColumnMask>& masks) {
  const auto other =
      std::ranges::find_if(masks, [&](const auto& mask) { return IsSameColumn(mask.column, rule.column); });
  if (other == masks.end()) {
    masks.push_back({.column = rule.column, .value = rule.value, .null_if_unfit = !rule.layer.empty()});
    return;
  }
  // Neither shows less than the other by itself, and what both show together nobody has said.
  other->value = {.policy = other->value.policy + ", " + rule.value.policy, .sql = "NULL", .columns = {}};
}

/// The purposes that are in every list, sorted.
std::vector<std::string> InAll(const std::vector<std::vector<std::string>>& lists) {
  std::set<std::string> in_all(lists[0].begin(), lists[0].end());
  for (const auto& list : lists) {
    std::erase_if(in_all, [&](const std::string& one) { return std::ranges::find(list, one) == list.end(); });
  }
  return {in_all.begin(), in_all.end()};
}

}  // namespace

bool Names(const std::vector<Grantee>& grantees, const PolicySubject& subject) {
  return Subject(subject).IsNamedBy(grantees);
}

std::shared_ptr<const plan::TablePolicy> EffectivePolicy(const PolicySubject& subject,
                                                         const std::vector<PolicyRule>& rules,
                                                         const PurposeRules& purposes,
                                                         const PolicySubject* on_behalf_of) {
  auto policy = std::make_shared<plan::TablePolicy>();
  const PolicySubject& seen_as = on_behalf_of == nullptr ? subject : *on_behalf_of;
  policy->context.principal = seen_as.name;
  for (const auto& [id, name] : seen_as.groups) policy->context.groups.push_back(name);
  policy->context.purpose = subject.purpose;
  policy->context.attributes = seen_as.attributes;
  const Subject itself(subject);
  const Subject seen(seen_as);
  const auto names_both = [&](const std::vector<Grantee>& grantees) {
    return itself.IsNamedBy(grantees) && seen.IsNamedBy(grantees);
  };
  const auto names_either = [&](const std::vector<Grantee>& grantees) {
    return itself.IsNamedBy(grantees) || seen.IsNamedBy(grantees);
  };
  RowPolicies rows(*policy);
  for (const PolicyRule& rule : rules) {
    if (rule.kind == PolicyRule::Kind::kMask) {
      if (!names_both(rule.except)) AddMask(rule, policy->masks);
    } else {
      rows.Add(rule, rule.kind == PolicyRule::Kind::kRestrictive ? names_either(rule.to) : names_both(rule.to));
    }
  }
  rows.Finish();
  if (!purposes.allowed.empty()) {
    policy->purposes = InAll(purposes.allowed);
    policy->lacks_purpose = std::ranges::find(policy->purposes, subject.purpose) == policy->purposes.end();
    if (!policy->lacks_purpose) policy->purposes.clear();
  }
  for (const auto& group : purposes.groups) {
    if (group.purpose != subject.purpose) continue;
    policy->group_minimums.push_back({.size = group.size, .entity = group.entity});
  }
  if (!policy->filters_rows && policy->masks.empty() && !policy->lacks_purpose && policy->group_minimums.empty()) {
    return nullptr;
  }
  return policy;
}

}  // namespace neurolake::governance
