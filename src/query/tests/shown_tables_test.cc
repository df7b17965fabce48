// What was shown of a table, to whom, and when it may not be shown any longer.
#include "query/shown_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "catalog/data_subjects.h"
#include "query/policy_messages.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class ShownTablesTest : public TableFixture {
 protected:
  Principal Made(const std::string& name, const std::string& role, const std::string& for_whom = "") {
    const auto kind = for_whom.empty() ? PrincipalKind::kUser : PrincipalKind::kAgent;
    const auto made =
        catalog_->identities().CreatePrincipal({.name = name, .kind = kind, .role = role, .on_behalf_of = for_whom});
    EXPECT_TRUE(made.has_value());
    return catalog_->identities().PrincipalOf(made->id, "token").value();
  }
  RequestContext As(const Principal& principal) const {
    return {principal, "request", "test", clock_, SteadyTime::max()};
  }
  catalog::TableRecord Table() { return catalog_->FindTable(TableId("t")).value().value(); }
  std::optional<ShownPolicy> Shown(const Principal& principal) {
    const RequestContext ctx = As(principal);
    Access access(*catalog_, ctx);
    return ShownOf(*catalog_, ctx, access, Table()).value();
  }
  ShownTables Tables(const Principal& principal) {
    return {.policies = {{TableId("t"), boost::json::serialize(EncodePolicy(Shown(principal).value()))}},
            .names = {{TableId("t"), "main.t"}},
            .purpose = principal.purpose,
            .since = clock_.Now()};
  }
  bool IsStillShown(const Principal& principal, const ShownTables& shown) {
    const auto checked = CheckShown(*catalog_, As(principal), shown);
    EXPECT_TRUE(checked.has_value() || checked.error().code() == ErrorCode::kPermissionDenied);
    return checked.has_value();
  }
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
};

TEST_F(ShownTablesTest, NothingMoreIsShownToWhoWasDisabledNorToTheirAgents) {
  const Principal anna = Made("anna", "reader"), bob = Made("bob", "reader");
  const Principal agent = Made("bot", "reader", "anna"), other = Made("other_bot", "reader", "bob");
  for (const Principal* one : {&anna, &bob, &agent, &other}) EXPECT_TRUE(IsStillShown(*one, Tables(*one)));
  ASSERT_TRUE(catalog_->DisablePrincipal("anna").has_value());
  EXPECT_FALSE(IsStillShown(anna, Tables(anna)));
  EXPECT_FALSE(IsStillShown(agent, Tables(agent))) << "whom it acts for";
  EXPECT_TRUE(IsStillShown(bob, Tables(bob)));
  ASSERT_TRUE(catalog_->DisablePrincipal("other_bot").has_value());
  EXPECT_FALSE(IsStillShown(other, Tables(other)));
}

TEST_F(ShownTablesTest, AChangeOfPrivilegesIsSeen) {
  const Principal anna = Made("anna", "reader");
  const ShownTables shown = Tables(anna);
  Grant("writer", "select", true);
  EXPECT_TRUE(IsStillShown(anna, shown));
  Grant("reader", "select", true);
  EXPECT_FALSE(IsStillShown(anna, shown));
}

TEST_F(ShownTablesTest, APurposeThatMayNoLongerBeDeclaredShowsNothingMore) {
  Principal anna = Made("anna", "reader");
  ASSERT_TRUE(catalog_->CreatePurpose("support", "").has_value());
  const catalog::PurposeGrantRecord grant{.purpose = "support",
                                          .grantee_kind = "role",
                                          .grantee_id = "reader",
                                          .granted_by = "admin",
                                          .created = clock_.Now()};
  ASSERT_TRUE(catalog_->GrantPurpose(grant, true).has_value());
  anna.purpose = "support";
  const ShownTables shown = Tables(anna);
  EXPECT_TRUE(IsStillShown(anna, shown));
  ASSERT_TRUE(catalog_->GrantPurpose(grant, false).has_value());
  EXPECT_FALSE(IsStillShown(anna, shown));
}

TEST_F(ShownTablesTest, WhatIsKeptOfATableGoesWithWhoWasErasedFromIt) {
  const ShownTables shown = Tables(Made("anna", "reader"));
  const auto erase = [&](const std::string& id, const std::string& table) {
    ASSERT_TRUE(catalog_->data_subjects()
                    .SaveErasure({.id = id,
                                  .subject_id = "people",
                                  .subject_name = "people",
                                  .key_hash = id,
                                  .state = "running",
                                  .principal = "ada",
                                  .statement = StatementId("s"),
                                  .started = clock_.Now(),
                                  .ended = std::nullopt,
                                  .report = R"({"tables":{")" + table + R"(":{}}})"})
                    .has_value());
  };
  EXPECT_TRUE(CheckNotErased(*catalog_, shown).has_value());
  erase("one", "another");
  EXPECT_TRUE(CheckNotErased(*catalog_, shown).has_value());
  erase("two", "t");
  const auto checked = CheckNotErased(*catalog_, shown);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(ShownTablesTest, WhoMayOnlyWriteSeesNoRowThatAPolicyLetsThrough) {
  const std::string everybody = R"({"restrictive":false,"to":[{"kind":"public","name":"","id":""}],)"
                                R"("value":{"policy":"p","sql":"a > 1","columns":[]}})";
  ASSERT_TRUE(catalog_
                  ->AddPolicy({.id = "p",
                               .table = TableId("t"),
                               .name = "p",
                               .kind = "row",
                               .plan = everybody,
                               .created_by = "ada",
                               .created = clock_.Now()},
                              false)
                  .has_value());
  Grant("member", "modify");
  const Principal mina = Made("mina", "member");
  const auto hidden = Shown(mina);
  ASSERT_TRUE(hidden.has_value());
  EXPECT_TRUE((*hidden)->filters_rows);
  EXPECT_THAT((*hidden)->permissive, IsEmpty());
  EXPECT_THAT((*hidden)->permissive_checks, SizeIs(1));
  Grant("member", "select");
  EXPECT_THAT((*Shown(mina))->permissive, SizeIs(1));
}

/// Hides other rows from who writes than from who reads.
class HidesByUse final : public catalog::AccessJudge {
 public:
  bool IsInForce() const override { return true; }
  Result<std::shared_ptr<const Verdict>> Judge(const RequestContext&, const Subject&, std::string_view action,
                                               const Object&) override {
    return std::make_shared<const Verdict>(
        Verdict{.allow = true, .row_filters = {action == "select" ? "a > 1" : "a > 2"}, .masks = {}});
  }
  Result<void> Refresh() override { return {}; }
};

TEST_F(ShownTablesTest, WhoReadsAndWritesIsBoundByWhatIsDecidedOfEither) {
  HidesByUse judge;
  const Principal reader = Made("anna", "reader"), writer = Made("bob", "writer");
  catalog_->UseJudge(&judge);
  EXPECT_THAT((*Shown(reader))->restrictive, SizeIs(1));
  const auto both = (*Shown(writer))->restrictive;
  ASSERT_THAT(both, SizeIs(2));
  EXPECT_EQ(both[0].sql, "a > 1");
  EXPECT_EQ(both[1].sql, "a > 2");
  catalog_->UseJudge(nullptr);
}

}  // namespace
}  // namespace neurolake::query
