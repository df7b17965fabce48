// Who may do what with models and pipelines, out of what was granted and denied.
#include "query/object_grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "query/model_grants.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ObjectGrantsTest : public TableFixture {
 protected:
  static Principal As(const std::string& name, const std::string& role = "reader") {
    return {PrincipalId(name), name, role, *RightsOfRole(role)};
  }
  RequestContext Of(const Principal& principal) { return {principal, "request", "test", clock_, SteadyTime::max()}; }
  Result<json::value> Act(const Principal& principal, const std::string& action, const json::object& arguments) {
    return RunObjectGrantAction(Of(principal), *catalog_, objects_, action, arguments);
  }
  Result<json::value> Say(const Principal& by, const std::string& effect, const std::string& privilege,
                          const std::string& kind, const std::string& object, const std::string& grantee_kind,
                          const std::string& grantee) {
    return Act(by, "grant_object",
               {{"effect", effect},
                {"kind", kind},
                {"objects", json::array{object}},
                {"privileges", json::array{privilege}},
                {"grantees", json::array{{{"kind", grantee_kind}, {"name", grantee}}}}});
  }
  /// By somebody who manages the lake.
  void Model(const std::string& effect, const std::string& model, const std::string& kind, const std::string& name) {
    const auto done = Say(As("ada", "admin"), effect, "execute", "model", model, kind, name);
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  void Pipeline(const std::string& effect, const std::string& privilege, const std::string& pipeline,
                const std::string& role) {
    const auto done = Say(As("ada", "admin"), effect, privilege, "pipeline", pipeline, "role", role);
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  bool Executes(const Principal& principal, const std::string& model = "openai:a") {
    return ModelGrants(*catalog_).MayExecute(Of(principal), model).value();
  }
  bool May(const Principal& principal, const std::string& privilege, const std::string& pipeline = "nightly") {
    return MayUseObject(*catalog_, principal, catalog::kPipelineKind, pipeline, privilege).value();
  }

  ConfiguredObjects objects_{.models = {"openai:a", "anthropic:B"}, .pipelines = {"nightly", "hourly"}};
};

TEST_F(ObjectGrantsTest, NobodyExecutesAModelThatWasNotGranted) {
  EXPECT_FALSE(Executes(As("ann")));
  EXPECT_FALSE(Executes(As("ada", "admin")));
  Model("grant", "openai:a", "role", "reader");
  EXPECT_TRUE(Executes(As("ann")));
  EXPECT_FALSE(Executes(As("ann"), "anthropic:B"));
  EXPECT_FALSE(Executes(As("ada", "admin")));
  Model("revoke", "openai:a", "role", "reader");
  EXPECT_FALSE(Executes(As("ann")));
}

TEST_F(ObjectGrantsTest, AGrantOnAllIsForThoseThatComeLaterAndADenyWins) {
  Model("grant", "", "public", "");
  EXPECT_TRUE(Executes(As("ann")) && Executes(As("ann"), "openai:later"));
  Model("deny", "anthropic:b", "role", "reader");  // However it is written.
  EXPECT_FALSE(Executes(As("ann"), "anthropic:B"));
  EXPECT_TRUE(Executes(As("wim", "writer"), "anthropic:B"));
  Model("grant", "anthropic:B", "public", "");
  EXPECT_FALSE(Executes(As("ann"), "anthropic:B"));
  Model("deny", "", "role", "writer");
  EXPECT_FALSE(Executes(As("wim", "writer")) || Executes(As("wim", "writer"), "anthropic:B"));
}

TEST_F(ObjectGrantsTest, AnAgentExecutesWhatItAndWhomItActsForMay) {
  Principal agent = As("bot", "writer");
  agent.on_behalf_of = std::make_shared<Principal>(As("ann"));
  Model("grant", "openai:a", "role", "writer");
  EXPECT_FALSE(Executes(agent));
  Model("grant", "openai:a", "role", "reader");
  EXPECT_TRUE(Executes(agent));
  Model("deny", "openai:a", "role", "writer");
  EXPECT_FALSE(Executes(agent));
}

TEST_F(ObjectGrantsTest, GroupsAreAskedForAndGoWithTheirGrants) {
  ASSERT_TRUE(catalog_->CreateGroup("writers of prompts").has_value());
  ASSERT_TRUE(catalog_->CreateToken("gus", "reader", "t", std::nullopt).has_value());
  ASSERT_TRUE(catalog_->AddMember("writers of prompts", "gus").has_value());
  const Principal gus = catalog_->identities().PrincipalOf(catalog_->ListTokens()->at(0).principal, "token").value();
  Model("grant", "openai:a", "group", "writers of prompts");
  EXPECT_TRUE(Executes(gus));
  EXPECT_FALSE(Executes(As("ann")));
  Model("deny", "openai:a", "group", "writers of prompts");
  EXPECT_FALSE(Executes(gus));
  // Without it the denial would be gone.
  EXPECT_EQ(catalog_->DropGroup("writers of prompts").error().code(), ErrorCode::kDependentObjects);
  Model("grant", "openai:a", "group", "writers of prompts");
  ASSERT_TRUE(catalog_->DropGroup("writers of prompts").has_value());
  EXPECT_TRUE(catalog_->ListObjectGrants({catalog::kModelKind, catalog::kPipelineKind}).value().empty());
}

TEST_F(ObjectGrantsTest, AModelThatIsNotConfiguredIsNoSlipOfThePen) {
  const auto wrong = Say(As("ada", "admin"), "deny", "execute", "model", "openai:typo", "public", "");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(std::string(wrong.error().message()), HasSubstr("openai:typo"));
  // What was said of one that is not configured any more can be taken back.
  Model("grant", "openai:a", "public", "");
  objects_.models.clear();
  Model("revoke", "openai:a", "public", "");
  EXPECT_TRUE(catalog_->ListObjectGrants({catalog::kModelKind}).value().empty());
}

TEST_F(ObjectGrantsTest, WhoDoesNotManageTheLakeIsToldTheSameOfEveryModel) {
  const auto there = Say(As("ann", "engineer"), "grant", "execute", "model", "openai:a", "public", "");
  const auto not_there = Say(As("ann", "engineer"), "grant", "execute", "model", "openai:typo", "public", "");
  EXPECT_EQ(there.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(there.error().message(), not_there.error().message());
  EXPECT_FALSE(Act(As("ann"), "object_grants", {{"kind", "model"}, {"name", "openai:a"}}).has_value());
  EXPECT_FALSE(ShowObjectGrants(Of(As("ann")), *catalog_).has_value());
}

TEST_F(ObjectGrantsTest, PipelinesHaveOwners) {
  EXPECT_FALSE(May(As("ann"), "execute"));
  Pipeline("grant", "execute", "nightly", "reader");
  EXPECT_TRUE(May(As("ann"), "execute"));
  EXPECT_FALSE(May(As("ann"), "modify") || May(As("ann"), "execute", "hourly"));
  Pipeline("grant", "ownership", "nightly", "writer");
  EXPECT_TRUE(May(As("wim", "writer"), "execute") && May(As("wim", "writer"), "modify"));
  EXPECT_FALSE(May(As("wim", "writer"), "modify", "hourly"));
  // An owner may be denied one of them, and gives others what is there.
  Pipeline("deny", "modify", "", "writer");
  EXPECT_TRUE(May(As("wim", "writer"), "execute"));
  EXPECT_FALSE(May(As("wim", "writer"), "modify"));
  EXPECT_TRUE(Say(As("wim", "writer"), "grant", "execute", "pipeline", "nightly", "role", "engineer").has_value());
  EXPECT_TRUE(May(As("eve", "engineer"), "execute"));
  Pipeline("deny", "ownership", "", "writer");
  EXPECT_FALSE(May(As("wim", "writer"), "execute"));
}

TEST_F(ObjectGrantsTest, AMissingPipelineIsLikeAForbiddenOne) {
  Pipeline("grant", "execute", "nightly", "reader");  // Who may execute one does not own it.
  const auto forbidden = Say(As("ann"), "grant", "execute", "pipeline", "nightly", "public", "");
  const auto missing = Say(As("ann"), "grant", "execute", "pipeline", "weekly!", "public", "");
  const auto missing_too = Say(As("ada", "admin"), "grant", "execute", "pipeline", "weekly!", "public", "");
  EXPECT_EQ(forbidden.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message(), missing_too.error().message());
  std::string text = forbidden.error().message();
  text.replace(text.find("nightly"), 7, "weekly!");
  EXPECT_EQ(text, missing.error().message());
  const json::object shown{{"kind", "pipeline"}, {"name", "nightly"}};
  EXPECT_EQ(Act(As("ann"), "object_grants", shown).error().message(), forbidden.error().message());
}

TEST_F(ObjectGrantsTest, AllOfThemAreShown) {
  Model("grant", "", "public", "");
  Model("deny", "openai:a", "role", "reader");
  Pipeline("grant", "ownership", "nightly", "writer");
  const std::string all = json::serialize(ShowObjectGrants(Of(As("ada", "admin")), *catalog_).value());
  EXPECT_THAT(all, HasSubstr(R"(["model",null,"public","execute","GRANT")"));
  EXPECT_THAT(all, HasSubstr(R"(["model","openai:a","role reader","execute","DENY")"));
  EXPECT_THAT(all, HasSubstr(R"(["pipeline","nightly","role writer","ownership","GRANT")"));
  const auto one = Act(As("ada", "admin"), "object_grants", {{"kind", "model"}, {"name", "anthropic:B"}});
  EXPECT_EQ(one->at("rows").as_array().size(), 1U);
  EXPECT_THAT(json::serialize(*one), Not(HasSubstr("nightly")));
}

TEST_F(ObjectGrantsTest, WhatAWorkerAsksIsChecked) {
  const Principal ada = As("ada", "admin");
  EXPECT_EQ(Say(ada, "grant", "modify", "model", "openai:a", "public", "").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(Say(ada, "grant", "execute", "table", "openai:a", "public", "").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(Say(ada, "take", "execute", "model", "openai:a", "public", "").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(Say(ada, "grant", "execute", "model", "openai:a", "user", "nobody").error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(catalog_->ListObjectGrants({catalog::kModelKind, catalog::kPipelineKind}).value().empty());
}

TEST(ConfiguredModelsTest, EachModelOnce) {
  EXPECT_THAT(ConfiguredModels({"classify=openai:a", "intents=anthropic:b", "repair=openai:a"}),
              ElementsAre("openai:a", "anthropic:b"));
  EXPECT_TRUE(ConfiguredModels({}).empty());
}

}  // namespace
}  // namespace neurolake::query
