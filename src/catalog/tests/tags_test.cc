#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TagsTest : public CatalogTest {
 protected:
  void SetUp() override {
    CatalogTest::SetUp();
    if (catalog_ == nullptr) return;
    for (const char* schema : {"s", "other"}) ASSERT_OK(catalog_->CreateSchema(schema, false, ""));
    for (const char* id : {"1", "2"}) ASSERT_OK(catalog_->AddTable(Table("s", std::string("t") + id, id)));
  }
  TagRecord Tag(const std::string& tag, const std::string& value, const std::string& column = "") const {
    return {.relation_id = "1",
            .column = column,
            .label = column,
            .tag = tag,
            .value = value,
            .set_by = "ada",
            .created = clock_.Now()};
  }
  Result<void> Set(std::vector<TagRecord> tags, bool may_weaken = false, const std::string& relation = "1") {
    return catalog_->ChangeTags(
        {.relation_id = relation, .set = std::move(tags), .unset = {}, .may_weaken = may_weaken});
  }
  Result<void> Unset(const std::string& column, const std::string& tag, bool may_weaken = false) {
    return catalog_->ChangeTags({.relation_id = "1", .set = {}, .unset = {{column, tag}}, .may_weaken = may_weaken});
  }
  /// "column tag=value" of each.
  std::vector<std::string> Tags(const std::string& relation = "1") {
    std::vector<std::string> texts;
    const auto tags = catalog_->TagsOf(relation).value();
    for (const auto& one : tags) texts.push_back(one.column + " " + one.tag + "=" + one.value);
    return texts;
  }
  TagPolicyRecord Policy(const std::string& name, const std::string& kind, TagPattern on,
                         const std::string& schema = "") const {
    return {.id = "id of " + name,
            .schema = SchemaId(schema),
            .name = name,
            .kind = kind,
            .on = std::move(on),
            .definition = "USING NULL",
            .plan = "{}",
            .created_by = "ada",
            .created = clock_.Now()};
  }
  std::vector<std::string> PoliciesOf(const std::string& relation) {
    std::vector<std::string> names;
    const auto policies = catalog_->TagPoliciesOf(relation).value();
    for (const auto& one : policies) names.push_back(one.name);
    return names;
  }
  static constexpr TagCatalog::TagPolicyOptions kIfAny{.or_replace = false, .if_any = true};
};
INSTANTIATE_TEST_SUITE_P(Kinds, TagsTest, testing::Values("sqlite", "postgresql"));

TEST_P(TagsTest, AreSetChangedAndTakenOff) {
  EXPECT_FALSE(catalog_->FindTable(TableId("1")).value()->has_policies);
  ASSERT_OK(Set({Tag("Sensitivity", "High"), Tag("pii.email", "", "mail")}));
  EXPECT_THAT(Tags(), ElementsAre(" sensitivity=High", "mail pii.email="));
  EXPECT_TRUE(catalog_->FindTable(TableId("1")).value()->has_policies);
  EXPECT_FALSE(catalog_->FindTable(TableId("2")).value()->has_policies);
  ASSERT_OK(Set({Tag("sensitivity", "low")}));
  ASSERT_OK(Unset("mail", "PII.EMAIL"));
  EXPECT_THAT(Tags(), ElementsAre(" sensitivity=low"));
  EXPECT_EQ(CodeOf(Unset("mail", "pii.email")), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(Set({Tag("", "x")})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Set({Tag("a", std::string(1001, 'x'))})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Set({Tag("a", "b")}, false, "nothing")), ErrorCode::kNotFound);
}

TEST_P(TagsTest, AreChangedTogetherOrNotAtAll) {
  ASSERT_OK(Set({Tag("a", "1")}));
  EXPECT_EQ(CodeOf(Set({Tag("b", "2"), Tag("\n", "3")})), ErrorCode::kInvalidArgument);
  EXPECT_THAT(Tags(), ElementsAre(" a=1"));
}

TEST_P(TagsTest, OutliveRenamesAndComeBackWithTheTable) {
  ASSERT_OK(Set({Tag("a", "1")}));
  ASSERT_OK(catalog_->RenameTable("s", "t1", "other", "renamed"));
  EXPECT_THAT(Tags(), ElementsAre(" a=1"));
  ASSERT_OK(catalog_->DropTable("other", "renamed", false));
  EXPECT_THAT(catalog_->ListTags().value(), IsEmpty());
  ASSERT_TRUE(catalog_->UndropTable(TableId("1")).has_value());
  EXPECT_THAT(Tags(), ElementsAre(" a=1"));
  ASSERT_OK(catalog_->DropTable("other", "renamed", false));
  ASSERT_OK(catalog_->ForgetDroppedTable(TableId("1")));
  EXPECT_THAT(Tags(), IsEmpty());
}

TEST_P(TagsTest, BringPoliciesByNameAndValueWithoutCase) {
  ASSERT_OK(Set({Tag("sensitivity", "High"), Tag("pii", "email", "mail")}));
  ASSERT_OK(catalog_->AddTagPolicy(Policy("any", "row", {false, "Sensitivity", std::nullopt}), {}));
  ASSERT_OK(catalog_->AddTagPolicy(Policy("high", "row", {false, "sensitivity", "HIGH"}), {}));
  ASSERT_OK(catalog_->AddTagPolicy(Policy("low", "row", {false, "sensitivity", "low"}), kIfAny));
  ASSERT_OK(catalog_->AddTagPolicy(Policy("mail", "mask", {true, "pii", "email"}), {}));
  EXPECT_THAT(PoliciesOf("1"), ElementsAre("any", "high", "mail"));
  EXPECT_THAT(PoliciesOf("2"), IsEmpty());
  EXPECT_EQ(catalog_->TagsMatching({true, "PII", "Email"}, {}).value().size(), 1U);
  EXPECT_THAT(catalog_->TagsMatching({false, "pii", std::nullopt}, {}).value(), IsEmpty());
  ASSERT_OK(catalog_->DropTagPolicy("row", "ANY"));
  EXPECT_EQ(CodeOf(catalog_->DropTagPolicy("row", "any")), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->DropTagPolicy("row", "mail")), ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->ListTagPolicies().value().size(), 3U);
}

TEST_P(TagsTest, APolicyThatMatchesNothingHasToBeAskedFor) {
  EXPECT_EQ(CodeOf(catalog_->AddTagPolicy(Policy("p", "row", {false, "a", std::nullopt}), {})), ErrorCode::kNotFound);
  EXPECT_THAT(catalog_->ListTagPolicies().value(), IsEmpty());
  ASSERT_OK(catalog_->AddTagPolicy(Policy("p", "row", {false, "a", std::nullopt}), kIfAny));
  EXPECT_EQ(CodeOf(catalog_->AddTagPolicy(Policy("p", "row", {false, "a", std::nullopt}), kIfAny)),
            ErrorCode::kAlreadyExists);
  ASSERT_OK(
      catalog_->AddTagPolicy(Policy("p", "row", {false, "b", std::nullopt}), {.or_replace = true, .if_any = true}));
  // A tag of a column is none of the table.
  ASSERT_OK(Set({Tag("c", "", "mail")}));
  EXPECT_EQ(CodeOf(catalog_->AddTagPolicy(Policy("q", "row", {false, "c", std::nullopt}), {})), ErrorCode::kNotFound);
}

TEST_P(TagsTest, APolicyOfASchemaHoldsThereAlone) {
  const std::string s = catalog_->FindSchema("s").value()->id.value();
  ASSERT_OK(Set({Tag("a", "")}));
  EXPECT_EQ(CodeOf(catalog_->AddTagPolicy(Policy("p", "row", {false, "a", std::nullopt}, "no such schema"), {})),
            ErrorCode::kSchemaNotFound);
  ASSERT_OK(catalog_->AddTagPolicy(Policy("p", "row", {false, "a", std::nullopt}, s), {}));
  EXPECT_THAT(PoliciesOf("1"), ElementsAre("p"));
  EXPECT_EQ(CodeOf(catalog_->DropSchema("s", false, true)), ErrorCode::kDependentObjects);
  ASSERT_OK(catalog_->RenameTable("s", "t1", "other", "t1"));
  EXPECT_THAT(PoliciesOf("1"), IsEmpty());
}

TEST_P(TagsTest, WhatAPolicyStandsOnIsNotTakenOffByEverybody) {
  ASSERT_OK(Set({Tag("a", "high"), Tag("b", "x")}));
  ASSERT_OK(catalog_->AddTagPolicy(Policy("p", "row", {false, "a", "high"}), {}));
  EXPECT_EQ(CodeOf(Unset("", "a")), ErrorCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(Set({Tag("a", "low")})), ErrorCode::kPermissionDenied);
  ASSERT_OK(Set({Tag("a", "HIGH")}));
  ASSERT_OK(Unset("", "b"));
  ASSERT_OK(Set({Tag("a", "low")}, /*may_weaken=*/true));
  ASSERT_OK(Unset("", "a"));
}

TEST_P(TagsTest, WhatAListOfPurposesStandsOnIsNotTakenOffByEverybody) {
  ASSERT_OK(catalog_->CreatePurpose("billing", ""));
  ASSERT_OK(Set({Tag("pii", "", "mail")}));
  ASSERT_OK(catalog_->SetAllowedPurposes({.table = {}, .tag = "pii", .purposes = {"billing"}}));
  EXPECT_EQ(CodeOf(Unset("mail", "pii")), ErrorCode::kPermissionDenied);
  ASSERT_OK(Unset("mail", "pii", /*may_weaken=*/true));
}

TEST_P(TagsTest, AColumnHasOneMaskHoweverItComesToIt) {
  ASSERT_OK(Set({Tag("pii", "", "mail")}));
  ASSERT_OK(catalog_->AddTagPolicy(Policy("p", "mask", {true, "pii", std::nullopt}), {}));
  PolicyRecord own{.id = "own",
                   .table = TableId("1"),
                   .name = "own",
                   .kind = "mask",
                   .column = "mail",
                   .definition = "",
                   .plan = "{}",
                   .created_by = "ada",
                   .created = clock_.Now()};
  EXPECT_EQ(CodeOf(catalog_->AddPolicy(own, false)), ErrorCode::kAlreadyExists);
  own.column = "name";
  ASSERT_OK(catalog_->AddPolicy(own, false));
  EXPECT_EQ(CodeOf(Set({Tag("pii", "", "name")})), ErrorCode::kAlreadyExists);
  ASSERT_OK(Set({Tag("secret", "", "mail")}));
  EXPECT_EQ(CodeOf(catalog_->AddTagPolicy(Policy("q", "mask", {true, "secret", std::nullopt}), {})),
            ErrorCode::kAlreadyExists);
  EXPECT_EQ(catalog_->ListTagPolicies().value().size(), 1U);
}

TEST_P(TagsTest, AFieldHasOneMaskWithWhatIsAroundIt) {
  ASSERT_OK(Set({Tag("pii", "", "home\x01street"), Tag("pii", "", "homes")}));
  ASSERT_OK(catalog_->AddTagPolicy(Policy("p", "mask", {true, "pii", std::nullopt}), {}));
  EXPECT_THAT(Tags(), testing::Contains("home\x01street pii="));
  // Around it, inside of it, itself; then beside it.
  for (const char* column : {"home", "home\x01street\x01line"}) {
    EXPECT_EQ(CodeOf(Set({Tag("pii", "", column)})), ErrorCode::kAlreadyExists) << column;
  }
  ASSERT_OK(Set({Tag("pii", "", "home\x01streets")}));
  PolicyRecord own{.id = "own",
                   .table = TableId("1"),
                   .name = "own",
                   .kind = "mask",
                   .column = R"(["home","street"])",
                   .definition = "",
                   .plan = "{}",
                   .created_by = "ada",
                   .created = clock_.Now()};
  EXPECT_EQ(CodeOf(catalog_->AddPolicy(own, false)), ErrorCode::kAlreadyExists);
  own.column = R"(["home","town"])";
  ASSERT_OK(catalog_->AddPolicy(own, false));
  EXPECT_EQ(CodeOf(Set({Tag("pii", "",
                            "home\x01town\x01"
                            "code")})),
            ErrorCode::kAlreadyExists);
}

TEST_P(TagsTest, WhatIsInheritedOnlyAdds) {
  ASSERT_OK(Set({Tag("a", "mine")}));
  ASSERT_OK(catalog_->AddTagPolicy(Policy("p", "row", {false, "a", std::nullopt}), {}));
  TagChange inherited{.relation_id = "1", .set = {Tag("a", "theirs"), Tag("b", "new")}, .unset = {}};
  inherited.only_add = true;
  ASSERT_OK(catalog_->ChangeTags(inherited));
  EXPECT_THAT(Tags(), ElementsAre(" a=mine", " b=new"));
  // Before the table has its name.
  inherited.relation_id = "to come";
  ASSERT_OK(catalog_->ChangeTags(inherited));
  EXPECT_THAT(Tags("to come"), ElementsAre(" a=theirs", " b=new"));
}

TEST_P(TagsTest, ACloneHasItsSourcesTagsAndPurposes) {
  ASSERT_OK(catalog_->CreatePurpose("billing", ""));
  ASSERT_OK(Set({Tag("a", "1"), Tag("b", "2", "mail")}));
  ASSERT_OK(catalog_->SetAllowedPurposes({.table = TableId("1"), .purposes = {"billing"}}));
  for (int twice = 0; twice < 2; ++twice) ASSERT_OK(catalog_->CopyTags(TableId("1"), TableId("clone")));
  ASSERT_OK(catalog_->AddTable(Table("s", "clone", "clone")));
  EXPECT_THAT(Tags("clone"), ElementsAre(" a=1", "mail b=2"));
  EXPECT_EQ(catalog_->AllowedPurposesOf(TableId("clone")).value().size(), 1U);
}

TEST_P(TagsTest, AViewsTagsGoWithIt) {
  ASSERT_OK(catalog_->CreateView(View("s", "v"), false, false));
  const std::string id = catalog_->FindView("s", "v").value()->id;
  ASSERT_OK(Set({Tag("a", "", "x")}, false, id));
  EXPECT_EQ(Tags(id).size(), 1U);
  ASSERT_OK(catalog_->DropView("s", "v", false));
  EXPECT_THAT(Tags(id), IsEmpty());
}

TEST_P(TagsTest, AGroupThatAPolicyByTagNamesStays) {
  ASSERT_OK(catalog_->CreateGroup("eu"));
  const std::string id = catalog_->ListGroups().value().at(0).id;
  auto policy = Policy("p", "row", {false, "a", std::nullopt});
  policy.plan = R"({"to":[{"kind":"group","id":")" + id + R"("}]})";
  ASSERT_OK(catalog_->AddTagPolicy(policy, kIfAny));
  EXPECT_EQ(CodeOf(catalog_->DropGroup("eu")), ErrorCode::kDependentObjects);
  ASSERT_OK(catalog_->DropTagPolicy("row", "p"));
  ASSERT_OK(catalog_->DropGroup("eu"));
}

}  // namespace
}  // namespace neurolake::catalog
