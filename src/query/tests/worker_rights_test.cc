// What a worker asks for in the name of who may not do it. The engine asked before; the server does not believe that.
#include "catalog/data_subjects.h"
#include "query/append_messages.h"
#include "query/audit_trail.h"
#include "query/tests/worker_fixture.h"

namespace neurolake::query {
namespace {

using testing::IsEmpty;

using WorkerRightsTest = WorkerFixture;

TEST_F(WorkerRightsTest, NamesAndNewTablesAreForWhoMayCreate) {
  const json::object schema = Change({.kind = Kind::kCreateSchema, .schema_name = "made"});
  const json::object table = Create({.schema_name = "main", .table_name = "made"});
  for (const char* role : {"member", "reader", "writer", "auditor", "monitor"}) {
    EXPECT_EQ(Ask(role, "p", schema), "PermissionDenied") << role;
    EXPECT_EQ(Ask(role, "p", table), "PermissionDenied") << role;
  }
  EXPECT_FALSE(catalog_->FindSchema("made").value().has_value());
  EXPECT_EQ(Ask("engineer", "p", schema), "");
  EXPECT_EQ(Ask("engineer", "p", table), "");
}

TEST_F(WorkerRightsTest, ARightThatTheEngineAsksAboutIsOneOfThePrincipals) {
  const auto authorize = [](Right right) {
    return json::object{{"method", "authorize"}, {"right", static_cast<int64_t>(right)}};
  };
  EXPECT_EQ(Ask("reader", "p", authorize(Right::kRead)), "");
  EXPECT_EQ(Ask("reader", "p", authorize(Right::kWrite)), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "p", authorize(Right::kManage)), "PermissionDenied");
  EXPECT_EQ(Ask("admin", "p", authorize(Right::kManage)), "");
}

TEST_F(WorkerRightsTest, SchemasOfNothingThatOneKnowsAreNotThere) {
  const json::object exists{{"method", "schema_exists"}, {"schema", "shop"}};
  json::value answer;
  EXPECT_EQ(Ask("member", "p", exists, &answer), "");
  EXPECT_EQ(answer, json::value(false));
  EXPECT_EQ(Ask("reader", "p", exists, &answer), "");
  EXPECT_EQ(answer, json::value(true));
  Grant("x", "member", "select", false);
  EXPECT_EQ(Ask("member", "p", exists, &answer), "");
  EXPECT_EQ(answer, json::value(true));
}

TEST_F(WorkerRightsTest, WhoMayNotChangeATableDropsItNeitherAloneNorWithItsSchema) {
  const json::object schema = Change({.kind = Kind::kDropSchema, .schema_name = "shop", .cascade = true});
  const json::object table = Change({.kind = Kind::kDropTable, .schema_name = "shop", .name = "x"});
  ProtectRows("x");
  EXPECT_EQ(Ask("engineer", "other", table), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "other", schema), "PermissionDenied") << "others look after its policies";
  ASSERT_TRUE(catalog_->DropPolicy(TableId("x"), "row", "mine").has_value());
  Deny("x", "engineer", "modify");
  EXPECT_EQ(Ask("engineer", "other", table), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "other", schema), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "owner", schema), "PermissionDenied") << "deny wins over owners";
  EXPECT_TRUE(catalog_->FindTable(TableId("x")).value().has_value());
  Deny("x", "engineer", "select");
  EXPECT_EQ(Ask("engineer", "other", table), "NotFound") << "nor is it said that it is there";
  const json::object if_exists =
      Change({.kind = Kind::kDropTable, .schema_name = "shop", .name = "x", .if_exists = true});
  EXPECT_EQ(Ask("engineer", "other", if_exists), "");
  EXPECT_TRUE(catalog_->FindTable(TableId("x")).value().has_value());
  EXPECT_EQ(Ask("admin", "a", schema), "");
  EXPECT_FALSE(catalog_->FindTable(TableId("x")).value().has_value());
}

TEST_F(WorkerRightsTest, WhatIsDeniedOnASchemaDoesNotEndWithAMove) {
  const auto move = [&](const std::string& to, const std::string& name) {
    return Change(
        {.kind = Kind::kRenameTable, .schema_name = "shop", .name = "x", .new_schema_name = to, .new_name = name});
  };
  Deny("x", "engineer", "select");
  EXPECT_EQ(Ask("engineer", "owner", move("main", "x")), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "owner", move("shop", "y")), "");
  EXPECT_EQ(catalog_->FindTable(TableId("x")).value()->schema_name, "shop");
}

TEST_F(WorkerRightsTest, ATableIsReplacedByWhoMayChangeItAndItsPolicies) {
  const json::object replace = Create({.schema_name = "shop", .table_name = "x", .or_replace = true});
  EXPECT_EQ(Ask("engineer", "other", replace), "");
  ProtectRows("x");
  EXPECT_EQ(Ask("engineer", "other", replace), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "owner", replace), "");
  Deny("x", "engineer", "modify");
  EXPECT_EQ(Ask("engineer", "owner", replace), "PermissionDenied");
}

TEST_F(WorkerRightsTest, AViewThatOneMayNotKnowIsNotReplaced) {
  ASSERT_TRUE(catalog_
                  ->CreateView({.schema_name = "shop",
                                .name = "v",
                                .sql = "SELECT 1",
                                .column_names = {"a"},
                                .owner = PrincipalId("owner"),
                                .created = clock_.Now()},
                               false, false)
                  .has_value());
  const json::object replace = Change({.kind = Kind::kCreateView,
                                       .schema_name = "shop",
                                       .name = "v",
                                       .or_replace = true,
                                       .view_sql = "SELECT 2",
                                       .view_columns = {"a"}});
  Deny(catalog_->FindView("shop", "v").value()->id, "engineer", "select");
  EXPECT_EQ(Ask("engineer", "other", replace), "AlreadyExists");
  EXPECT_EQ(catalog_->FindView("shop", "v").value()->sql, "SELECT 1");
  EXPECT_EQ(Ask("admin", "a", replace), "");
}

TEST_F(WorkerRightsTest, APlaceForATableIsOneThatWasOpened) {
  std::filesystem::create_directories(Places() + "/open");
  std::filesystem::create_directories(Places() + "/closed");
  ASSERT_TRUE(catalog_->AddExternalLocation({"l", Places() + "/open", true, clock_.Now(), ""}).has_value());
  const auto at = [&](const std::string& place) {
    return Create({.schema_name = "shop", .table_name = "there", .location = Places() + place});
  };
  EXPECT_EQ(Ask("engineer", "p", at("/open/t")), "PermissionDenied");
  EXPECT_EQ(Ask("admin", "a", at("/closed/t")), "PermissionDenied");
  EXPECT_EQ(Ask("admin", "a", at("/opened/t")), "PermissionDenied");
  EXPECT_EQ(Ask("admin", "a", at("/open/t")), "");
  const json::object open{{"method", "create_location"},  {"name", "more"},
                          {"path", Places() + "/closed"}, {"credential", ""},
                          {"if_not_exists", false},       {"may_register", true}};
  EXPECT_EQ(Ask("engineer", "p", open), "PermissionDenied");
  EXPECT_EQ(Ask("admin", "a", open), "");
  const json::object close{{"method", "drop_location"}, {"name", "more"}, {"if_exists", false}};
  EXPECT_EQ(Ask("engineer", "p", close), "PermissionDenied");
  EXPECT_EQ(Ask("admin", "a", close), "");
}

TEST_F(WorkerRightsTest, RowsAreHandedOverByWhoMayChangeTheTable) {
  groups_ = std::make_unique<AppendGroups>(AppendGroupsOptions(), AppendGroups::Write(), metrics_);
  const json::object may{{"method", "may_append"}, {"table", "x"}};
  EXPECT_EQ(Ask("reader", "p", may), "PermissionDenied");
  EXPECT_EQ(Ask("writer", "p", may), "");
  Deny("x", "writer", "modify");
  const RequestContext ctx = As("writer", "p", clock_);
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  server.UseAppendGroups(*groups_);
  const std::string_view parts[] = {"no Arrow"};
  const auto reply = json::parse(
      server.Handle(Attach(R"({"method":"append","table":"x","definition":"d","expectations":"[]"})", parts)));
  EXPECT_EQ(DecodeError(reply.at("error").as_object()).code(), ErrorCode::kPermissionDenied);
}

TEST_F(WorkerRightsTest, AGroupsWriterFindsItsTableAlone) {
  const RequestContext ctx = As("writer", "p", clock_);
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  server.ServeGroup({.table = TableId("t"), .user_name = "p", .statement_ids = {"one"}});
  json::value answer;
  EXPECT_EQ(Ask(server, Find("shop", "x"), &answer), "");
  EXPECT_TRUE(answer.is_null());
  EXPECT_EQ(Ask(server, Find("main", "t"), &answer), "");
  EXPECT_TRUE(answer.is_object());
  for (const char* method :
       {"change_name", "prepare_table", "append", "may_append", "system_rows", "create_location"}) {
    EXPECT_EQ(Ask(server, {{"method", method}}), "Internal") << method;
  }
}

TEST_F(WorkerRightsTest, AStatementThatReadsChangesNothing) {
  const RequestContext ctx = As("admin", "a", clock_);
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  server.LookOnly();
  EXPECT_EQ(Ask(server, Find("main", "t")), "");
  EXPECT_EQ(Ask(server, Change({.kind = Kind::kCreateSchema, .schema_name = "made"})), "ReadOnly");
  EXPECT_EQ(Ask(server, Create({.schema_name = "main", .table_name = "made"})), "ReadOnly");
  EXPECT_EQ(Ask(server, Action("create_group", {{"group", "g"}})), "ReadOnly");
  EXPECT_THAT(catalog_->ListGroups().value(), IsEmpty());
}

TEST_F(WorkerRightsTest, WhatCannotBePutOnRecordIsNotDone) {
  const RequestContext ctx = As("admin", "a", clock_);
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  server.BeforeEffect([]() -> Result<void> { return MakeError(ErrorCode::kUnavailable, "no record"); });
  EXPECT_EQ(Ask(server, Find("main", "t")), "");
  EXPECT_EQ(Ask(server, Change({.kind = Kind::kCreateSchema, .schema_name = "made"})), "Unavailable");
  EXPECT_EQ(Ask(server, Create({.schema_name = "main", .table_name = "made"})), "Unavailable");
  EXPECT_EQ(Ask(server, Action("create_group", {{"group", "g"}})), "Unavailable");
  EXPECT_FALSE(catalog_->FindSchema("made").value().has_value());
  EXPECT_THAT(catalog_->ListGroups().value(), IsEmpty());
}

TEST_F(WorkerRightsTest, DroppedTablesComeBackByWhoMayMakeThem) {
  ASSERT_TRUE(catalog_->DropTable("shop", "x", false).has_value());
  const json::object back = Action("undrop", {{"schema", "shop"}, {"name", "x"}, {"id", ""}});
  for (const char* role : {"reader", "writer", "member"}) EXPECT_EQ(Ask(role, "p", back), "PermissionDenied") << role;
  EXPECT_EQ(Ask("engineer", "p", back), "");
  std::filesystem::create_directories(Places() + "/open/u");
  ASSERT_TRUE(catalog_->AddExternalLocation({"l", Places() + "/open", true, clock_.Now(), ""}).has_value());
  ASSERT_TRUE(catalog_
                  ->AddTable({.id = TableId("u"),
                              .schema_name = "shop",
                              .name = "u",
                              .location = Places() + "/open/u",
                              .managed = false,
                              .owner = PrincipalId("owner")})
                  .has_value());
  ASSERT_TRUE(catalog_->DropTable("shop", "u", false).has_value());
  const json::object elsewhere = Action("undrop", {{"schema", "shop"}, {"name", "u"}, {"id", ""}});
  EXPECT_EQ(Ask("engineer", "p", elsewhere), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "p", Action("forget_dropped", {{"id", "u"}})), "PermissionDenied");
  ASSERT_TRUE(catalog_->DropExternalLocation("l").has_value());
  EXPECT_EQ(Ask("admin", "a", elsewhere), "PermissionDenied") << "the place was closed meanwhile";
  ASSERT_TRUE(catalog_->AddExternalLocation({"l", Places() + "/open", true, clock_.Now(), ""}).has_value());
  EXPECT_EQ(Ask("admin", "a", elsewhere), "");
}

TEST_F(WorkerRightsTest, WhoDeletesFilesIsToldOfClones) {
  const json::object clones = Action("clones_of", {{"table", "t"}});
  EXPECT_EQ(Ask("reader", "p", clones), "PermissionDenied");
  EXPECT_EQ(Ask("writer", "p", clones), "");
}

TEST_F(WorkerRightsTest, StatisticsAreKeptForWhoMayWrite) {
  const json::object statistics =
      Action("save_statistics", {{"id", "t"}, {"version", 0}, {"table", "[]"}, {"columns", "[]"}});
  EXPECT_EQ(Ask("reader", "p", statistics), "PermissionDenied");
  EXPECT_EQ(Ask("writer", "p", statistics), "");
}

TEST_F(WorkerRightsTest, WhoMayNotKnowOfATableIsNotToldThatItIsThere) {
  const auto grant = [](const std::string& name) {
    return Action("grant", {{"effect", "grant"},
                            {"kind", "relation"},
                            {"schema", "main"},
                            {"name", name},
                            {"privileges", json::array{"select"}},
                            {"grantees", json::array{{{"kind", "public"}, {"name", ""}}}}});
  };
  EXPECT_EQ(Ask("member", "p", grant("t")), "NotFound");
  EXPECT_EQ(Ask("member", "p", grant("absent")), "NotFound");
  EXPECT_EQ(Ask("reader", "p", grant("t")), "PermissionDenied");
  Deny("t", "admin", "select");
  EXPECT_EQ(Ask("admin", "a", grant("t")), "") << "what was denied to everybody can be given back";
}

TEST_F(WorkerRightsTest, WhatOthersWereGrantedIsForWhoManages) {
  const json::array public_grantee{{{"kind", "public"}, {"name", ""}}};
  const auto grants = [&](const std::string& kind, bool of_one) {
    return Action(
        "grants",
        {{"kind", kind}, {"schema", "main"}, {"name", "t"}, {"grantees", of_one ? public_grantee : json::array()}});
  };
  EXPECT_EQ(Ask("engineer", "owner", grants("relation", false)), "") << "of the owner's own table";
  EXPECT_EQ(Ask("engineer", "owner", grants("relation", true)), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "owner", grants("", true)), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "owner", grants("", false)), "PermissionDenied");
  EXPECT_EQ(Ask("admin", "a", grants("relation", true)), "");
  EXPECT_EQ(Ask("admin", "a", grants("", true)), "");
}

TEST_F(WorkerRightsTest, AnErasureGoesPastPoliciesOfItsTablesAlone) {
  auto trail = AuditTrail::Open({.log = {.directory = root_ + "/audit"}, .version = "test"}, clock_).value();
  auto& subjects = catalog_->data_subjects();
  ASSERT_TRUE(
      subjects
          .AddSubject({.id = "people",
                       .name = "people",
                       .created_by = "ada",
                       .created = clock_.Now(),
                       .columns = {{.table = TableId("t"), .column_id = "a", .column_name = "a", .identifier = ""}}})
          .has_value());
  ASSERT_TRUE(subjects
                  .AddSubjectGrant({.subject_id = "people",
                                    .grantee_kind = "user",
                                    .grantee_id = "w",
                                    .granted_by = "ada",
                                    .created = clock_.Now()})
                  .has_value());
  for (const char* table : {"t", "x"}) ProtectRows(table);
  Deny("t", "writer", "modify");
  const RequestContext ctx = As("writer", "w", clock_);
  const auto sees_all = [&](ProviderServer& server, const char* schema, const char* table) {
    json::value found;
    EXPECT_EQ(Ask(server, Find(schema, table), &found), "");
    return found.at("policy").is_null();
  };
  const auto commits = [&](ProviderServer& server) {
    tables::delta::CommitRequest request;
    request.read_version = 0;
    request.operation = "DELETE";
    json::object call = EncodeCommit({.table = TableId("t"), .request = request});
    call["method"] = "commit";
    return Ask(server, call);
  };
  for (const bool dry_run : {true, false}) {
    ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
    server.UseAudit(*trail);
    EXPECT_FALSE(sees_all(server, "main", "t"));
    ASSERT_EQ(Ask(server, Action("begin_erasure", {{"subject", "people"}, {"value", "1"}, {"dry_run", dry_run}})), "");
    EXPECT_TRUE(sees_all(server, "main", "t"));
    EXPECT_FALSE(sees_all(server, "shop", "x")) << "nothing was said of it";
    // Without a log there is nothing to commit to.
    EXPECT_EQ(commits(server), dry_run ? "PermissionDenied" : "NotFound") << dry_run;
  }
}

TEST_F(WorkerRightsTest, PurposesTagsAndPoliciesByTagAreForWhoManages) {
  ASSERT_TRUE(catalog_->CreatePurpose("care", "").has_value());
  const json::array everybody{{{"kind", "public"}, {"name", ""}}};
  const std::pair<const char*, json::object> actions[] = {
      {"grant_purpose", {{"name", "care"}, {"grant", true}, {"grantees", everybody}}},
      {"allow_purposes", {{"purposes", json::array{"care"}}, {"tag", "pii"}, {"value", nullptr}}},
      {"set_minimum_group", {{"purpose", "care"}, {"size", 5}, {"tag", "pii"}, {"entity_tag", ""}, {"value", nullptr}}},
      {"show_tag_policies", {}},
      {"tag_matches", {{"of_columns", true}, {"tag", "pii"}, {"value", nullptr}, {"schema", ""}}},
  };
  for (const auto& [action, arguments] : actions) {
    EXPECT_EQ(Ask("engineer", "owner", Action(action, arguments)), "PermissionDenied") << action;
    EXPECT_EQ(Ask("admin", "a", Action(action, arguments)), "") << action;
  }
  const json::object of_table{
      {"purposes", json::array{"care"}}, {"tag", ""}, {"schema", "main"}, {"name", "t"}, {"value", nullptr}};
  EXPECT_EQ(Ask("member", "p", Action("allow_purposes", of_table)), "NotFound");
  EXPECT_EQ(Ask("reader", "p", Action("allow_purposes", of_table)), "PermissionDenied");
  EXPECT_EQ(Ask("engineer", "owner", Action("allow_purposes", of_table)), "");
}

TEST_F(WorkerRightsTest, ExpectationsAreMadeByWhoSeesAllThatTheyLookAt) {
  const auto create = [](const std::string& name, const std::string& foreign, const std::string& quarantine) {
    return Action("create_expectation", {{"table", "t"},
                                         {"name", name},
                                         {"kind", foreign.empty() ? "check" : "foreign key"},
                                         {"definition", "CHECK (a > 0)"},
                                         {"plan", "{}"},
                                         {"action", quarantine.empty() ? "FAIL" : "QUARANTINE"},
                                         {"foreign", foreign},
                                         {"quarantine", quarantine},
                                         {"replace", true},
                                         {"if_not_exists", false}});
  };
  const json::object list = Action("expectations", {{"table", "t"}});
  const json::object keep = Action("expectation_results", {{"table", "t"}, {"results", "[]"}});
  const json::object drop = Action("drop_expectation", {{"table", "t"}, {"name", "e"}, {"if_exists", false}});
  EXPECT_EQ(Ask("engineer", "owner", create("e", "", "")), "");
  for (const char* role : {"reader", "writer"}) {
    EXPECT_EQ(Ask(role, "p", create("e", "", "")), "PermissionDenied") << role;
    EXPECT_EQ(Ask(role, "p", drop), "PermissionDenied") << role;
  }
  EXPECT_EQ(Ask("reader", "p", list), "PermissionDenied");
  EXPECT_EQ(Ask("reader", "p", keep), "PermissionDenied");
  EXPECT_EQ(Ask("writer", "p", list), "");
  EXPECT_EQ(Ask("writer", "p", keep), "");
  EXPECT_EQ(Ask("engineer", "owner", create("f", "x", "")), "");
  Deny("x", "engineer", "select");
  EXPECT_EQ(Ask("engineer", "owner", create("f", "x", "")), "PermissionDenied") << "of a table that is not to be read";
  EXPECT_EQ(Ask("engineer", "owner", create("q", "", "x")), "");
  ASSERT_TRUE(catalog_->DropExpectation(TableId("t"), "q").has_value());
  ProtectRows("t");
  EXPECT_EQ(Ask("admin", "a", create("q", "", "x")), "DependentObjects") << "no policy would hide its rows";
  EXPECT_EQ(Ask("engineer", "owner", create("e", "", "")), "PermissionDenied") << "of which one sees a part";
  EXPECT_EQ(Ask("engineer", "owner", drop), "");
}

TEST_F(WorkerRightsTest, WhoMayNotReadIsToldNoNames) {
  const json::object list{{"method", "list_relations"}, {"schema", "main"}};
  const auto names = [&](std::vector<Right> rights) {
    const RequestContext ctx({PrincipalId("p"), "p", "writer", std::move(rights)}, "request", "test", clock_,
                             SteadyTime::max());
    ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
    json::value answer;
    EXPECT_EQ(Ask(server, list, &answer), "");
    return answer.as_array().size();
  };
  EXPECT_EQ(names({Right::kRead}), 1U);
  EXPECT_EQ(names({Right::kWrite}), 0U);
}

TEST_F(WorkerRightsTest, OnlyATableWhoseFilesAreSomebodyElsesIsForgotten) {
  ASSERT_TRUE(catalog_->DropTable("main", "t", false).has_value());
  const json::object forget = Action("forget_dropped", {{"id", "t"}});
  EXPECT_EQ(Ask("admin", "a", forget), "PermissionDenied");
  EXPECT_TRUE(catalog_->FindDroppedTable(TableId("t")).has_value());
}

TEST_F(WorkerRightsTest, ATableThatHasANameIsNotRegistered) {
  tables::delta::CommitRequest request;
  request.read_version = 0;
  json::object call = EncodeCommit({.table = TableId("t"), .request = request, .register_only = true});
  call["method"] = "commit";
  EXPECT_EQ(Ask("engineer", "owner", call), "Internal");
}

TEST_F(WorkerRightsTest, AGroupWritesToItsTableAlone) {
  const RequestContext ctx = As("writer", "w", clock_);
  const auto commits = [&](const std::string& table) {
    ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
    server.ServeGroup({.table = TableId("t"), .user_name = "w", .statement_ids = {"s"}, .expectations = {"[]"}});
    tables::delta::CommitRequest request;
    request.read_version = 0;
    request.operation = "WRITE";
    request.blind_append = true;
    json::object call = EncodeCommit({.table = TableId(table), .request = request});
    call["method"] = "commit";
    return Ask(server, call);
  };
  EXPECT_EQ(commits("x"), "Internal");
  EXPECT_EQ(commits("t"), "NotFound") << "it has no log to commit to";
}

}  // namespace
}  // namespace neurolake::query
