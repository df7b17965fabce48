#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class PurposesTest : public CatalogTest {
 protected:
  void SetUp() override {
    CatalogTest::SetUp();
    if (catalog_ == nullptr) return;
    ASSERT_OK(catalog_->CreateSchema("s", false, ""));
    ASSERT_OK(catalog_->AddTable(Table("s", "t", "1")));
    for (const char* name : {"billing", "fraud"}) ASSERT_OK(catalog_->CreatePurpose(name, "why"));
  }
  static PurposeGrantRecord Grant(const std::string& purpose, const std::string& kind, const std::string& id) {
    return {.purpose = purpose, .grantee_kind = kind, .grantee_id = id, .granted_by = "ada", .created = WallTime()};
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, PurposesTest, testing::Values("sqlite", "postgresql"));

TEST_P(PurposesTest, AreMadeGrantedAndDropped) {
  EXPECT_EQ(CodeOf(catalog_->CreatePurpose("Billing", "")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(catalog_->ListPurposes().value().size(), 2U);
  ASSERT_OK(catalog_->GrantPurpose(Grant("Billing", "role", "reader"), true));
  ASSERT_OK(catalog_->GrantPurpose(Grant("billing", "role", "reader"), true));
  EXPECT_EQ(CodeOf(catalog_->GrantPurpose(Grant("none", "role", "reader"), true)), ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->ListPurposeGrants("billing").value().size(), 1U);
  EXPECT_THAT(catalog_->ListPurposeGrants("fraud").value(), IsEmpty());
  ASSERT_OK(catalog_->GrantPurpose(Grant("billing", "role", "reader"), false));
  EXPECT_THAT(catalog_->ListPurposeGrants("").value(), IsEmpty());
  ASSERT_OK(catalog_->DropPurpose("billing"));
  EXPECT_EQ(CodeOf(catalog_->DropPurpose("billing")), ErrorCode::kNotFound);
}

TEST_P(PurposesTest, AreAllowedByTableAndByTag) {
  ASSERT_OK(catalog_->SetAllowedPurposes({.table = TableId("1"), .purposes = {"Fraud", "billing"}}));
  EXPECT_TRUE(catalog_->FindTable(TableId("1")).value()->has_policies);
  ASSERT_OK(catalog_->SetAllowedPurposes({.table = {}, .tag = "PII", .value = "Email", .purposes = {"fraud"}}));
  auto lists = catalog_->AllowedPurposesOf(TableId("1")).value();
  ASSERT_EQ(lists.size(), 1U);
  EXPECT_THAT(lists[0].purposes, ElementsAre("billing", "fraud"));
  // The tag of a column counts as one of the table.
  const TagRecord tag{.relation_id = "1",
                      .column = "mail",
                      .label = "mail",
                      .tag = "pii",
                      .value = "EMAIL",
                      .set_by = "ada",
                      .created = clock_.Now()};
  ASSERT_OK(catalog_->ChangeTags({.relation_id = "1", .set = {tag}, .unset = {}}));
  EXPECT_EQ(catalog_->AllowedPurposesOf(TableId("1")).value().size(), 2U);
  EXPECT_EQ(catalog_->ListAllowedPurposes().value().size(), 2U);
  EXPECT_EQ(CodeOf(catalog_->DropPurpose("fraud")), ErrorCode::kDependentObjects);
  EXPECT_EQ(CodeOf(catalog_->SetAllowedPurposes({.table = TableId("1"), .purposes = {"none"}})), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->SetAllowedPurposes({.table = TableId("2"), .purposes = {"fraud"}})), ErrorCode::kNotFound);
  // What failed has changed nothing.
  EXPECT_EQ(catalog_->ListAllowedPurposes().value().size(), 2U);
  ASSERT_OK(catalog_->SetAllowedPurposes({.table = {}, .tag = "pii", .value = "email"}));
  ASSERT_OK(catalog_->SetAllowedPurposes({.table = TableId("1"), .purposes = {"fraud"}}));
  lists = catalog_->AllowedPurposesOf(TableId("1")).value();
  ASSERT_EQ(lists.size(), 1U);
  EXPECT_THAT(lists[0].purposes, ElementsAre("fraud"));
  ASSERT_OK(catalog_->SetAllowedPurposes({.table = TableId("1")}));
  EXPECT_THAT(catalog_->AllowedPurposesOf(TableId("1")).value(), IsEmpty());
}

TEST_P(PurposesTest, HaveASmallestGroupPerTable) {
  const TableId table("1");
  for (const int64_t size : {int64_t{-1}, int64_t{1}, TagCatalog::kMinimumGroupMax + 1}) {
    EXPECT_EQ(CodeOf(catalog_->SetMinimumGroup({.table = table, .purpose = "fraud", .size = size})),
              ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(CodeOf(catalog_->SetMinimumGroup({.table = table, .purpose = "none", .size = 5})), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->SetMinimumGroup({.table = TableId("2"), .purpose = "fraud", .size = 5})),
            ErrorCode::kNotFound);
  EXPECT_FALSE(catalog_->FindTable(table).value()->has_policies);
  ASSERT_OK(catalog_->SetMinimumGroup({.table = table, .purpose = "Fraud", .size = 5}));
  ASSERT_OK(catalog_->SetMinimumGroup(
      {.table = table, .purpose = "fraud", .size = 7, .column = "col-1", .label = "patient"}));
  EXPECT_TRUE(catalog_->FindTable(table).value()->has_policies);
  const auto groups = catalog_->MinimumGroupsOf(table).value();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].size, 7);
  EXPECT_EQ(groups[0].column, "col-1");
  EXPECT_EQ(CodeOf(catalog_->DropPurpose("fraud")), ErrorCode::kDependentObjects);
  ASSERT_OK(catalog_->CopyTags(table, TableId("clone")));
  EXPECT_EQ(catalog_->MinimumGroupsOf(TableId("clone")).value().size(), 1U);
  ASSERT_OK(catalog_->SetMinimumGroup({.table = table, .purpose = "fraud"}));
  EXPECT_THAT(catalog_->MinimumGroupsOf(table).value(), IsEmpty());
}

TEST_P(PurposesTest, StandInTheHistory) {
  StatementRecord record;
  record.id = StatementId("statement");
  record.state = "running";
  record.purpose = "billing";
  record.started = clock_.Now();
  ASSERT_OK(catalog_->BeginStatement(record));
  record.state = "succeeded";
  ASSERT_OK(catalog_->FinishStatement(record));
  EXPECT_EQ(catalog_->ListStatements(std::nullopt, 10, 0).value().at(0).purpose, "billing");
}

TEST_P(PurposesTest, PrincipalsHaveAttributes) {
  ASSERT_TRUE(catalog_->CreateToken("anna", "reader", "t", std::nullopt).has_value());
  const auto principals = catalog_->ListPrincipals().value();
  const auto anna = std::ranges::find(principals, "anna", &PrincipalRecord::name)->id;
  ASSERT_OK(catalog_->ChangeAttributes("Anna", {{"Region", "EU"}, {"level", "2"}}, {}));
  ASSERT_OK(catalog_->ChangeAttributes("anna", {{"region", "US"}}, {}));
  EXPECT_THAT(catalog_->AttributesOf(anna).value(), ElementsAre(Pair("level", "2"), Pair("region", "US")));
  EXPECT_EQ(CodeOf(catalog_->ChangeAttributes("nobody", {{"a", "b"}}, {})), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->ChangeAttributes("anna", {}, {"none"})), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->ChangeAttributes("anna", {{"", "b"}}, {})), ErrorCode::kInvalidArgument);
  ASSERT_OK(catalog_->ChangeAttributes("anna", {}, {"LEVEL"}));
  EXPECT_THAT(catalog_->AttributesOf(anna).value(), ElementsAre(Pair("region", "US")));
  EXPECT_THAT(catalog_->AttributesOf(PrincipalId("nobody")).value(), IsEmpty());
}

}  // namespace
}  // namespace neurolake::catalog
