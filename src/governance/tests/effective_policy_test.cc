#include "governance/effective_policy.h"

#include <gtest/gtest.h>

namespace neurolake::governance {
namespace {

using Kind = PolicyRule::Kind;

plan::PolicyExpression Sql(const std::string& sql) { return {.policy = "p", .sql = sql, .columns = {}}; }

PolicyRule RowRule(Kind kind, const std::string& sql, std::vector<Grantee> to) {
  return {.kind = kind, .to = std::move(to), .except = {}, .value = Sql(sql), .check = std::nullopt, .column = {}};
}

PolicyRule Mask(const std::string& column, std::vector<Grantee> except) {
  return {.kind = Kind::kMask,
          .to = {},
          .except = std::move(except),
          .value = Sql("NULL"),
          .check = std::nullopt,
          .column = {column, column}};
}

const Grantee kEverybody{};
const Grantee kAnna{Grantee::Kind::kUser, "id-anna"};
const Grantee kEurope{Grantee::Kind::kGroup, "id-eu"};
const Grantee kAdmins{Grantee::Kind::kRole, "admin"};

PolicySubject Anna() { return {.id = "id-anna", .name = "anna", .role = "reader", .groups = {{"id-eu", "eu"}}}; }
PolicySubject Root() { return {.id = "id-root", .name = "root", .role = "admin", .groups = {}}; }

TEST(EffectivePolicyTest, IsNothingWithoutPolicies) { EXPECT_EQ(EffectivePolicy(Anna(), {}), nullptr); }

TEST(EffectivePolicyTest, LetsNobodyThroughWhoIsNotNamed) {
  const auto policy = EffectivePolicy(Root(), {RowRule(Kind::kPermissive, "region = 'EU'", {kEurope})});
  ASSERT_NE(policy, nullptr);
  EXPECT_TRUE(policy->filters_rows);
  EXPECT_TRUE(policy->permissive.empty());
}

TEST(EffectivePolicyTest, NamesByUserGroupRoleAndPublic) {
  for (const Grantee& grantee : {kEverybody, kAnna, kEurope}) EXPECT_TRUE(Names({grantee}, Anna()));
  EXPECT_FALSE(Names({kAdmins}, Anna()));
  EXPECT_FALSE(Names({kAnna, kEurope}, Root()));
  EXPECT_TRUE(Names({kAdmins}, Root()));
}

TEST(EffectivePolicyTest, AddsRestrictiveToPermissive) {
  const auto policy = EffectivePolicy(
      Anna(), {RowRule(Kind::kPermissive, "a", {kEverybody}), RowRule(Kind::kPermissive, "b", {kEurope}),
               RowRule(Kind::kRestrictive, "c", {kAnna}), RowRule(Kind::kRestrictive, "d", {kAdmins})});
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->permissive.size(), 2U);
  ASSERT_EQ(policy->restrictive.size(), 1U);
  EXPECT_EQ(policy->restrictive[0].sql, "c");
}

TEST(EffectivePolicyTest, RestrictiveAloneShowsNothing) {
  const auto policy = EffectivePolicy(Anna(), {RowRule(Kind::kRestrictive, "true", {kEverybody})});
  ASSERT_NE(policy, nullptr);
  EXPECT_TRUE(policy->filters_rows);
  EXPECT_TRUE(policy->permissive.empty());
}

TEST(EffectivePolicyTest, TrueForAPrincipalIsNoFilter) {
  const std::vector rules = {RowRule(Kind::kPermissive, "region = 'EU'", {kEurope}),
                             RowRule(Kind::kPermissive, " TRUE ", {kAdmins})};
  EXPECT_EQ(EffectivePolicy(Root(), rules), nullptr);
  ASSERT_NE(EffectivePolicy(Anna(), rules), nullptr);
  auto restricted = rules;
  restricted.push_back(RowRule(Kind::kRestrictive, "not secret", {kEverybody}));
  EXPECT_NE(EffectivePolicy(Root(), restricted), nullptr);
}

TEST(EffectivePolicyTest, ChecksWritesByTheFilterUnlessTold) {
  PolicyRule rule = RowRule(Kind::kPermissive, "true", {kEverybody});
  rule.check = Sql("owner = current_principal()");
  const auto policy = EffectivePolicy(Anna(), {rule});
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->permissive_checks[0].sql, "owner = current_principal()");
  EXPECT_EQ(policy->context.principal, "anna");
  EXPECT_EQ(policy->context.groups, std::vector<std::string>{"eu"});
}

TEST(EffectivePolicyTest, RestrictivePoliciesCheckWritesToo) {
  PolicyRule told = RowRule(Kind::kRestrictive, "seen", {kEurope});
  told.check = Sql("written");
  const auto policy = EffectivePolicy(
      Anna(), {RowRule(Kind::kPermissive, "true", {kEverybody}), RowRule(Kind::kRestrictive, "both", {kAnna}), told,
               RowRule(Kind::kRestrictive, "of others", {kAdmins})});
  ASSERT_NE(policy, nullptr);
  ASSERT_EQ(policy->restrictive_checks.size(), 2U);
  EXPECT_EQ(policy->restrictive_checks[0].sql, "both");
  EXPECT_EQ(policy->restrictive_checks[1].sql, "written");
}

TEST(EffectivePolicyTest, TwoMasksOfOneColumnAreOneThatShowsNothing) {
  PolicyRule first = Mask("mail", {});
  first.value = Sql("left(mail, 1)");
  const auto masks_with = [&](plan::PolicyColumn column) {
    PolicyRule second = Mask("mail", {});
    second.column = std::move(column);
    return EffectivePolicy(Anna(), {first, second})->masks;
  };
  // Columns are the same by what files call them, and by their names: which of the two is meant nobody knows.
  for (const plan::PolicyColumn& column : {plan::PolicyColumn{"mail", "mail"}, plan::PolicyColumn{"renamed", "mail"},
                                           plan::PolicyColumn{"Mail", "col-7"}}) {
    const auto masks = masks_with(column);
    ASSERT_EQ(masks.size(), 1U) << column.name;
    EXPECT_EQ(masks[0].value.sql, "NULL");
    EXPECT_EQ(masks[0].value.policy, "p, p");
  }
  EXPECT_EQ(masks_with({"phone", "col-8"}).size(), 2U);
}

TEST(EffectivePolicyTest, MasksEverybodyButTheExcepted) {
  const std::vector rules = {Mask("ssn", {kAdmins}), Mask("email", {})};
  const auto anna = EffectivePolicy(Anna(), rules);
  const auto root = EffectivePolicy(Root(), rules);
  ASSERT_NE(anna, nullptr);
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(anna->masks.size(), 2U);
  EXPECT_FALSE(anna->filters_rows);
  ASSERT_EQ(root->masks.size(), 1U);
  EXPECT_EQ(root->masks[0].column.name, "email");
}

PolicySubject Bot() { return {.id = "id-bot", .name = "bot", .role = "reader", .groups = {}}; }

TEST(EffectivePolicyTest, AnAgentSeesWhatItAndWhomItActsForSee) {
  const PolicySubject anna = Anna();
  const Grantee bot{Grantee::Kind::kUser, "id-bot"};
  const auto sql = [](const std::vector<plan::PolicyExpression>& expressions) {
    std::vector<std::string> texts;
    for (const auto& expression : expressions) texts.push_back(expression.sql);
    return texts;
  };
  const auto policy =
      EffectivePolicy(Bot(),
                      {RowRule(Kind::kPermissive, "both", {kEverybody}), RowRule(Kind::kPermissive, "hers", {kAnna}),
                       RowRule(Kind::kPermissive, "its", {bot}), RowRule(Kind::kRestrictive, "on her", {kEurope}),
                       RowRule(Kind::kRestrictive, "on it", {bot}), RowRule(Kind::kRestrictive, "on others", {kAdmins}),
                       Mask("a", {kAnna}), Mask("b", {bot}), Mask("c", {kAnna, bot}), Mask("d", {})},
                      {}, &anna);
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(sql(policy->permissive), std::vector<std::string>{"both"});
  EXPECT_EQ(sql(policy->restrictive), (std::vector<std::string>{"on her", "on it"}));
  ASSERT_EQ(policy->masks.size(), 3U);
  EXPECT_EQ(policy->masks[0].column.name + policy->masks[1].column.name + policy->masks[2].column.name, "abd");
  // As her: rows that are hers are what it may see of them.
  EXPECT_EQ(policy->context.principal, "anna");
  EXPECT_EQ(policy->context.groups, std::vector<std::string>{"eu"});
  // What lets through one of the two alone lets nothing through.
  const auto closed = EffectivePolicy(Bot(), {RowRule(Kind::kPermissive, "true", {kAnna})}, {}, &anna);
  ASSERT_NE(closed, nullptr);
  EXPECT_TRUE(closed->filters_rows);
  EXPECT_TRUE(closed->permissive.empty());
}

}  // namespace
}  // namespace neurolake::governance
