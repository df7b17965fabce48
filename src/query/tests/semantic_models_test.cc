// Who may use, make and change semantic models where SQL cannot show it: agents, and tokens for some schemas; and what
// the server says to a worker that it does not believe.
#include "query/semantic_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/semantic_model_actions.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kModel = "{semantic_model: m, entities: [{name: e, table: t, dimensions: [{name: a}]}]}";

Principal As(const std::string& role) { return {PrincipalId("id-" + role), role, role, RightsOfRole(role).value()}; }

Principal Agent(const std::string& role, Principal behalf) {
  Principal agent{PrincipalId("id-agent"), "agent", role, RightsOfRole(role).value()};
  agent.kind = PrincipalKind::kAgent;
  std::erase_if(agent.rights, [&](Right right) { return !behalf.Has(right); });
  agent.on_behalf_of = std::make_shared<const Principal>(std::move(behalf));
  return agent;
}

class SemanticModelAccessTest : public TableFixture {
 protected:
  Result<json::value> Act(const Principal& principal, const std::string& action, const json::object& arguments) {
    const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
    return RunSemanticModelAction(ctx, *catalog_, action, arguments);
  }
  Result<json::value> Create(const Principal& principal, const std::string& text, const std::string& name = "m") {
    return Act(principal, "create_semantic_model",
               {{"name", name},
                {"schema", nullptr},
                {"session_schema", "main"},
                {"comment", nullptr},
                {"definition", text},
                {"or_replace", true},
                {"if_not_exists", false}});
  }
  void Say(const std::string& effect, const std::string& role) {
    const auto done = Act(As("admin"), "grant_semantic_model",
                          {{"effect", effect},
                           {"privilege", "usage"},
                           {"kind", "model"},
                           {"name", "m"},
                           {"grantees", json::array{{{"kind", "role"}, {"name", role}}}}});
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  std::vector<std::string> Usable(const Principal& principal) {
    std::vector<std::string> names;
    ModelAccess access(*catalog_, principal);
    const auto usable = access.Usable().value();
    for (const auto& model : usable) {
      names.push_back(model.name);
      EXPECT_TRUE(access.FindUsable(model.name).value().has_value());
    }
    return names;
  }
};

TEST_F(SemanticModelAccessTest, ItIsItsOwnersAndTheManagersUntilItIsGranted) {
  ASSERT_TRUE(Create(As("engineer"), kModel).has_value());
  EXPECT_THAT(Usable(As("engineer")), ElementsAre("m"));
  EXPECT_THAT(Usable(As("admin")), ElementsAre("m"));
  for (const char* role : {"reader", "writer", "member", "auditor"}) EXPECT_THAT(Usable(As(role)), IsEmpty()) << role;
  Say("grant", "reader");
  EXPECT_THAT(Usable(As("reader")), ElementsAre("m"));
  Say("deny", "engineer");
  Say("deny", "admin");
  EXPECT_THAT(Usable(As("engineer")), IsEmpty());
  EXPECT_THAT(Usable(As("admin")), IsEmpty());
  // Who looks after it can still give it back.
  Say("revoke", "admin");
  EXPECT_THAT(Usable(As("admin")), ElementsAre("m"));
}

TEST_F(SemanticModelAccessTest, AnAgentUsesWhatBothMayUse) {
  ASSERT_TRUE(Create(As("engineer"), kModel).has_value());
  EXPECT_THAT(Usable(Agent("writer", As("engineer"))), ElementsAre("m")) << "it is theirs";
  EXPECT_THAT(Usable(Agent("writer", As("reader"))), IsEmpty());
  Say("grant", "writer");
  EXPECT_THAT(Usable(Agent("writer", As("reader"))), IsEmpty()) << "the reader may not";
  Say("grant", "reader");
  EXPECT_THAT(Usable(Agent("writer", As("reader"))), ElementsAre("m"));
  Say("deny", "writer");
  EXPECT_THAT(Usable(Agent("writer", As("engineer"))), IsEmpty());
}

TEST_F(SemanticModelAccessTest, ATokenForOtherSchemasKnowsOfNone) {
  ASSERT_TRUE(Create(As("engineer"), kModel).has_value());
  Principal limited = As("engineer");
  limited.schemas = {"gold"};
  EXPECT_THAT(Usable(limited), IsEmpty());
  EXPECT_EQ(Act(limited, "drop_semantic_model", {{"name", "m"}, {"if_exists", false}}).error().code(),
            ErrorCode::kNotFound);
  limited.schemas = {"main"};
  EXPECT_THAT(Usable(limited), ElementsAre("m"));
}

TEST_F(SemanticModelAccessTest, NeitherFindsNorMakesWhoMayNot) {
  ASSERT_TRUE(Create(As("engineer"), kModel).has_value());
  const auto finds = [&](const Principal& principal) {
    return ModelAccess(*catalog_, principal).FindUsable("m").value().has_value();
  };
  EXPECT_TRUE(finds(As("engineer")));
  EXPECT_FALSE(finds(As("writer")));
  const auto makes = [&](const Principal& principal) {
    return ModelAccess(*catalog_, principal).MayCreateIn(catalog_->FindSchema("main").value().value()).value();
  };
  EXPECT_TRUE(makes(As("engineer")));
  EXPECT_FALSE(makes(As("writer")));
  Principal limited = As("engineer");
  limited.schemas = {"main"};
  EXPECT_TRUE(makes(limited));
  limited.schemas = {"gold"};
  EXPECT_FALSE(makes(limited));
  EXPECT_TRUE(makes(Agent("engineer", As("admin"))));
}

TEST_F(SemanticModelAccessTest, AnAgentMakesOneWhereBothMay) {
  const auto makes = [&](const Principal& principal) {
    return ModelAccess(*catalog_, principal).MayCreateIn(catalog_->FindSchema("main").value().value()).value();
  };
  const auto say = [&](const std::string& effect, const std::string& role) {
    const auto done = Act(As("admin"), "grant_semantic_model",
                          {{"effect", effect},
                           {"privilege", "create"},
                           {"kind", "schema"},
                           {"schema", "main"},
                           {"grantees", json::array{{{"kind", "role"}, {"name", role}}}}});
    ASSERT_TRUE(done.has_value()) << done.error().message();
  };
  say("grant", "writer");
  EXPECT_TRUE(makes(Agent("writer", As("engineer"))));
  say("deny", "engineer");
  EXPECT_FALSE(makes(Agent("writer", As("engineer")))) << "whom it acts for may not";
  say("deny", "writer");
  say("revoke", "engineer");
  EXPECT_FALSE(makes(Agent("writer", As("engineer")))) << "nor does it where it may not itself";
}

TEST_F(SemanticModelAccessTest, NobodyNamesATableThatTheyMayNotKnowOf) {
  const auto deny = [&](const char* privilege) {
    ASSERT_TRUE(catalog_
                    ->AddGrant({.securable_kind = "relation",
                                .securable_id = "t",
                                .grantee_kind = "role",
                                .grantee_id = "engineer",
                                .privilege = privilege,
                                .denied = true,
                                .granted_by = "admin",
                                .created = clock_.Now()})
                    .has_value());
  };
  ASSERT_TRUE(Create(As("engineer"), kModel, "before").has_value());
  for (const char* privilege : {"select", "modify"}) deny(privilege);
  const auto made = Create(As("engineer"), kModel, "after");
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Create(As("admin"), kModel, "after").has_value());
}

TEST_F(SemanticModelAccessTest, ATokenThatReadsAloneChangesNothing) {
  ASSERT_TRUE(Create(As("engineer"), kModel).has_value());
  Principal reading = As("engineer");
  reading.rights = {Right::kRead};
  EXPECT_THAT(Usable(reading), ElementsAre("m"));
  EXPECT_EQ(Act(reading, "drop_semantic_model", {{"name", "m"}, {"if_exists", false}}).error().code(),
            ErrorCode::kPermissionDenied);
  EXPECT_EQ(Create(reading, kModel, "other").error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(SemanticModelAccessTest, AWorkerIsNotBelieved) {
  EXPECT_FALSE(Create(As("engineer"), "{semantic_model: m, entities: [{name: e, table: t, colour: red}]}").has_value());
  const auto missing = Create(As("engineer"), "{semantic_model: m, entities: [{name: e, table: gold.x}]}");
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  for (const char* kind : {"model", "lake"}) {
    EXPECT_FALSE(
        Act(As("engineer"), "grant_semantic_model",
            {{"effect", "grant"}, {"privilege", "all"}, {"kind", kind}, {"name", "m"}, {"grantees", json::array()}})
            .has_value());
  }
  EXPECT_THAT(catalog_->semantic_models().List().value(), IsEmpty());
}

TEST_F(SemanticModelAccessTest, ItIsMadeOverItsTablesAsTheyAreCalledNow) {
  ASSERT_TRUE(Create(As("engineer"), kModel).has_value());
  ASSERT_TRUE(catalog_->RenameTable("main", "t", "gold", "u").has_value());
  auto record = catalog_->semantic_models().Find("m").value().value();
  const auto model = ModelOf(record, record.current);
  ASSERT_TRUE(model.has_value()) << model.error().message();
  EXPECT_THAT(model->entities[0].table, ElementsAre("gold", "u"));
  ASSERT_TRUE(catalog_->DropTable("gold", "u", false).has_value());
  record = catalog_->semantic_models().Find("m").value().value();
  const auto stale = ModelOf(record, record.current);
  EXPECT_EQ(stale.error().code(), ErrorCode::kDependentObjects);
  EXPECT_THAT(stale.error().message(), testing::AllOf(HasSubstr("stale"), testing::Not(HasSubstr("gold"))));
}

}  // namespace
}  // namespace neurolake::query
