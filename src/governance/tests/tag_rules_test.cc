#include "governance/tag_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neurolake::governance {
namespace {

using plan::DependenceKind;
using plan::LineageDigest;
using Kind = PolicyRule::Kind;

const Grantee kEverybody{};
const Grantee kAdmins{Grantee::Kind::kRole, "admin"};
const Grantee kEurope{Grantee::Kind::kGroup, "id-eu"};

PolicySubject Anna() { return {.id = "id-anna", .name = "anna", .role = "reader", .groups = {{"id-eu", "eu"}}}; }
PolicySubject Root() { return {.id = "id-root", .name = "root", .role = "admin", .groups = {}}; }

ObjectTag TableTag(const std::string& tag, const std::string& value = "") {
  return {.column = {}, .tag = tag, .value = value};
}
ObjectTag ColumnTag(const std::string& column, const std::string& tag, const std::string& value = "") {
  return {.column = {.name = column, .physical = "col-" + column}, .tag = tag, .value = value};
}
TagRule Row(const std::string& name, const std::string& sql, const std::string& tag, std::vector<Grantee> to,
            Kind kind = Kind::kPermissive) {
  return {.rule = {.kind = kind,
                   .to = std::move(to),
                   .except = {},
                   .value = {.policy = name, .sql = sql, .columns = {{"region", ""}}},
                   .check = std::nullopt,
                   .column = {}},
          .of_columns = false,
          .tag = tag};
}
TagRule Mask(const std::string& name, const std::string& tag, std::vector<Grantee> except = {}) {
  return {.rule = {.kind = Kind::kMask,
                   .to = {},
                   .except = std::move(except),
                   .value = {.policy = name, .sql = "left(value, 1)", .columns = {{"value", ""}}},
                   .check = std::nullopt,
                   .column = {}},
          .of_columns = true,
          .tag = tag};
}
std::shared_ptr<const plan::TablePolicy> Effective(const PolicySubject& subject, const std::vector<TagRule>& rules,
                                                   const std::vector<ObjectTag>& tags,
                                                   std::vector<PolicyRule> own = {}) {
  for (PolicyRule& rule : RulesByTag(rules, tags)) own.push_back(std::move(rule));
  return EffectivePolicy(subject, own);
}
PolicyRule Own(Kind kind, const std::string& sql, std::vector<Grantee> to) {
  return {.kind = kind,
          .to = std::move(to),
          .except = {},
          .value = {.policy = "own", .sql = sql, .columns = {}},
          .check = std::nullopt,
          .column = {}};
}

TEST(TagRulesTest, MeanColumnsWithTheTagAlone) {
  const std::vector<ObjectTag> tags = {ColumnTag("mail", "pii", "Email"), ColumnTag("name", "other"), TableTag("pii")};
  auto rule = Mask("m", "PII");
  auto rules = RulesByTag({rule}, tags);
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].column.physical, "col-mail");
  EXPECT_EQ(rules[0].value.columns[0].name, "value");
  EXPECT_EQ(rules[0].value.columns[0].physical, "col-mail");
  EXPECT_EQ(rules[0].value.columns[0].table_name(), "mail");
  rule.value = "EMAIL";
  EXPECT_EQ(RulesByTag({rule}, tags).size(), 1U);
  rule.value = "phone";
  EXPECT_TRUE(RulesByTag({rule}, tags).empty());
}

TEST(TagRulesTest, MaskWhomTheyDoNotExceptAndShowNullWhereTheyDoNotFit) {
  const auto anna = Effective(Anna(), {Mask("m", "pii", {kAdmins})}, {ColumnTag("mail", "pii")});
  ASSERT_NE(anna, nullptr);
  ASSERT_EQ(anna->masks.size(), 1U);
  EXPECT_TRUE(anna->masks[0].null_if_unfit);
  EXPECT_FALSE(anna->filters_rows);
  EXPECT_EQ(Effective(Root(), {Mask("m", "pii", {kAdmins})}, {ColumnTag("mail", "pii")}), nullptr);
}

TEST(TagRulesTest, TwoMasksOfAColumnShowNull) {
  const std::vector<ObjectTag> tags = {ColumnTag("mail", "pii"), ColumnTag("mail", "secret")};
  const std::vector<TagRule> rules = {Mask("m", "pii"), Mask("n", "secret", {kAdmins})};
  const auto anna = Effective(Anna(), rules, tags);
  ASSERT_EQ(anna->masks.size(), 1U);
  EXPECT_EQ(anna->masks[0].value.sql, "NULL");
  EXPECT_EQ(anna->masks[0].value.policy, "m, n");
  // For whom one alone holds, it does.
  const auto root = Effective(Root(), rules, tags);
  ASSERT_EQ(root->masks.size(), 1U);
  EXPECT_EQ(root->masks[0].value.sql, "left(value, 1)");
}

TEST(TagRulesTest, ATablesOwnPolicyIsNoWayAroundOneByTag) {
  const auto policy = Effective(Anna(), {Row("p", "region = 'EU'", "high", {kEverybody})}, {TableTag("high")},
                                {Own(Kind::kPermissive, "true", {kEverybody})});
  ASSERT_NE(policy, nullptr);
  EXPECT_TRUE(policy->filters_rows);
  ASSERT_EQ(policy->any_of.size(), 1U);
  EXPECT_EQ(policy->any_of[0][0].sql, "region = 'EU'");
  EXPECT_EQ(policy->any_of_checks.size(), 1U);
}

TEST(TagRulesTest, WithoutOneOfItsOwnATableIsReadThroughItsTags) {
  const auto policy = Effective(Anna(), {Row("p", "region = 'EU'", "high", {kEurope})}, {TableTag("high")});
  ASSERT_NE(policy, nullptr);
  ASSERT_EQ(policy->permissive.size(), 1U);
  EXPECT_EQ(policy->permissive[0].sql, "true");
  // Who is named by none of a tag's sees nothing.
  const auto root = Effective(Root(), {Row("p", "region = 'EU'", "high", {kEurope})}, {TableTag("high")});
  ASSERT_EQ(root->any_of.size(), 1U);
  EXPECT_TRUE(root->any_of[0].empty());
}

TEST(TagRulesTest, AlternativesAreThoseOfOneTag) {
  const std::vector<TagRule> rules = {Row("p", "a", "high", {kEverybody}), Row("q", "b", "high", {kEverybody}),
                                      Row("r", "c", "hr", {kEverybody})};
  const auto policy = Effective(Anna(), rules, {TableTag("high"), TableTag("hr")});
  ASSERT_EQ(policy->any_of.size(), 2U);
  EXPECT_EQ(policy->any_of[0].size() + policy->any_of[1].size(), 3U);
}

TEST(TagRulesTest, EveryColumnWithTheTagHasToLetARowThrough) {
  TagRule rule = Row("p", "value = 'EU'", "region", {kEverybody});
  rule.of_columns = true;
  rule.rule.value.columns = {{"value", ""}};
  const auto policy = Effective(Anna(), {rule}, {ColumnTag("home", "region"), ColumnTag("work", "region")});
  ASSERT_EQ(policy->any_of.size(), 2U);
  EXPECT_NE(policy->any_of[0][0].columns[0].physical, policy->any_of[1][0].columns[0].physical);
}

TEST(TagRulesTest, RestrictiveOnesStandAlone) {
  const auto policy =
      Effective(Anna(), {Row("p", "region = 'EU'", "high", {kEverybody}, Kind::kRestrictive)}, {TableTag("high")});
  ASSERT_NE(policy, nullptr);
  EXPECT_TRUE(policy->any_of.empty());
  ASSERT_EQ(policy->restrictive.size(), 1U);
  EXPECT_EQ(policy->permissive.size(), 1U);
  // Beside one of the table's own they take nothing of its meaning.
  const auto both = Effective(Anna(), {Row("p", "region = 'EU'", "high", {kEverybody}, Kind::kRestrictive)},
                              {TableTag("high")}, {Own(Kind::kPermissive, "x", {kAdmins})});
  EXPECT_TRUE(both->permissive.empty());
}

PurposeRules Lists(std::vector<std::vector<std::string>> allowed) {
  return {.allowed = std::move(allowed), .groups = {}};
}

TEST(TagRulesTest, ASmallestGroupIsForItsPurposeAlone) {
  const PurposeRules rules{.allowed = {},
                           .groups = {{.purpose = "analytics", .size = 5},
                                      {.purpose = "research", .size = 10, .entity = plan::PolicyColumn{"p", "col-p"}}}};
  PolicySubject anna = Anna();
  EXPECT_EQ(EffectivePolicy(anna, {}, rules), nullptr);
  anna.purpose = "analytics";
  auto policy = EffectivePolicy(anna, {}, rules);
  ASSERT_NE(policy, nullptr);
  ASSERT_EQ(policy->group_minimums.size(), 1U);
  EXPECT_EQ(policy->group_minimums[0].size, 5);
  EXPECT_FALSE(policy->group_minimums[0].entity.has_value());
  anna.purpose = "research";
  policy = EffectivePolicy(anna, {}, rules);
  ASSERT_EQ(policy->group_minimums.size(), 1U);
  EXPECT_EQ(policy->group_minimums[0].size, 10);
  EXPECT_EQ(policy->group_minimums[0].entity->physical, "col-p");
}

TEST(TagRulesTest, EveryListOfPurposesHasToHaveTheStatements) {
  PolicySubject anna = Anna();
  EXPECT_EQ(EffectivePolicy(anna, {}), nullptr);
  auto policy = EffectivePolicy(anna, {}, Lists({{"billing", "fraud"}, {"fraud", "research"}}));
  ASSERT_NE(policy, nullptr);
  EXPECT_TRUE(policy->lacks_purpose);
  EXPECT_THAT(policy->purposes, testing::ElementsAre("fraud"));
  anna.purpose = "billing";
  EXPECT_TRUE(EffectivePolicy(anna, {}, Lists({{"billing", "fraud"}, {"fraud", "research"}}))->lacks_purpose);
  anna.purpose = "fraud";
  EXPECT_EQ(EffectivePolicy(anna, {}, Lists({{"billing", "fraud"}, {"fraud", "research"}})), nullptr);
  EXPECT_TRUE(EffectivePolicy(anna, {}, Lists({{"billing"}, {"research"}}))->purposes.empty());
}

/// Copies table s (columns mail, name) into `target`.
plan::LineageDigest Copy(uint16_t kinds, const std::string& target = "") {
  plan::LineageDigest digest;
  digest.target_kind = "table";
  digest.target = TableId(target);
  digest.target_fields = {{"m", "VARCHAR", "col-m"}, {"n", "VARCHAR", "col-n"}};
  digest.relations.push_back({.kind = "table",
                              .id = TableId("s"),
                              .schema_name = "main",
                              .name = "s",
                              .version = 0,
                              .via = {},
                              .files = {},
                              .fields = {"mail", "name"},
                              .physical_fields = {"col-mail", "col-name"}});
  digest.columns = {{"m", {{0, 0, kinds}}}, {"n", {{0, 1, kinds}}}};
  return digest;
}
uint16_t Bits(DependenceKind kind) { return static_cast<uint16_t>(1U << static_cast<int>(kind)); }

TEST(TagsOfWriteTest, GoWithTheColumnsThatValuesComeFrom) {
  for (const auto kind : {DependenceKind::kIdentity, DependenceKind::kTransformation, DependenceKind::kAggregation,
                          DependenceKind::kConditional}) {
    const auto tags = TagsOfWrite(Copy(Bits(kind)), {{TableId("s"), {ColumnTag("mail", "pii")}}}, {});
    ASSERT_TRUE(tags.has_value());
    ASSERT_EQ(tags->size(), 1U);
    EXPECT_EQ(tags->at(0).column.name, "m");
    EXPECT_EQ(tags->at(0).column.physical, "col-m");
  }
  for (const auto kind : {DependenceKind::kFilter, DependenceKind::kJoin, DependenceKind::kGroupBy}) {
    EXPECT_TRUE(TagsOfWrite(Copy(Bits(kind)), {{TableId("s"), {ColumnTag("mail", "pii")}}}, {})->empty());
  }
}

TEST(TagsOfWriteTest, FollowAColumnThatWasRenamed) {
  ObjectTag tag = ColumnTag("mail", "pii");
  tag.column.name = "its name before";
  EXPECT_EQ(TagsOfWrite(Copy(Bits(DependenceKind::kIdentity)), {{TableId("s"), {tag}}}, {})->size(), 1U);
  tag.column.physical = "another";
  EXPECT_TRUE(TagsOfWrite(Copy(Bits(DependenceKind::kIdentity)), {{TableId("s"), {tag}}}, {})->empty());
}

TEST(TagsOfWriteTest, TakeATablesOwnTagsToOthersAndNotToItself) {
  const std::map<TableId, std::vector<ObjectTag>> sources = {{TableId("s"), {TableTag("high")}}};
  EXPECT_EQ(TagsOfWrite(Copy(Bits(DependenceKind::kIdentity)), sources, {})->size(), 1U);
  EXPECT_TRUE(TagsOfWrite(Copy(Bits(DependenceKind::kIdentity), "s"), sources, {})->empty());
}

TEST(TagsOfWriteTest, AnUpdateWithinATableCarriesToo) {
  const std::map<TableId, std::vector<ObjectTag>> sources = {{TableId("s"), {ColumnTag("mail", "pii")}}};
  EXPECT_EQ(TagsOfWrite(Copy(Bits(DependenceKind::kIdentity), "s"), sources, {})->size(), 1U);
}

TEST(TagsOfWriteTest, TwoValuesOfATagThatSomethingStandsOnAreRefused) {
  ObjectTag high = ColumnTag("mail", "level", "high");
  const std::vector<ObjectTag> target = {ColumnTag("m", "level", "low")};
  const auto copy = Copy(Bits(DependenceKind::kIdentity));
  // Nobody minds which it is.
  EXPECT_TRUE(TagsOfWrite(copy, {{TableId("s"), {high}}}, target)->empty());
  high.is_stood_on = true;
  const auto refused = TagsOfWrite(copy, {{TableId("s"), {high}}}, target);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(TagsOfWrite(copy, {{TableId("s"), {high}}}, {ColumnTag("m", "level", "HIGH")})->empty());
}

// A table with a struct "home" of "street" and "town", which has a "code", copied into a column "h" of the same fields.
ObjectTag FieldTag(const std::string& names, const std::string& physical) {
  return {.column = {.name = names, .physical = physical}, .tag = "pii", .value = ""};
}
LineageDigest CopyOfStruct(std::vector<plan::LineagePart> parts, uint16_t kinds) {
  LineageDigest digest;
  digest.target_kind = "table";
  digest.target = TableId("t");
  digest.target_fields = {{"h", "", "col-h"}};
  digest.target_nested = {{"h\x01street", "col-h\x01s"},
                          {"h\x01town", "col-h\x01t"},
                          {"h\x01town\x01"
                           "code",
                           "col-h\x01t\x01"
                           "c"}};
  digest.relations.push_back({.kind = "table",
                              .id = TableId("s"),
                              .schema_name = "main",
                              .name = "s",
                              .fields = {"home"},
                              .physical_fields = {"p0"},
                              .nested = {{"home\x01street", "p0\x01p1"},
                                         {"home\x01town", "p0\x01p2"},
                                         {"home\x01town\x01"
                                          "code",
                                          "p0\x01p2\x01p3"}}});
  digest.columns = {{"h", {{0, 0, kinds}}, std::move(parts)}};
  return digest;
}
std::vector<std::string> Tagged(const LineageDigest& digest, const ObjectTag& tag) {
  const auto tags = TagsOfWrite(digest, {{TableId("s"), {tag}}}, {});
  EXPECT_TRUE(tags.has_value());
  std::vector<std::string> places;
  for (const ObjectTag& one : *tags) places.push_back(one.column.physical);
  return places;
}
const ObjectTag kStreet = FieldTag("home\x01street", "p0\x01p1");
const ObjectTag kCode = FieldTag(
    "home\x01town\x01"
    "code",
    "p0\x01p2\x01p3");

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TagsOfFieldsTest, GoWithTheStructToTheFieldOfItsName) {
  const auto copy = CopyOfStruct({}, Bits(DependenceKind::kIdentity));
  EXPECT_THAT(Tagged(copy, kStreet), ElementsAre("col-h\x01s"));
  EXPECT_THAT(Tagged(copy, kCode), ElementsAre("col-h\x01t\x01"
                                               "c"));
  // It is called otherwise since it was tagged.
  EXPECT_THAT(Tagged(copy, FieldTag("home\x01road", "p0\x01p1")), ElementsAre("col-h\x01s"));
  // What has taken the place of one that was tagged, by its name, is meant too.
  EXPECT_THAT(Tagged(copy, FieldTag("Home\x01Street", "gone\x01gone")), ElementsAre("col-h\x01s"));
  EXPECT_THAT(Tagged(copy, FieldTag("home\x01gone", "gone\x01gone")), IsEmpty());
  // What is computed of the whole has it as a whole.
  EXPECT_THAT(Tagged(CopyOfStruct({}, Bits(DependenceKind::kTransformation)), kStreet), ElementsAre("col-h"));
  EXPECT_THAT(Tagged(CopyOfStruct({}, Bits(DependenceKind::kFilter)), kStreet), IsEmpty());
}

TEST(TagsOfFieldsTest, GoNowhereWithAnotherField) {
  const uint16_t identity = Bits(DependenceKind::kIdentity);
  const auto street = CopyOfStruct({{.source = {0, 0, identity}, .from = "street"}}, identity);
  EXPECT_THAT(Tagged(street, kStreet), ElementsAre("col-h"));
  EXPECT_THAT(Tagged(street, kCode), IsEmpty());
  EXPECT_THAT(Tagged(street, ColumnTag("home", "pii")), ElementsAre("col-h"));
  const auto town = CopyOfStruct({{.source = {0, 0, identity}, .from = "TOWN", .to = "town"}}, identity);
  EXPECT_THAT(Tagged(town, kCode), ElementsAre("col-h\x01t\x01"
                                               "c"));
  EXPECT_THAT(Tagged(town, kStreet), IsEmpty());
  const auto hashed = CopyOfStruct(
      {{.source = {0, 0, Bits(DependenceKind::kTransformation)}, .from = "town", .to = "street"}}, identity);
  EXPECT_THAT(Tagged(hashed, kCode), ElementsAre("col-h\x01s"));
}

TEST(TagsOfFieldsTest, GoToTheWholeColumnWhereTheFieldIsNotKnown) {
  auto copy = CopyOfStruct({}, Bits(DependenceKind::kIdentity));
  copy.target_nested.clear();
  EXPECT_THAT(Tagged(copy, kStreet), ElementsAre("col-h"));
  copy.target_kind = "view";
  EXPECT_THAT(Tagged(copy, kStreet), ElementsAre("h\x01street"));
}

TEST(TagsOfFieldsTest, AreOfTheFieldInAMaskAndOfTheRowInACondition) {
  auto rules = RulesByTag({Mask("m", "pii")}, {kStreet});
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].column.physical, kStreet.column.physical);
  EXPECT_EQ(rules[0].value.columns[0].physical, "\x01value");
  TagRule row = Row("p", "value = 'x'", "pii", {kEverybody});
  row.of_columns = true;
  row.rule.value.columns = {{"value", ""}};
  rules = RulesByTag({row}, {kStreet});
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].value.columns[0].physical, kStreet.column.physical);
}

}  // namespace
}  // namespace neurolake::governance
