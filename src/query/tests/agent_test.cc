// What an agent may not do although it may by itself, because whom it acts for may not, and the other way round.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "query/access.h"
#include "query/break_glass_actions.h"
#include "query/key_store.h"
#include "query/policy_actions.h"
#include "query/tag_actions.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

Principal Somebody(const std::string& role) {
  return {PrincipalId("id-" + role), role, role, RightsOfRole(role).value()};
}

/// As authentication makes it.
Principal Agent(const std::string& role, const std::string& of) {
  Principal behalf = Somebody(of);
  Principal agent{PrincipalId("id-agent"), "agent", role, RightsOfRole(role).value()};
  agent.kind = PrincipalKind::kAgent;
  std::erase_if(agent.rights, [&](Right right) { return !behalf.Has(right); });
  agent.on_behalf_of = std::make_shared<const Principal>(std::move(behalf));
  return agent;
}

class AgentTest : public TableFixture {
 protected:
  void Grant(const std::string& role, const std::string& privilege, bool denied = false) {
    ASSERT_TRUE(catalog_
                    ->AddGrant({.securable_kind = "relation",
                                .securable_id = "t",
                                .grantee_kind = "role",
                                .grantee_id = role,
                                .privilege = privilege,
                                .denied = denied,
                                .granted_by = "admin",
                                .created = clock_.Now()})
                    .has_value());
  }
  catalog::TableRecord Table() { return catalog_->FindTable(TableId("t")).value().value(); }
  Access::ColumnRights Columns(const Principal& principal) {
    const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
    return Access(*catalog_, ctx).Columns(Table()).value();
  }
};

TEST_F(AgentTest, SeesWhatPoliciesShowToBoth) {
  ASSERT_TRUE(
      catalog_
          ->AddPolicy({.id = "p",
                       .table = TableId("t"),
                       .name = "p",
                       .kind = "mask",
                       .plan = R"({"except":[{"kind":"role","id":"writer"}],"column":{"name":"a","physical":"a"},)"
                               R"("value":{"policy":"p","sql":"NULL","columns":[]}})",
                       .created_by = "ada",
                       .created = clock_.Now()},
                      false)
          .has_value());
  const auto masks = [&](const Principal& principal) {
    const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
    const auto policy = PolicyFor(*catalog_, ctx, Table()).value();
    return policy == nullptr ? 0U : policy->masks.size();
  };
  EXPECT_EQ(masks(Agent("writer", "writer")), 0U);
  EXPECT_EQ(masks(Agent("writer", "reader")), 1U) << "whom it acts for is shown no more";
  EXPECT_EQ(masks(Agent("reader", "writer")), 1U);
}

TEST_F(AgentTest, ReadsColumnsThatBothMayRead) {
  Grant("member", "select:a");
  Grant("auditor", "select:a");
  Grant("auditor", "select:b");
  Grant("reader", "select:c", /*denied=*/true);
  using testing::ElementsAre;
  using testing::IsEmpty;
  EXPECT_THAT(Columns(Agent("reader", "member")).granted, ElementsAre("a"));
  EXPECT_THAT(Columns(Agent("reader", "member")).denied, ElementsAre("c"));
  EXPECT_THAT(Columns(Agent("member", "reader")).granted, ElementsAre("a"));
  EXPECT_THAT(Columns(Agent("member", "reader")).denied, ElementsAre("c"));
  EXPECT_THAT(Columns(Agent("auditor", "member")).granted, ElementsAre("a"));
  EXPECT_THAT(Columns(Agent("member", "auditor")).granted, ElementsAre("a"));
  Principal elsewhere = Somebody("member");
  elsewhere.schemas = {"gold"};
  EXPECT_THAT(Columns(elsewhere).granted, IsEmpty());
}

TEST_F(AgentTest, DeclaresPurposesThatWereGrantedToBoth) {
  ASSERT_TRUE(catalog_->CreatePurpose("support", "").has_value());
  for (const char* role : {"reader", "writer"}) {
    ASSERT_TRUE(catalog_
                    ->GrantPurpose({.purpose = "support",
                                    .grantee_kind = "role",
                                    .grantee_id = role,
                                    .granted_by = "admin",
                                    .created = clock_.Now()},
                                   true)
                    .has_value());
  }
  EXPECT_TRUE(CheckPurpose(*catalog_, Agent("reader", "writer"), "support").has_value());
  EXPECT_FALSE(CheckPurpose(*catalog_, Agent("reader", "engineer"), "support").has_value());
  EXPECT_FALSE(CheckPurpose(*catalog_, Agent("engineer", "reader"), "support").has_value());
}

TEST_F(AgentTest, UsesKeysThatBothMayUse) {
  EXPECT_TRUE(MayUseKey(*catalog_, Agent("admin", "admin"), "k", "usage").value());
  EXPECT_FALSE(MayUseKey(*catalog_, Agent("admin", "reader"), "k", "usage").value());
  EXPECT_FALSE(MayUseKey(*catalog_, Agent("reader", "admin"), "k", "usage").value());
  Principal limited = Somebody("admin");
  limited.schemas = {"main"};
  EXPECT_TRUE(MayUseKey(*catalog_, Somebody("admin"), "k", "usage").value());
  EXPECT_FALSE(MayUseKey(*catalog_, limited, "k", "usage").value());
}

TEST_F(AgentTest, GoesPastNoPoliciesAndLetsNobodyPast) {
  const RequestContext ctx(Agent("admin", "admin"), "request", "test", clock_, SteadyTime::max());
  const auto asked = RunBreakGlassAction(ctx, *catalog_, "request_break_glass",
                                         {{"table", "t"}, {"minutes", 5}, {"reason", "to see what happens"}});
  ASSERT_FALSE(asked.has_value());
  EXPECT_EQ(asked.error().code(), ErrorCode::kPermissionDenied);
  const auto approved = RunBreakGlassAction(ctx, *catalog_, "approve_break_glass", {{"id", "x"}});
  ASSERT_FALSE(approved.has_value());
  EXPECT_EQ(approved.error().code(), ErrorCode::kPermissionDenied);
}

/// Lets one of them read, and shows what it was asked.
class OneMayRead final : public catalog::AccessJudge {
 public:
  explicit OneMayRead(std::string name) : name_(std::move(name)) {}
  bool IsInForce() const override { return true; }
  Result<std::shared_ptr<const Verdict>> Judge(const RequestContext& ctx, const Subject&, std::string_view,
                                               const Object&) override {
    asked.push_back(ctx.principal().name + " for " + ctx.principal().purpose);
    const bool may = name_.empty() || ctx.principal().name == name_;
    return std::make_shared<const Verdict>(
        Verdict{.allow = may, .row_filters = {ctx.principal().name}, .masks = {{"a", "NULL"}}});
  }
  Result<void> Refresh() override { return {}; }
  std::vector<std::string> asked;

 private:
  std::string name_;
};

TEST_F(AgentTest, IsJudgedTogetherWithWhomItActsFor) {
  Principal agent = Agent("reader", "writer");
  agent.purpose = "support";
  const RequestContext ctx(agent, "request", "test", clock_, SteadyTime::max());
  for (const char* one : {"agent", "writer"}) {
    OneMayRead judge(one);
    catalog_->UseJudge(&judge);
    EXPECT_FALSE(Access(*catalog_, ctx).May(Privilege::kSelect, Table()).value()) << one;
  }
  OneMayRead both("");
  catalog_->UseJudge(&both);
  EXPECT_TRUE(Access(*catalog_, ctx).May(Privilege::kSelect, Table()).value());
  EXPECT_THAT(both.asked, testing::ElementsAre("agent for support", "writer for support"));
  const auto policy = PolicyFor(*catalog_, ctx, Table(), {Privilege::kSelect, Privilege::kModify}).value();
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->restrictive.size(), 4U);
  ASSERT_EQ(policy->masks.size(), 1U);
  EXPECT_EQ(policy->context.principal, "writer");
  EXPECT_EQ(policy->context.purpose, "support");
  catalog_->UseJudge(nullptr);
}

TEST_F(AgentTest, ColumnsThatWereGrantedAreJudged) {
  Grant("member", "select:a");
  EXPECT_THAT(Columns(Somebody("member")).granted, testing::ElementsAre("a"));
  OneMayRead nobody("nobody");
  catalog_->UseJudge(&nobody);
  EXPECT_THAT(Columns(Somebody("member")).granted, testing::IsEmpty());
  const RequestContext ctx(Somebody("member"), "request", "test", clock_, SteadyTime::max());
  EXPECT_FALSE(Access(*catalog_, ctx).Knows(Table()).value());
  catalog_->UseJudge(nullptr);
}

TEST_F(AgentTest, AttributesOfTheLakeGoBeforeThoseOfAProvider) {
  ASSERT_TRUE(catalog_->identities().CreatePrincipal({.name = "anna", .role = "reader"}).has_value());
  ASSERT_TRUE(catalog_->ChangeAttributes("anna", {{"region", "EU"}}, {}).has_value());
  const auto record = catalog_->identities().FindPrincipal("anna").value().value();
  auto anna = catalog_->identities()
                  .PrincipalOf(record.id, "oidc",
                               catalog::IdentityClaims{
                                   .role = {}, .groups = {}, .attributes = {{"Region", "US"}, {"Level", "3"}}})
                  .value();
  anna.purpose = "support";
  const auto subject = SubjectOf(*catalog_, anna).value();
  EXPECT_THAT(subject.attributes,
              testing::UnorderedElementsAre(testing::Pair("region", "EU"), testing::Pair("level", "3")));
  EXPECT_EQ(subject.purpose, "support");
}

}  // namespace
}  // namespace neurolake::query
