// Whom relations of the schema "system" show what.
#include "query/system_relations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "catalog/ask_records.h"
#include "query/lineage_reader.h"
#include "query/semantic_model_actions.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class OwnStatement final : public StatementControl {
 public:
  explicit OwnStatement(const std::string& owner) : owner_(owner) {}
  StatementStatus status() const override {
    StatementStatus status;
    status.id = StatementId("of " + owner_.value());
    return status;
  }
  void Cancel() override {}
  const PrincipalId& owner() const override { return owner_; }

 private:
  const PrincipalId owner_;
};

class SystemRelationsTest : public TableFixture {
 protected:
  static Principal Somebody(const std::string& id, const std::string& role) {
    return {PrincipalId(id), id, role, RightsOfRole(role).value()};
  }
  std::vector<std::string> Read(const Principal& principal, const std::string& relation) {
    const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
    return ReadSystemRelation(ctx, *catalog_, running_, relation, 0).value();
  }
  std::vector<std::string> Read(const std::string& role, const std::string& relation) {
    return Read(Somebody("p", role), relation);
  }
  void Add(const std::string& id) {
    ASSERT_TRUE(catalog_
                    ->AddTable({.id = TableId(id),
                                .schema_name = "main",
                                .name = id,
                                .location = root_ + "/tables/" + id,
                                .owner = PrincipalId("owner")})
                    .has_value());
  }
  void Grant(const std::string& id, const std::string& grantee_kind, const std::string& grantee,
             const std::string& privilege) {
    ASSERT_TRUE(catalog_
                    ->AddGrant({.securable_kind = "relation",
                                .securable_id = id,
                                .grantee_kind = grantee_kind,
                                .grantee_id = grantee,
                                .privilege = privilege,
                                .granted_by = "admin",
                                .created = clock_.Now()})
                    .has_value());
  }
  void Took(const catalog::LineageEnd& source, const catalog::LineageEnd& target, const std::string& via = "[]") {
    ASSERT_TRUE(catalog_
                    ->AddLineage({{.statement = StatementId("s" + source.id + target.id),
                                   .at = clock_.Now(),
                                   .principal = "somebody",
                                   .operation = "INSERT",
                                   .source = source,
                                   .target = target,
                                   .via_json = via}})
                    .has_value());
  }
  std::vector<std::string> Lineage(const std::string& role) {
    const RequestContext ctx(Somebody("p", role), "request", "test", clock_, SteadyTime::max());
    return LineageReader(ctx, *catalog_).Read("lineage", 0).value();
  }
  void Begin(const std::string& id, const std::string& principal) {
    ASSERT_TRUE(catalog_
                    ->BeginStatement({.id = StatementId(id),
                                      .principal = principal,
                                      .text = "SELECT '" + id + "'",
                                      .state = "succeeded",
                                      .started = clock_.Now()})
                    .has_value());
  }

  RunningStatements running_;
};

TEST_F(SystemRelationsTest, StatementsAreTheirPrincipals) {
  Begin("one", "p");
  Begin("two", "q");
  EXPECT_THAT(Read("reader", "queries"), ElementsAre(HasSubstr("one")));
  EXPECT_THAT(Read("engineer", "queries"), SizeIs(1));
  EXPECT_THAT(Read("admin", "queries"), SizeIs(2));
  EXPECT_THAT(Read("monitor", "queries"), IsEmpty()) << "who may not read, not even their own";
  Principal limited = Somebody("p", "reader");
  limited.schemas = {"main"};
  EXPECT_THAT(Read(limited, "queries"), IsEmpty());
}

TEST_F(SystemRelationsTest, RunningStatementsAreTheirPrincipals) {
  running_.Add(StatementId("one"), std::make_shared<OwnStatement>("p"));
  running_.Add(StatementId("two"), std::make_shared<OwnStatement>("q"));
  EXPECT_THAT(Read("reader", "running"), ElementsAre(HasSubstr("of p")));
  EXPECT_THAT(Read("admin", "running"), SizeIs(2));
  EXPECT_NE(running_.Find(Somebody("p", "reader"), StatementId("one")), nullptr);
  EXPECT_EQ(running_.Find(Somebody("p", "engineer"), StatementId("two")), nullptr);
  EXPECT_NE(running_.Find(Somebody("p", "admin"), StatementId("two")), nullptr);
}

TEST_F(SystemRelationsTest, TokensAndLocationsAreForWhoManages) {
  ASSERT_TRUE(catalog_->CreateToken("anna", "reader", "hers", std::nullopt).has_value());
  ASSERT_TRUE(catalog_->AddExternalLocation({"attic", root_ + "_attic", false, clock_.Now(), ""}).has_value());
  for (const char* role : {"member", "reader", "writer", "engineer", "auditor", "monitor"}) {
    EXPECT_THAT(Read(role, "tokens"), IsEmpty()) << role;
    EXPECT_THAT(Read(role, "external_locations"), IsEmpty()) << role;
  }
  EXPECT_THAT(Read("admin", "tokens"), ElementsAre(HasSubstr("hers")));
  EXPECT_THAT(Read("admin", "external_locations"), ElementsAre(HasSubstr("attic")));
}

TEST_F(SystemRelationsTest, DroppedTablesAreForWhoMayBringThemBack) {
  ASSERT_TRUE(catalog_->DropTable("main", "t", false).has_value());
  for (const char* role : {"member", "reader", "writer", "monitor"})
    EXPECT_THAT(Read(role, "dropped_tables"), IsEmpty()) << role;
  EXPECT_THAT(Read("engineer", "dropped_tables"), SizeIs(1));
}

TEST_F(SystemRelationsTest, WhatIsKnownOfATableIsForWhoSeesAllOfIt) {
  ASSERT_TRUE(catalog_
                  ->SaveStatistics({.table = TableId("t"),
                                    .version = 0,
                                    .made = clock_.Now(),
                                    .table_row = R"(["statistics"])",
                                    .column_rows = R"([["statistics"]])"})
                  .has_value());
  ASSERT_TRUE(catalog_
                  ->AddExpectation({.id = "e",
                                    .table = TableId("t"),
                                    .name = "plausible",
                                    .kind = "check",
                                    .definition = "CHECK (a > 0)",
                                    .plan = "{}",
                                    .action = "warn",
                                    .created_by = "ada",
                                    .created = clock_.Now()},
                                   false)
                  .has_value());
  ASSERT_TRUE(catalog_
                  ->AddExpectationResults({{.checked = clock_.Now(),
                                            .table = TableId("t"),
                                            .expectation = "e",
                                            .name = "plausible",
                                            .action = "warn",
                                            .version = 4,
                                            .rows_checked = 471100,
                                            .violations = 471101,
                                            .statement = StatementId("s")}})
                  .has_value());
  EXPECT_THAT(Read("reader", "expectation_results"), ElementsAre(HasSubstr("471101")));
  EXPECT_THAT(Read("member", "expectation_results"),
              ElementsAre(AllOf(Not(HasSubstr("plausible")), Not(HasSubstr("4711")))));
  EXPECT_THAT(Read("reader", "expectations"), ElementsAre(HasSubstr("plausible")));
  EXPECT_THAT(Read("member", "expectations"), IsEmpty());
  EXPECT_THAT(Read("reader", "table_statistics"), SizeIs(1));
  ASSERT_TRUE(catalog_
                  ->AddPolicy({.id = "p",
                               .table = TableId("t"),
                               .name = "p",
                               .kind = "row",
                               .plan = R"({"restrictive":false,"to":[],"value":{"policy":"p","sql":"a","columns":[]}})",
                               .created_by = "ada",
                               .created = clock_.Now()},
                              false)
                  .has_value());
  EXPECT_THAT(Read("reader", "table_statistics"), IsEmpty());
  EXPECT_THAT(Read("reader", "column_statistics"), IsEmpty());
  EXPECT_THAT(Read("reader", "expectations"), SizeIs(1));
  EXPECT_THAT(Read("reader", "expectation_results"),
              ElementsAre(AllOf(HasSubstr("plausible"), Not(HasSubstr("4711")))));
}

TEST_F(SystemRelationsTest, WhatMayBeInsertedIntoIsWhatWhoMayWriteMayChange) {
  const auto inserts = [&](const char* role) {
    const auto rows = Read(role, "information_schema.tables");
    return rows.size() == 1 && rows[0].find(R"("BASE TABLE","YES")") != std::string::npos;
  };
  Grant("t", "role", "reader", "modify");
  EXPECT_TRUE(inserts("writer"));
  EXPECT_FALSE(inserts("reader")) << "the role changes nothing, whatever was granted";
  EXPECT_THAT(Read("reader", "information_schema.table_privileges"), ElementsAre(HasSubstr("SELECT")));
  EXPECT_THAT(Read("writer", "information_schema.table_privileges"), SizeIs(2));
}

TEST_F(SystemRelationsTest, PrivilegesAreThoseThatOneHas) {
  const auto privileges = [&](const char* role) { return Read(role, "information_schema.table_privileges"); };
  Grant("t", "role", "member", "modify");
  EXPECT_THAT(privileges("member"), ElementsAre(HasSubstr("MODIFY")));
  Grant("t", "role", "member", "select:a");
  EXPECT_THAT(privileges("member"), ElementsAre(HasSubstr("SELECT"), HasSubstr("MODIFY")));
  ASSERT_TRUE(catalog_
                  ->CreateView({.schema_name = "main",
                                .name = "v",
                                .sql = "SELECT 1",
                                .column_names = {},
                                .owner = PrincipalId("p"),
                                .created = clock_.Now()},
                               false, false)
                  .has_value());
  EXPECT_THAT(privileges("engineer"), testing::Contains(AllOf(HasSubstr("\"v\""), HasSubstr("YES"))));
  EXPECT_THAT(privileges("reader"), testing::Contains(AllOf(HasSubstr("\"v\""), Not(HasSubstr("YES")))))
      << "who may not create gives nothing on";
}

TEST_F(SystemRelationsTest, FeedbackIsForWhoGaveItAndWhoReviewsIt) {
  const auto act = [&](const Principal& who, const std::string& action, const json::object& arguments) {
    const RequestContext ctx(who, "request", "test", clock_, SteadyTime::max());
    const auto done = RunSemanticModelAction(ctx, *catalog_, action, arguments);
    return done ? std::string() : std::string(ErrorName(done.error().code()));
  };
  const auto make = [&](const std::string& model) {
    return act(Somebody("o", "engineer"), "create_semantic_model",
               {{"name", model},
                {"schema", nullptr},
                {"session_schema", "main"},
                {"comment", nullptr},
                {"definition", "{semantic_model: m, entities: [{name: e, table: main.t, dimensions: [{name: a}]}]}"},
                {"or_replace", false},
                {"if_not_exists", false}});
  };
  const auto say = [&](const std::string& who, const std::string& model) {
    ASSERT_TRUE(catalog_->ask_records()
                    .AddFeedback({.id = "",
                                  .question_id = "of " + who + " over " + model,
                                  .model = model,
                                  .verdict = "wrong",
                                  .state = "open",
                                  .given_by = who,
                                  .given_by_id = catalog::AskOwner(Somebody(who, "reader")),
                                  .given = clock_.Now(),
                                  .question = "question of " + who})
                    .has_value());
  };
  ASSERT_EQ(make("n"), "");
  ASSERT_EQ(act(Somebody("a", "admin"), "grant_semantic_model",
                {{"effect", "grant"},
                 {"privilege", "usage"},
                 {"kind", "model"},
                 {"name", "n"},
                 {"grantees", json::array{{{"kind", "public"}, {"name", ""}}}}}),
            "");
  say("p", "n");
  say("q", "n");
  say("q", "m");
  EXPECT_THAT(Read("reader", "ask_feedback"), ElementsAre(HasSubstr("question of p")));
  EXPECT_THAT(Read("admin", "ask_feedback"), SizeIs(3));
  EXPECT_THAT(Read(Somebody("o", "engineer"), "ask_feedback"), SizeIs(2)) << "of those over its own model";
  EXPECT_THAT(Read(Somebody("u", "engineer"), "ask_feedback"), IsEmpty()) << "who only uses it";
  Principal limited = Somebody("a", "admin");
  limited.schemas = {"main"};
  EXPECT_THAT(Read(limited, "ask_feedback"), IsEmpty());
  // Whoever takes the name of a model does not get what was said of another.
  EXPECT_EQ(make("m"), "PermissionDenied");
}

TEST_F(SystemRelationsTest, GrantsAreShownToWhomTheyAreMade) {
  const auto grants = [&](const Principal& principal) {
    return Read(principal, "information_schema.role_table_grants");
  };
  Grant("t", "user", "q", "select");
  EXPECT_THAT(grants(Somebody("p", "reader")), IsEmpty());
  EXPECT_THAT(grants(Somebody("q", "reader")), SizeIs(1));
  EXPECT_THAT(grants(Somebody("a", "admin")), SizeIs(1));
  Grant("t", "public", "", "select");
  EXPECT_THAT(grants(Somebody("p", "reader")), SizeIs(1));
}

TEST_F(SystemRelationsTest, KeysAreOfTablesThatOneMayKnowOf) {
  Add("other");
  const auto key = [&](const std::string& table, const std::string& name, const std::string& kind,
                       std::optional<TableId> foreign) {
    return catalog_
        ->AddExpectation({.id = name,
                          .table = TableId(table),
                          .name = name,
                          .kind = kind,
                          .definition = "",
                          .plan = R"({"key":["a"]})",
                          .action = "FAIL",
                          .foreign_table = std::move(foreign),
                          .created_by = "ada",
                          .created = clock_.Now()},
                         false)
        .has_value();
  };
  ASSERT_TRUE(key("t", "own", "unique", std::nullopt));
  ASSERT_TRUE(key("t", "refers", "foreign key", TableId("other")));
  const auto keys = [&] { return Read("member", "information_schema.keys"); };
  EXPECT_THAT(Read("reader", "information_schema.keys"), SizeIs(2));
  EXPECT_THAT(keys(), IsEmpty());
  Grant("other", "role", "member", "select");
  EXPECT_THAT(keys(), IsEmpty()) << "of a table that is not to be known of";
  ASSERT_TRUE(catalog_
                  ->RemoveGrant({.securable_kind = "relation",
                                 .securable_id = "other",
                                 .grantee_kind = "role",
                                 .grantee_id = "member",
                                 .privilege = "select"})
                  .has_value());
  Grant("t", "role", "member", "select");
  EXPECT_THAT(keys(), ElementsAre(HasSubstr("own"))) << "what it refers to is not to be known of";
  Grant("other", "role", "member", "select");
  EXPECT_THAT(keys(), SizeIs(2));
}

TEST_F(SystemRelationsTest, LineageHasTwoEndsThatOneMayKnowOf) {
  Add("other");
  ASSERT_TRUE(catalog_
                  ->CreateView({.schema_name = "main",
                                .name = "v",
                                .sql = "SELECT 1",
                                .column_names = {},
                                .owner = PrincipalId("owner"),
                                .created = clock_.Now()},
                               false, false)
                  .has_value());
  const std::string view = catalog_->FindView("main", "v").value()->id;
  Took({.kind = "table", .id = "t", .name = "main.t"}, {.kind = "table", .id = "other", .name = "main.other"},
       R"(["main.v"])");
  Took({.kind = "table", .id = "t", .name = "main.t"}, {.kind = "view", .id = view, .name = "main.v"});
  EXPECT_THAT(Lineage("reader"), ElementsAre(HasSubstr("main.v"), HasSubstr("main.v")));
  EXPECT_THAT(Lineage("member"), IsEmpty());
  Grant("t", "role", "member", "select");
  EXPECT_THAT(Lineage("member"), IsEmpty()) << "neither target is to be known of";
  Grant("other", "role", "member", "select");
  EXPECT_THAT(Lineage("member"), ElementsAre(AllOf(HasSubstr("main.other"), Not(HasSubstr("main.v")))));
  Grant(view, "role", "member", "select");
  EXPECT_THAT(Lineage("member"), ElementsAre(HasSubstr("main.v"), HasSubstr("main.v")));
  Principal managing = Somebody("a", "admin");
  managing.rights = {Right::kManage};
  const RequestContext ctx(managing, "request", "test", clock_, SteadyTime::max());
  Took({.kind = "table", .id = "gone", .name = "main.gone"}, {.kind = "table", .id = "gone too", .name = "main.too"});
  EXPECT_THAT(LineageReader(ctx, *catalog_).Read("lineage", 0).value(), IsEmpty()) << "a token that reads nothing";
}

}  // namespace
}  // namespace neurolake::query
