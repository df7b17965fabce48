// Who may execute what, out of what was granted, denied and revoked.
#include "query/function_grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::IsEmpty;

class FunctionGrantsTest : public TableFixture {
 protected:
  static Principal As(const std::string& name, const std::string& role = "reader") {
    return {PrincipalId(name), name, role, *RightsOfRole(role)};
  }
  Result<json::value> Act(const Principal& principal, const std::string& action, const json::object& arguments) {
    const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
    return RunFunctionGrantAction(ctx, *catalog_, action, arguments);
  }
  /// By somebody who manages the lake.
  void Say(const std::string& effect, const std::string& function, const std::string& kind, const std::string& name) {
    const auto done = Act(As("ada", "admin"), "grant_function",
                          {{"effect", effect},
                           {"functions", json::array{function}},
                           {"grantees", json::array{{{"kind", kind}, {"name", name}}}}});
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  std::vector<std::string> Denied(const Principal& principal) { return DeniedFunctions(*catalog_, principal).value(); }
};

TEST_F(FunctionGrantsTest, NothingIsDeniedWhereNothingIsSaid) { EXPECT_THAT(Denied(As("ann")), IsEmpty()); }

TEST_F(FunctionGrantsTest, DenyWinsAndTheNewerWordReplacesTheOlder) {
  Say("deny", "editdist3", "role", "reader");
  Say("grant", "levenshtein", "public", "");
  EXPECT_THAT(Denied(As("ann")), ElementsAre("levenshtein"));
  EXPECT_THAT(Denied(As("wim", "writer")), IsEmpty());
  Say("grant", "levenshtein", "role", "reader");
  EXPECT_THAT(Denied(As("ann")), IsEmpty());
}

TEST_F(FunctionGrantsTest, WhatIsTakenFromEverybodyIsForWhomItIsGrantedTo) {
  Say("revoke", "levenshtein", "public", "");
  EXPECT_THAT(Denied(As("ann")), ElementsAre("levenshtein"));
  EXPECT_THAT(Denied(As("ada", "admin")), ElementsAre("levenshtein"));
  Say("grant", "levenshtein", "role", "reader");
  EXPECT_THAT(Denied(As("ann")), IsEmpty());
  EXPECT_THAT(Denied(As("ada", "admin")), ElementsAre("levenshtein"));
  Say("revoke", "levenshtein", "role", "reader");
  EXPECT_THAT(Denied(As("ann")), ElementsAre("levenshtein"));
  Say("deny", "levenshtein", "role", "writer");
  Say("grant", "levenshtein", "public", "");
  EXPECT_THAT(Denied(As("ann")), IsEmpty());
  EXPECT_THAT(Denied(As("wim", "writer")), ElementsAre("levenshtein"));
}

TEST_F(FunctionGrantsTest, AnAgentExecutesWhatItAndWhomItActsForMay) {
  Say("deny", "levenshtein", "role", "writer");
  Say("deny", "jaccard", "role", "reader");
  Principal agent = As("agent", "writer");
  EXPECT_THAT(Denied(agent), ElementsAre("levenshtein"));
  agent.on_behalf_of = std::make_shared<const Principal>(As("ann"));
  EXPECT_THAT(Denied(agent), ElementsAre("jaccard", "levenshtein"));
  EXPECT_THAT(Denied(As("ann")), ElementsAre("jaccard"));
}

TEST_F(FunctionGrantsTest, GroupsAreAskedFor) {
  ASSERT_TRUE(catalog_->CreateGroup("spellers").has_value());
  Say("revoke", "levenshtein", "public", "");
  Say("grant", "levenshtein", "group", "spellers");
  EXPECT_THAT(Denied(As("ann")), ElementsAre("levenshtein"));
  Principal ann = As("ann");
  const auto principals = catalog_->ListPrincipals().value();
  ASSERT_FALSE(principals.empty());
  ASSERT_TRUE(catalog_->AddMember("spellers", principals[0].name).has_value());
  ann.id = principals[0].id;
  EXPECT_THAT(Denied(ann), IsEmpty());
}

TEST_F(FunctionGrantsTest, WhatAWorkerAsksIsChecked) {
  const json::object right{{"effect", "deny"},
                           {"functions", json::array{"levenshtein"}},
                           {"grantees", json::array{{{"kind", "public"}, {"name", ""}}}}};
  const auto refused = Act(As("ann", "engineer"), "grant_function", right);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
  const auto hidden = Act(As("ann", "engineer"), "function_grants", {{"function", ""}});
  ASSERT_FALSE(hidden.has_value());
  EXPECT_EQ(hidden.error().code(), ErrorCode::kPermissionDenied);
  const std::pair<const char*, json::value> wrong[] = {{"effect", "allow"},
                                                       {"functions", "levenshtein"},
                                                       {"functions", json::array{1}},
                                                       {"functions", json::array{"no_such_function"}},
                                                       {"functions", json::array{"getenv"}},
                                                       {"functions", json::array{"%"}},
                                                       {"grantees", json::array{{{"kind", "group"}, {"name", "x"}}}},
                                                       {"grantees", "public"}};
  for (const auto& [member, value] : wrong) {
    json::object arguments = right;
    arguments[member] = value;
    EXPECT_FALSE(Act(As("ada", "admin"), "grant_function", arguments).has_value()) << json::serialize(arguments);
  }
  EXPECT_THAT(catalog_->ListFunctionGrants().value(), IsEmpty());
  EXPECT_TRUE(Act(As("ada", "admin"), "grant_function", right).has_value());
  EXPECT_EQ(Act(As("ada", "admin"), "function_grants", {{"function", "editdist3"}})->at("rows").as_array().size(), 1U);
}

}  // namespace
}  // namespace neurolake::query
