#include "governance/effective_policy.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"

namespace neurolake::governance {
namespace {

bool IsSubject(const Grantee& grantee, const PolicySubject& subject) {
  switch (grantee.kind) {
    case Grantee::Kind::kPublic: return true;
    case Grantee::Kind::kUser: return grantee.id == subject.id;
    case Grantee::Kind::kGroup:
      return std::ranges::any_of(subject.groups, [&](const auto& group) { return group.first == grantee.id; });
    case Grantee::Kind::kRole: return grantee.id == subject.role;
  }
  NL_UNREACHABLE();
}

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

}  // namespace

bool Names(const std::vector<Grantee>& grantees, const PolicySubject& subject) {
  return std::ranges::any_of(grantees, [&](const Grantee& grantee) { return IsSubject(grantee, subject); });
}

std::shared_ptr<const plan::TablePolicy> EffectivePolicy(const PolicySubject& subject,
                                                         const std::vector<PolicyRule>& rules) {
  auto policy = std::make_shared<plan::TablePolicy>();
  policy->context.principal = subject.name;
  for (const auto& [id, name] : subject.groups) policy->context.groups.push_back(name);
  for (const PolicyRule& rule : rules) {
    if (rule.kind == PolicyRule::Kind::kMask) {
      if (!Names(rule.except, subject)) policy->masks.push_back({.column = rule.column, .value = rule.value});
      continue;
    }
    // Whoever it is about: who is named by none sees nothing.
    policy->filters_rows = true;
    if (!Names(rule.to, subject)) continue;
    const bool restrictive = rule.kind == PolicyRule::Kind::kRestrictive;
    (restrictive ? policy->restrictive : policy->permissive).push_back(rule.value);
    (restrictive ? policy->restrictive_checks : policy->permissive_checks).push_back(rule.check.value_or(rule.value));
  }
  Simplify(policy->permissive);
  Simplify(policy->permissive_checks);
  if (policy->filters_rows && LetsEverythingThrough(policy->permissive, policy->restrictive) &&
      LetsEverythingThrough(policy->permissive_checks, policy->restrictive_checks)) {
    policy->filters_rows = false;
  }
  if (!policy->filters_rows && policy->masks.empty()) return nullptr;
  return policy;
}

}  // namespace neurolake::governance
