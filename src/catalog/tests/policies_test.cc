#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class PoliciesTest : public CatalogTest {
 protected:
  void SetUp() override {
    CatalogTest::SetUp();
    if (catalog_ == nullptr) return;
    ASSERT_OK(catalog_->CreateSchema("s", false, ""));
    for (const char* id : {"1", "2"}) ASSERT_OK(catalog_->AddTable(Table("s", std::string("t") + id, id)));
  }

  PolicyRecord Policy(const std::string& name, const std::string& kind = "row", const std::string& column = "") const {
    return {.id = "id of " + name + kind + column,
            .table = TableId("1"),
            .name = name,
            .kind = kind,
            .column = column,
            .definition = "USING (a > 0)",
            .plan = "{}",
            .created_by = "ada",
            .created = clock_.Now()};
  }
  static GrantRecord Grant(const std::string& kind, const std::string& id, bool denied) {
    return {.securable_kind = kind,
            .securable_id = id,
            .grantee_kind = "role",
            .grantee_id = "reader",
            .privilege = "select",
            .denied = denied,
            .granted_by = "ada",
            .created = WallTime()};
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto policies = catalog_->ListPolicies(TableId("1")).value();
    for (const auto& policy : policies) names.push_back(policy.name);
    return names;
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, PoliciesTest, testing::Values("sqlite", "postgresql"));

TEST_P(PoliciesTest, AreMadeListedReplacedAndDropped) {
  EXPECT_FALSE(catalog_->FindTable("s", "t1").value()->has_policies);
  ASSERT_OK(catalog_->AddPolicy(Policy("B"), false));
  ASSERT_OK(catalog_->AddPolicy(Policy("a", "mask", "col"), false));
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  EXPECT_TRUE(catalog_->FindTable("s", "t1").value()->has_policies);
  EXPECT_FALSE(catalog_->FindTable("s", "t2").value()->has_policies);
  EXPECT_EQ(CodeOf(catalog_->AddPolicy(Policy("b"), false)), ErrorCode::kAlreadyExists);
  ASSERT_OK(catalog_->AddPolicy(Policy("b"), true));
  EXPECT_EQ(CodeOf(catalog_->AddPolicy(Policy("other", "mask", "col"), false)), ErrorCode::kAlreadyExists);
  ASSERT_OK(catalog_->AddPolicy(Policy("c"), false));
  EXPECT_EQ(CodeOf(catalog_->DropPolicy(TableId("1"), "mask", "b")), ErrorCode::kNotFound);
  ASSERT_OK(catalog_->DropPolicy(TableId("1"), "row", "B"));
  EXPECT_THAT(Names(), ElementsAre("a", "c"));
  auto elsewhere = Policy("b");
  elsewhere.table = TableId("no such table");
  EXPECT_EQ(CodeOf(catalog_->AddPolicy(elsewhere, false)), ErrorCode::kNotFound);
}

TEST_P(PoliciesTest, GoByTheTablesId) {
  ASSERT_OK(catalog_->AddPolicy(Policy("a"), false));
  ASSERT_OK(catalog_->RenameTable("s", "t1", "s", "renamed"));
  EXPECT_TRUE(catalog_->FindTable("s", "renamed").value()->has_policies);
  ASSERT_OK(catalog_->DropTable("s", "renamed", false));
  EXPECT_TRUE(catalog_->UndropTable(TableId("1")).has_value());
  EXPECT_TRUE(catalog_->FindTable("s", "renamed").value()->has_policies);
}

TEST_P(PoliciesTest, GroupsHaveMembersUntilTheyAreDropped) {
  ASSERT_TRUE(catalog_->CreateToken("anna", "reader", "t", std::nullopt).has_value());
  const auto principals = catalog_->ListPrincipals().value();
  const auto anna = std::ranges::find(principals, "anna", &PrincipalRecord::name)->id;
  ASSERT_OK(catalog_->CreateGroup("EU"));
  EXPECT_EQ(CodeOf(catalog_->CreateGroup("eu")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->CreateGroup("anna")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->AddMember("eu", "nobody")), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->AddMember("us", "anna")), ErrorCode::kNotFound);
  ASSERT_OK(catalog_->AddMember("eu", "anna"));
  ASSERT_OK(catalog_->AddMember("eu", "ANNA"));
  const std::string id = catalog_->ListGroups().value().at(0).id;
  EXPECT_THAT(catalog_->GroupsOf(anna).value(), ElementsAre(Pair(id, "eu")));
  EXPECT_THAT(catalog_->ListGroups().value().at(0).members, ElementsAre("anna"));
  auto policy = Policy("a");
  policy.plan = R"({"to":[{"kind":"group","id":")" + id + R"("}]})";
  ASSERT_OK(catalog_->AddPolicy(policy, false));
  EXPECT_EQ(CodeOf(catalog_->DropGroup("eu")), ErrorCode::kDependentObjects);
  ASSERT_OK(catalog_->DropPolicy(TableId("1"), "row", "a"));
  ASSERT_OK(catalog_->RemoveMember("eu", "anna"));
  EXPECT_THAT(catalog_->GroupsOf(anna).value(), IsEmpty());
  ASSERT_OK(catalog_->DropGroup("eu"));
  EXPECT_EQ(CodeOf(catalog_->DropGroup("eu")), ErrorCode::kNotFound);
}

TEST_P(PoliciesTest, ACloneHasItsSourcesPoliciesBeforeItHasAName) {
  ASSERT_OK(catalog_->AddPolicy(Policy("a"), false));
  ASSERT_OK(catalog_->AddPolicy(Policy("b", "mask", "ssn"), false));
  ASSERT_OK(catalog_->CopyPolicies(TableId("1"), TableId("clone")));
  ASSERT_OK(catalog_->CopyPolicies(TableId("1"), TableId("clone")));
  ASSERT_OK(catalog_->AddTable(Table("s", "cloned", "clone")));
  EXPECT_TRUE(catalog_->FindTable("s", "cloned").value()->has_policies);
  const auto copies = catalog_->ListPolicies(TableId("clone")).value();
  ASSERT_EQ(copies.size(), 2U);
  EXPECT_NE(copies[0].id, Policy("a").id);
  EXPECT_EQ(copies[1].column, "ssn");
  ASSERT_OK(catalog_->DropPolicy(TableId("clone"), "row", "a"));
  EXPECT_EQ(catalog_->ListPolicies(TableId("1")).value().size(), 2U);
}

TEST_P(PoliciesTest, AGroupThatSomethingIsDeniedToStays) {
  ASSERT_OK(catalog_->CreateGroup("eu"));
  auto grant = Grant("relation", "1", true);
  grant.grantee_kind = "group";
  grant.grantee_id = catalog_->ListGroups().value().at(0).id;
  ASSERT_OK(catalog_->AddGrant(grant));
  EXPECT_EQ(CodeOf(catalog_->DropGroup("eu")), ErrorCode::kDependentObjects);
  grant.denied = false;
  ASSERT_OK(catalog_->AddGrant(grant));
  ASSERT_OK(catalog_->DropGroup("eu"));
  EXPECT_THAT(catalog_->ListGrants().value(), IsEmpty());
}

TEST_P(PoliciesTest, GrantsOnATableAreItsOwnItsSchemasAndTheLakes) {
  EXPECT_FALSE(catalog_->FindTable("s", "t1").value()->lake_has_grants);
  const std::string schema = catalog_->FindSchema("s").value()->id.value();
  ASSERT_OK(catalog_->AddGrant(Grant("relation", "1", false)));
  ASSERT_OK(catalog_->AddGrant(Grant("relation", "2", false)));
  ASSERT_OK(catalog_->AddGrant(Grant("schema", schema, true)));
  ASSERT_OK(catalog_->AddGrant(Grant("lake", "", true)));
  EXPECT_TRUE(catalog_->FindTable("s", "t2").value()->lake_has_grants);
  EXPECT_EQ(catalog_->GrantsOn("1").value().size(), 3U);
  ASSERT_OK(catalog_->AddGrant(Grant("relation", "1", true)));
  EXPECT_EQ(catalog_->ListGrants().value().size(), 4U);
  ASSERT_OK(catalog_->RemoveGrant(Grant("lake", "", false)));
  ASSERT_OK(catalog_->RemoveGrant(Grant("lake", "", false)));
  const auto grants = catalog_->GrantsOn("1").value();
  EXPECT_EQ(grants.size(), 2U);
  for (const auto& grant : grants) EXPECT_TRUE(grant.denied);
}

}  // namespace
}  // namespace neurolake::catalog
