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

TEST_P(PurposesTest, LeaveToGoPastPoliciesIsGivenByAnotherAndEnds) {
  for (const char* name : {"anna", "boss"}) {
    ASSERT_TRUE(catalog_->CreateToken(name, "admin", "t", std::nullopt).has_value());
  }
  const auto principals = catalog_->ListPrincipals().value();
  const auto anna = std::ranges::find(principals, "anna", &PrincipalRecord::name)->id;
  const auto boss = std::ranges::find(principals, "boss", &PrincipalRecord::name)->id;
  const TableId table("1");
  const auto active = [&](const PrincipalId& who) {
    return catalog_->ActiveBreakGlass(table, who).value().has_value();
  };
  BreakGlassRecord request{
      .id = "r1", .table = table, .principal = anna, .reason = "a patient", .minutes = 30, .requested = {}};
  ASSERT_OK(catalog_->RequestBreakGlass(request));
  EXPECT_FALSE(active(anna));
  EXPECT_EQ(CodeOf(catalog_->ApproveBreakGlass("r1", anna, "anna")), ErrorCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(catalog_->ApproveBreakGlass("none", boss, "boss")), ErrorCode::kNotFound);
  ASSERT_OK(catalog_->ApproveBreakGlass("r1", boss, "boss"));
  EXPECT_TRUE(active(anna));
  EXPECT_FALSE(active(boss));
  EXPECT_FALSE(catalog_->ActiveBreakGlass(TableId("2"), anna).value().has_value());
  EXPECT_EQ(CodeOf(catalog_->ApproveBreakGlass("r1", boss, "boss")), ErrorCode::kNotFound);
  clock_.Advance(std::chrono::minutes(30));
  EXPECT_FALSE(active(anna));
  EXPECT_EQ(CodeOf(catalog_->EndBreakGlass("r1", "boss")), ErrorCode::kNotFound);
  // One that is ended before its time, and one that nobody answers.
  request.id = "r2";
  ASSERT_OK(catalog_->RequestBreakGlass(request));
  ASSERT_OK(catalog_->ApproveBreakGlass("r2", boss, "boss"));
  EXPECT_TRUE(active(anna));
  ASSERT_OK(catalog_->EndBreakGlass("r2", "boss"));
  EXPECT_FALSE(active(anna));
  clock_.Advance(std::chrono::minutes(1));
  request.id = "r3";
  ASSERT_OK(catalog_->RequestBreakGlass(request));
  clock_.Advance(TagCatalog::kBreakGlassAnswerWithin);
  EXPECT_EQ(CodeOf(catalog_->ApproveBreakGlass("r3", boss, "boss")), ErrorCode::kNotFound);
  const auto all = catalog_->ListBreakGlass().value();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].id, "r3");
  EXPECT_EQ(all[1].ended_by, "boss");
  EXPECT_EQ(all[2].approved_by, "boss");
}

TEST_P(PurposesTest, LeaveToGoPastPoliciesHasBounds) {
  ASSERT_TRUE(catalog_->CreateToken("anna", "admin", "t", std::nullopt).has_value());
  const auto anna = catalog_->ListPrincipals().value().at(0).id;
  BreakGlassRecord request{
      .id = "r", .table = TableId("1"), .principal = anna, .reason = "x", .minutes = 0, .requested = {}};
  EXPECT_EQ(CodeOf(catalog_->RequestBreakGlass(request)), ErrorCode::kInvalidArgument);
  request.minutes = TagCatalog::kBreakGlassMinutesMax + 1;
  EXPECT_EQ(CodeOf(catalog_->RequestBreakGlass(request)), ErrorCode::kInvalidArgument);
  request.minutes = 1;
  request.reason = " ";
  EXPECT_EQ(CodeOf(catalog_->RequestBreakGlass(request)), ErrorCode::kInvalidArgument);
  request.reason = "x";
  request.table = TableId("2");
  EXPECT_EQ(CodeOf(catalog_->RequestBreakGlass(request)), ErrorCode::kNotFound);
  request.table = TableId("1");
  for (int64_t i = 0; i < TagCatalog::kBreakGlassPendingMax; ++i) {
    request.id = "r" + std::to_string(i);
    ASSERT_OK(catalog_->RequestBreakGlass(request));
  }
  request.id = "one more";
  EXPECT_EQ(CodeOf(catalog_->RequestBreakGlass(request)), ErrorCode::kInvalidArgument);
}

TEST_P(PurposesTest, StandInTheHistory) {
  StatementRecord record;
  record.id = StatementId("statement");
  record.state = "running";
  record.purpose = "billing";
  record.started = clock_.Now();
  ASSERT_OK(catalog_->BeginStatement(record));
  record.state = "succeeded";
  record.break_glass = "id";
  ASSERT_OK(catalog_->FinishStatement(record));
  const auto stored = catalog_->ListStatements(std::nullopt, 10, 0).value().at(0);
  EXPECT_EQ(stored.purpose, "billing");
  EXPECT_EQ(stored.break_glass, "id");
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
