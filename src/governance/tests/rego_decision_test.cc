#include "governance/rego/decision.h"

#include <gtest/gtest.h>

namespace neurolake::governance {
namespace {

DecisionRequest Request() {
  return {.principal_id = "p1",
          .principal_name = "anna",
          .role = "reader",
          .groups = {"eu", "analysts", "eu"},
          .attributes = {{"region", "eu"}},
          .purpose = "",
          .door = "http",
          .action = "select",
          .object_kind = "table",
          .object_id = "t1",
          .schema = "shop",
          .name = "orders",
          .owner_id = "p0",
          .tags = {"pii"},
          .columns = {{"email", "VARCHAR", {"pii.email", "gdpr"}}}};
}

TEST(RegoDecisionTest, WritesOneTextForEqualRequests) {
  const std::string text = EncodeDecisionInput(Request());
  EXPECT_EQ(text,
            R"({"version":1,"principal":{"id":"p1","name":"anna","role":"reader","groups":["analysts","eu"],)"
            R"("attributes":{"region":"eu"}},"purpose":null,"door":"http","action":"select","object":{"kind":"table",)"
            R"("id":"t1","schema":"shop","name":"orders","owner":"p0","tags":["pii"],"columns":[{"name":"email",)"
            R"("type":"VARCHAR","tags":["gdpr","pii.email"]}]}})");
  DecisionRequest shuffled = Request();
  shuffled.groups = {"analysts", "eu"};
  EXPECT_EQ(EncodeDecisionInput(shuffled), text);
  shuffled.purpose = "billing";
  EXPECT_NE(EncodeDecisionInput(shuffled), text);
}

TEST(RegoDecisionTest, ReadsTheDocument) {
  const auto decision = ParseDecision(
      R"json({"allow": true, "row_filters": ["region = 'EU'"], "masks": {"b": "NULL", "a": "left(a, 1)"},
          "deny_reasons": [], "_helper": 7})json");
  ASSERT_TRUE(decision) << decision.error().message();
  EXPECT_TRUE(decision->allow);
  EXPECT_EQ(decision->row_filters, std::vector<std::string>{"region = 'EU'"});
  ASSERT_EQ(decision->masks.size(), 2);
  EXPECT_EQ(decision->masks[0].first, "a");
}

TEST(RegoDecisionTest, DeniesWhatIsUndefined) {
  for (const char* text : {"{}", R"({"row_filters": ["true"]})", R"({"allow": false})",
                           R"({"allow": true, "deny_reasons": ["no purpose"]})"}) {
    const auto decision = ParseDecision(text);
    ASSERT_TRUE(decision) << text;
    EXPECT_FALSE(decision->allow) << text;
  }
}

TEST(RegoDecisionTest, RefusesWhatIsNoDecision) {
  for (const char* text :
       {"", "true", "[]", "null", "{", R"({"allow": "true"})", R"({"allow": 1})", R"({"allow": null})",
        R"({"allow": true, "row_filters": "x = 1"})", R"({"allow": true, "row_filters": [1]})",
        R"({"allow": true, "row_filters": [" "]})", R"({"allow": true, "row_filters": {"a": "b"}})",
        R"({"allow": true, "masks": ["email"]})", R"({"allow": true, "masks": {"email": null}})",
        R"({"allow": true, "masks": {"": "NULL"}})", R"({"allow": true, "masks": {"email": "1", "EMAIL": "2"}})",
        R"({"allow": true, "row_filter": ["x = 1"]})", R"({"allow": true, "deny_reasons": "none"})"}) {
    const auto decision = ParseDecision(text);
    ASSERT_FALSE(decision) << text;
    EXPECT_EQ(decision.error().code(), ErrorCode::kInvalidArgument) << text;
  }
}

plan::PolicyExpression Sql(const std::string& sql) { return {.policy = "p", .sql = sql, .columns = {}}; }

TEST(RegoDecisionTest, LeavesWhatItDoesNotNarrow) {
  EXPECT_EQ(Narrow({.allow = true}, nullptr, {}), nullptr);
  const auto policy = std::make_shared<const plan::TablePolicy>();
  EXPECT_EQ(Narrow({.allow = true}, policy, {}), policy);
}

TEST(RegoDecisionTest, FiltersWhatWasOpen) {
  const auto policy = Narrow({.allow = true, .row_filters = {"a = 1"}}, nullptr, {.principal = "anna"});
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->context.principal, "anna");
  EXPECT_TRUE(policy->filters_rows);
  ASSERT_EQ(policy->permissive.size(), 1);
  EXPECT_EQ(policy->permissive[0].sql, "true");
  ASSERT_EQ(policy->restrictive.size(), 1);
  EXPECT_TRUE(policy->restrictive[0].by_name);
  ASSERT_EQ(policy->restrictive_checks.size(), 1);
}

TEST(RegoDecisionTest, NeverWidens) {
  auto built_in = std::make_shared<plan::TablePolicy>();
  built_in->filters_rows = true;
  built_in->restrictive = {Sql("b = 2")};
  built_in->masks = {{.column = {"Email", "c1"}, .value = Sql("left(email, 1)")}};
  const auto policy =
      Narrow({.allow = true, .row_filters = {"true"}, .masks = {{"email", "email"}, {"phone", "'x'"}}}, built_in, {});
  // Nobody let a row through, and a filter that is true does not either.
  EXPECT_TRUE(policy->permissive.empty());
  ASSERT_EQ(policy->restrictive.size(), 2);
  EXPECT_EQ(policy->restrictive[0].sql, "b = 2");
  ASSERT_EQ(policy->masks.size(), 2);
  EXPECT_EQ(policy->masks[0].value.sql, "NULL");
  EXPECT_EQ(policy->masks[0].column.physical, "c1");
  EXPECT_EQ(policy->masks[1].column.name, "phone");
}

TEST(RegoDecisionTest, HidesEveryRowOfWhatIsDenied) {
  auto open = std::make_shared<plan::TablePolicy>();
  open->filters_rows = true;
  open->permissive = {Sql("true")};
  open->permissive_checks = {Sql("true")};
  for (const auto& before :
       {std::shared_ptr<const plan::TablePolicy>(), std::shared_ptr<const plan::TablePolicy>(open)}) {
    const auto policy = Narrow({}, before, {});
    EXPECT_TRUE(policy->filters_rows);
    EXPECT_TRUE(policy->permissive.empty());
    EXPECT_TRUE(policy->permissive_checks.empty());
  }
}

}  // namespace
}  // namespace neurolake::governance
