// What a worker is told of policies, and what of them is noted.
#include "arrow/ipc.h"
#include "arrow/tests/batch_builder.h"
#include "query/append_messages.h"
#include "query/audit_trail.h"
#include "query/tag_actions.h"
#include "query/tests/worker_fixture.h"

namespace neurolake::query {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using WorkerPoliciesTest = WorkerFixture;

TEST_F(WorkerPoliciesTest, APolicyByTagOfASchemaHoldsItsTables) {
  const json::object plan{{"except", json::array()},
                          {"column", {{"name", "value"}, {"physical", ""}}},
                          {"value", {{"policy", "p"}, {"sql", "NULL"}, {"columns", json::array()}}}};
  json::object policy{{"of_columns", true}, {"tag", "pii"},
                      {"value", nullptr},   {"schema", "shop"},
                      {"kind", "mask"},     {"name", "p"},
                      {"definition", ""},   {"replace", false},
                      {"if_any", true},     {"plan", json::serialize(plan)}};
  const json::object tagged{
      {"table", "x"}, {"set", json::array{json::array{"a", "a", "pii", ""}}}, {"unset", json::array()}};
  ASSERT_EQ(Ask("admin", "a", Action("set_tags", tagged)), "");
  ASSERT_EQ(Ask("admin", "a", Action("create_tag_policy", policy)), "");
  const auto move = [&](const std::string& from, const std::string& to) {
    return Change(
        {.kind = Kind::kRenameTable, .schema_name = from, .name = "x", .new_schema_name = to, .new_name = "x"});
  };
  EXPECT_EQ(Ask("engineer", "owner", move("shop", "main")), "PermissionDenied");
  EXPECT_EQ(catalog_->FindTable(TableId("x")).value()->schema_name, "shop");
  EXPECT_EQ(Ask("admin", "a", move("shop", "main")), "");
  // What holds for the whole lake goes with it.
  EXPECT_EQ(Ask("engineer", "owner", move("main", "shop")), "");
}

TEST_F(WorkerPoliciesTest, RowsThatAreHandedOverTakeTheirTagsAlong) {
  groups_ = std::make_unique<AppendGroups>(AppendGroupsOptions(), AppendGroups::Write(), metrics_);
  const auto table = arrow::BuildTable({arrow::Integers("a", {1})}, 1);
  const std::string schema = arrow::EncodeSchema(table.schema).value();
  const std::string batch = arrow::EncodeBatch(table.schema, table.batch).value();
  const auto append = [&](const json::array& found = {}) {
    const RequestContext ctx = As("writer", "p", clock_);
    ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
    server.UseAppendGroups(*groups_);
    EXPECT_EQ(Ask(server, Find("shop", "x")), "");
    const std::string_view parts[] = {schema, batch};
    const json::object call{
        {"method", "append"}, {"table", "t"}, {"definition", "d"}, {"expectations", json::serialize(found)}};
    const json::object reply = json::parse(server.Handle(Attach(json::serialize(call), parts))).as_object();
    if (!reply.contains("error")) return std::string();
    return std::string(ErrorName(DecodeError(reply.at("error").as_object()).code()));
  };
  EXPECT_EQ(append(), "");
  // They would be sealed with rows of others that were judged by what the table has, and stop those.
  EXPECT_EQ(append({{{"id", "a,b"}, {"checked", true}, {"rows_checked", 1}, {"violations", 0}, {"profile", ""}}}),
            "Conflict");
  const json::object plan{{"except", json::array()},
                          {"column", {{"name", "value"}, {"physical", ""}}},
                          {"value", {{"policy", "p"}, {"sql", "NULL"}, {"columns", json::array()}}}};
  const json::object policy{
      {"of_columns", true}, {"tag", "pii"},     {"value", nullptr}, {"schema", ""},    {"kind", "mask"},
      {"name", "p"},        {"definition", ""}, {"replace", false}, {"if_any", false}, {"plan", json::serialize(plan)}};
  const json::object tagged{
      {"table", "x"}, {"set", json::array{json::array{"a", "a", "pii", ""}}}, {"unset", json::array()}};
  ASSERT_EQ(Ask("admin", "a", Action("set_tags", tagged)), "");
  ASSERT_EQ(Ask("admin", "a", Action("create_tag_policy", policy)), "");
  EXPECT_EQ(append(), "PermissionDenied") << "of what they are made the worker did not say";
}

TEST_F(WorkerPoliciesTest, ChangesOfWhoMayDoWhatAreOnRecord) {
  const auto trail = AuditTrail::Open({.log = {.directory = root_ + "/audit"}, .version = "test"}, clock_).value();
  const auto records = [&] {
    std::string all;
    const auto lines = trail->log().Read(0, trail->log().size()).value();
    for (const auto& one : lines) all += one + "\n";
    return all;
  };
  const RequestContext ctx = As("admin", "a", clock_);
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  server.UseAudit(*trail);
  EXPECT_EQ(Ask(server, Action("groups", {})), "");
  EXPECT_THAT(records(), Not(HasSubstr("groups")));
  EXPECT_EQ(Ask(server, Action("create_group", {{"group", "night-shift"}})), "");
  EXPECT_THAT(records(), HasSubstr("create_group"));
  EXPECT_THAT(records(), HasSubstr("night-shift"));
  const json::object open{{"method", "create_location"}, {"name", "attic"},      {"path", Places()}, {"credential", ""},
                          {"if_not_exists", false},      {"may_register", false}};
  std::ignore = Ask(server, open);
  EXPECT_THAT(records(), HasSubstr("create_location"));
  EXPECT_THAT(records(), HasSubstr("attic"));
}

TEST_F(WorkerPoliciesTest, PoliciesAreShownToWhoLooksAfterThem) {
  ProtectRows("t");
  json::value answer;
  EXPECT_EQ(Ask("engineer", "owner", Action("policies", {{"table", ""}}), &answer), "");
  EXPECT_EQ(answer.at("rows").as_array().size(), 1U);
  EXPECT_EQ(Ask("engineer", "owner", Action("policies", {{"table", "t"}})), "");
  for (const auto& [role, id] : {std::pair("reader", "p"), {"engineer", "other"}, {"writer", "owner"}}) {
    EXPECT_EQ(Ask(role, id, Action("policies", {{"table", ""}}), &answer), "");
    EXPECT_THAT(answer.at("rows").as_array(), IsEmpty()) << role;
    EXPECT_EQ(Ask(role, id, Action("policies", {{"table", "t"}})), "PermissionDenied") << role;
    const json::object others{{"table", "t"}, {"principal", "somebody"}};
    EXPECT_EQ(Ask(role, id, Action("effective_policy", others)), "PermissionDenied") << role;
    EXPECT_EQ(Ask(role, id, Action("drop_policy", {{"table", "t"}, {"kind", "row"}, {"name", "mine"}})),
              "PermissionDenied")
        << role;
  }
  const json::object own{{"table", "t"}, {"principal", ""}};
  EXPECT_EQ(Ask("reader", "p", Action("effective_policy", own), &answer), "");
  EXPECT_EQ(answer.at("rows").as_array().at(0).as_array().at(1), "mine");
  EXPECT_TRUE(answer.at("rows").as_array().at(0).as_array().at(3).is_null()) << "not what it says";
  EXPECT_EQ(Ask("engineer", "owner", Action("effective_policy", own), &answer), "");
  EXPECT_EQ(answer.at("rows").as_array().at(0).as_array().at(3), "a > 1");
  // Of a table that one may not know of, nothing.
  EXPECT_EQ(Ask("member", "p", Action("effective_policy", own)), "NotFound");
}

TEST_F(WorkerPoliciesTest, WhatDecidedIsNotedOfEachTableThatWasFound) {
  ProtectRows("t");
  const RequestContext ctx = As("reader", "p", clock_);
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  EXPECT_EQ(Ask(server, Find("shop", "x")), "");
  EXPECT_FALSE(server.ShowsAPart());
  EXPECT_EQ(Ask(server, Find("main", "t")), "");
  EXPECT_TRUE(server.ShowsAPart());
  EXPECT_EQ(server.shown_tables().policies.size(), 2U);
  ASSERT_EQ(server.deciding_policies().size(), 1U);
  EXPECT_EQ(server.deciding_policies()[0].name, "mine");
  EXPECT_EQ(Ask(server, Find("main", "t")), "");
  EXPECT_EQ(server.deciding_policies().size(), 1U) << "once";
}

TEST_F(WorkerPoliciesTest, WhoSeesPastPoliciesIsNoted) {
  ProtectRows("t");
  const std::string p = MakePrincipal("p"), a = MakePrincipal("a");
  ASSERT_TRUE(catalog_
                  ->RequestBreakGlass({.id = "fire",
                                       .table = TableId("t"),
                                       .principal = PrincipalId(p),
                                       .reason = "fire",
                                       .minutes = 5,
                                       .requested = clock_.Now()})
                  .has_value());
  ASSERT_TRUE(catalog_->ApproveBreakGlass("fire", PrincipalId(a), "a").has_value());
  const RequestContext ctx = As("reader", p, clock_);
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  json::value answer;
  EXPECT_EQ(Ask(server, Find("main", "t"), &answer), "");
  EXPECT_TRUE(answer.at("policy").is_null());
  EXPECT_TRUE(server.effects().broke_glass.contains("fire"));
  ASSERT_EQ(server.deciding_policies().size(), 1U);
  EXPECT_EQ(server.deciding_policies()[0].kind, "break glass");
  // It was given to somebody who answers for it, not to their agents.
  Principal agent = ctx.principal();
  agent.on_behalf_of = std::make_shared<const Principal>(ctx.principal());
  const RequestContext acting(agent, "request", "test", clock_, SteadyTime::max());
  ProviderServer of_agent(acting, *catalog_, *store_, running_, "s2", root_ + "/tables");
  EXPECT_EQ(Ask(of_agent, Find("main", "t"), &answer), "");
  EXPECT_FALSE(answer.at("policy").is_null());
  EXPECT_THAT(of_agent.effects().broke_glass, IsEmpty());
}

TEST_F(WorkerPoliciesTest, NothingIsCommittedOfWhatMayNoLongerBeSeen) {
  FakeClock clock;
  const RequestContext ctx = As("writer", "p", clock);
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  EXPECT_EQ(Ask(server, Find("main", "t")), "");
  EXPECT_EQ(Ask(server, Find("shop", "x")), "");
  Deny("x", "writer", "select");
  clock.Advance(std::chrono::seconds(1));
  tables::delta::CommitRequest request;
  request.operation = "WRITE";
  request.blind_append = true;
  request.adds.push_back({.path = "a.parquet", .size_bytes = 1});
  json::object commit = EncodeCommit({.table = TableId("t"), .request = request, .register_as = std::nullopt});
  commit["method"] = "commit";
  EXPECT_EQ(Ask(server, commit), "PermissionDenied");
}

TEST_F(WorkerPoliciesTest, OfATableThatOneMayNotKnowNothingIsTagged) {
  const json::object tagged{
      {"table", "x"}, {"set", json::array{json::array{"a", "a", "pii", ""}}}, {"unset", json::array()}};
  EXPECT_EQ(Ask("member", "p", Action("set_tags", tagged)), "NotFound");
  EXPECT_EQ(Ask("reader", "p", Action("set_tags", tagged)), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "owner", Action("set_tags", tagged)), "");
}

TEST_F(WorkerPoliciesTest, AShallowCloneIsForWhoSeesAllOfItsSource) {
  const auto clone = [&](const std::string& name) {
    const RequestContext ctx = As("engineer", "p", clock_);
    ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
    json::value prepared;
    EXPECT_EQ(Ask(server, Create({.schema_name = "main", .table_name = name}), &prepared), "");
    EXPECT_EQ(Ask(server, Find("shop", "x")), "");
    return Ask(server,
               Action("shallow_clone", {{"clone", prepared.at("table").at("id")}, {"source", "x"}, {"version", 0}}));
  };
  EXPECT_EQ(clone("one"), "");
  Deny("x", "engineer", "select:a");
  EXPECT_EQ(clone("two"), "PermissionDenied");
}

TEST_F(WorkerPoliciesTest, TagsAreShownOfWhatOneMayKnow) {
  ASSERT_TRUE(catalog_
                  ->CreateView({.schema_name = "shop",
                                .name = "v",
                                .sql = "SELECT 1",
                                .column_names = {"a"},
                                .owner = PrincipalId("owner"),
                                .created = clock_.Now()},
                               false, false)
                  .has_value());
  for (const char* name : {"x", "v"}) {
    const json::object tags = Action("tags", {{"schema", "shop"}, {"name", name}});
    EXPECT_EQ(Ask("member", "p", tags), "NotFound") << name;
    EXPECT_EQ(Ask("reader", "p", tags), "") << name;
  }
}

TEST_F(WorkerPoliciesTest, FilesOfATableAreForWhoReadsAllOfItsColumns) {
  const json::object files = Action("check_sources", {{"paths", json::array{json::value(root_ + "/tables/t/")}}});
  EXPECT_EQ(Ask("writer", "p", files), "");
  Deny("t", "reader", "select:a");
  EXPECT_EQ(Ask("writer", "p", files), "");
  Deny("t", "writer", "select:a");
  EXPECT_EQ(Ask("writer", "p", files), "PermissionDenied");
  EXPECT_EQ(Ask("member", "p", files), "PermissionDenied");
}

TEST_F(WorkerPoliciesTest, GoingPastPoliciesIsEndedByWhoDoesAndWhoManages) {
  ProtectRows("t");
  const std::string p = MakePrincipal("p"), q = MakePrincipal("q"), a = MakePrincipal("a");
  const auto ask = [&](const std::string& id) {
    json::value answer;
    EXPECT_EQ(
        Ask("reader", id, Action("request_break_glass", {{"table", "t"}, {"minutes", 5}, {"reason", "fire"}}), &answer),
        "");
    return std::string(answer.at("id").as_string());
  };
  EXPECT_EQ(Ask("member", "m", Action("request_break_glass", {{"table", "t"}, {"minutes", 5}, {"reason", "fire"}})),
            "NotFound");
  const json::object given{{"id", ask(p)}}, other{{"id", ask(q)}};
  EXPECT_EQ(Ask("engineer", "e", Action("approve_break_glass", given)), "PermissionDenied");
  for (const auto& one : {given, other}) EXPECT_EQ(Ask("admin", a, Action("approve_break_glass", one)), "");
  EXPECT_EQ(Ask("engineer", "e", Action("end_break_glass", given)), "NotFound");
  EXPECT_EQ(Ask("reader", q, Action("end_break_glass", given)), "NotFound");
  json::value answer;
  EXPECT_EQ(Ask("reader", p, Action("break_glass", {}), &answer), "");
  EXPECT_EQ(answer.at("rows").as_array().size(), 1U);
  EXPECT_EQ(Ask("admin", a, Action("break_glass", {}), &answer), "");
  EXPECT_EQ(answer.at("rows").as_array().size(), 2U);
  Principal limited = As("admin", a, clock_).principal();
  limited.schemas = {"shop"};
  const RequestContext ctx(limited, "request", "test", clock_, SteadyTime::max());
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  EXPECT_EQ(Ask(server, Action("break_glass", {}), &answer), "");
  EXPECT_THAT(answer.at("rows").as_array(), IsEmpty());
  EXPECT_EQ(Ask("reader", p, Action("end_break_glass", given)), "");
  EXPECT_EQ(Ask("admin", a, Action("end_break_glass", other)), "");
}

TEST_F(WorkerPoliciesTest, ATagThatAListOrASmallestGroupStandsOnIsStoodOn) {
  for (const char* tag : {"listed", "grouped", "counted", "free"}) {
    const json::object tagged{
        {"table", "x"}, {"set", json::array{json::array{"a", "a", tag, ""}}}, {"unset", json::array()}};
    ASSERT_EQ(Ask("admin", "a", Action("set_tags", tagged)), "");
  }
  ASSERT_TRUE(catalog_->CreatePurpose("care", "").has_value());
  ASSERT_TRUE(catalog_->SetAllowedPurposes({.table = {}, .tag = "listed", .purposes = {"care"}}).has_value());
  ASSERT_TRUE(catalog_->SetMinimumGroup({.table = {}, .purpose = "care", .size = 5, .tag = "grouped"}).has_value());
  std::vector<std::string> stood_on;
  const auto tags = TagsOfTable(*catalog_, TableId("x")).value();
  for (const auto& tag : tags) {
    if (tag.is_stood_on) stood_on.push_back(tag.tag);
  }
  EXPECT_THAT(stood_on, testing::ElementsAre("grouped", "listed"));
}

}  // namespace
}  // namespace neurolake::query
