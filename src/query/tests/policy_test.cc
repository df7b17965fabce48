// Policies and privileges on the server's side, with messages that no worker of ours would send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "query/access.h"
#include "query/key_store.h"
#include "query/policy_messages.h"
#include "query/provider_server.h"
#include "query/system_relations.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

class PolicyActionsTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    store_ = storage::NewLocalStore();
  }

  /// The answer's result, or {"error": code}.
  json::value Call(const std::string& role, const std::string& id, json::object call) {
    const RequestContext ctx({PrincipalId(id), id, role, *RightsOfRole(role)}, "request", "test", clock_,
                             SteadyTime::max());
    ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
    if (keys_ != nullptr) server.UseKeys(*keys_);
    const json::object reply = json::parse(server.Handle(json::serialize(call))).as_object();
    if (!reply.contains("error")) return reply.at("result");
    return {{"error", std::string(ErrorName(DecodeError(reply.at("error").as_object()).code()))}};
  }
  json::value Act(const std::string& role, const std::string& id, const std::string& action,
                  const json::object& arguments) {
    return Call(role, id, {{"method", "maintain"}, {"action", action}, {"arguments", json::serialize(arguments)}});
  }
  json::value Find(const std::string& role, const std::string& id = "somebody") {
    return Call(role, id, {{"method", "find_table"}, {"schema", "main"}, {"name", "t"}});
  }
  static json::object Policy(const std::string& sql, const json::array& to) {
    const json::object plan{
        {"restrictive", false}, {"to", to}, {"value", {{"policy", "p"}, {"sql", sql}, {"columns", json::array()}}}};
    return {{"table", "t"},
            {"kind", "row"},
            {"name", "p"},
            {"definition", "USING (…)"},
            {"column", ""},
            {"replace", false},
            {"if_not_exists", false},
            {"plan", json::serialize(plan)}};
  }
  static json::object Grant(const std::string& effect, const std::string& privilege, const std::string& role) {
    return {{"effect", effect},   {"privileges", json::array{privilege}},
            {"kind", "relation"}, {"schema", "main"},
            {"name", "t"},        {"grantees", json::array{{{"kind", "role"}, {"name", role}}}}};
  }

  std::unique_ptr<storage::ObjectStore> store_;
  RunningStatements running_;
  std::unique_ptr<KeyStore> keys_;
};

/// With the keys "people" and "others".
class KeyedPolicyTest : public PolicyActionsTest {
 protected:
  void SetUp() override {
    PolicyActionsTest::SetUp();
    keys_ =
        std::make_unique<KeyStore>(*catalog_, MakeDataKeys(Settings(), root_, *catalog_).value(), KeyStore::Options{});
    for (const char* name : {"people", "others"}) {
      EXPECT_EQ(Act("admin", "a", "create_key", {{"name", name}, {"if_not_exists", false}}),
                json::value({{"created", true}}));
    }
  }
  static json::object Keyed(const json::array& keys) {
    json::object policy = Policy("mask_token(a, 'people') = 'tok_x'", {json::object{{"kind", "public"}, {"name", ""}}});
    json::object plan = json::parse(policy["plan"].as_string()).as_object();
    plan["value"].as_object()["keys"] = keys;
    policy["plan"] = json::serialize(plan);
    return policy;
  }
};

TEST_F(KeyedPolicyTest, AWorkerIsGivenTheKeysThatItsPoliciesName) {
  const json::array people{{{"name", "people"}, {"id", ""}}};
  EXPECT_EQ(Act("engineer", "owner", "create_policy", Keyed(people)), json::value({{"error", "NotFound"}}));
  EXPECT_EQ(Act("admin", "a", "create_policy", Keyed(people)), json::value({{"created", true}}));
  const json::value found = Find("reader").at("policy");
  ASSERT_EQ(found.at("keys").as_array().size(), 1U);
  EXPECT_EQ(found.at("keys").at(0).at("name"), "people");
  EXPECT_EQ(found.at("keys").at(0).at("bytes").as_string().size(), 64U);
  std::filesystem::remove(root_ + "/keyring");
  keys_ =
      std::make_unique<KeyStore>(*catalog_, MakeDataKeys(Settings(), root_, *catalog_).value(), KeyStore::Options{});
  const json::value lost = Find("reader").at("policy").at("keys").at(0);
  EXPECT_EQ(lost.at("bytes"), "");
  EXPECT_TRUE(lost.at("problem").is_object());
  keys_.reset();
  EXPECT_TRUE(Find("reader").as_object().contains("error")) << "without a key store nothing of the table is shown";
}

TEST_F(KeyedPolicyTest, WhatAWorkerLeavesOutOrMakesUpHelpsNobody) {
  EXPECT_EQ(Act("engineer", "owner", "create_policy", Keyed({})), json::value({{"created", true}}));
  EXPECT_TRUE(Find("reader").at("policy").at("keys").as_array().empty());
  const auto others = catalog_->FindDataKey("others").value()->id;
  for (const json::array& keys :
       {json::array{{{"name", "others"}, {"id", others}}}, json::array{{{"name", "no such key"}, {"id", others}}}}) {
    json::object policy = Keyed(keys);
    policy["replace"] = true;
    EXPECT_EQ(Act("engineer", "owner", "create_policy", policy), json::value({{"error", "NotFound"}}));
  }
  json::object policy = Keyed({1});
  policy["replace"] = true;
  EXPECT_EQ(Act("engineer", "owner", "create_policy", policy), json::value({{"error", "Corruption"}}));
}

TEST_F(KeyedPolicyTest, KeysAreForWhoManagesTheLake) {
  for (const char* action : {"create_key", "drop_key", "rotate_key", "rotate_master_key", "rewrap_keys", "keys",
                             "grant_key", "key_grants", "key_lookups"}) {
    EXPECT_EQ(Act("engineer", "owner", action, {{"name", "people"}, {"if_exists", false}, {"if_not_exists", false}}),
              json::value({{"error", "PermissionDenied"}}))
        << action;
  }
  const json::object question{{"key", "people"}, {"type", "varchar"}, {"value", "x"}};
  EXPECT_EQ(Act("admin", "a", "lookup_token", question), json::value({{"error", "NotFound"}}));
}

TEST_F(KeyedPolicyTest, AColumnsKeysAreForWhoMayUseThemSo) {
  EXPECT_EQ(Act("admin", "a", "rotate_key", {{"name", "people"}}).at("number"), 2);
  const std::string key = catalog_->FindDataKey("people").value()->id;
  const auto grant = [&](const std::string& privilege, const std::string& id) {
    ASSERT_TRUE(catalog_
                    ->AddDataKeyGrant({.key_id = key,
                                       .privilege = privilege,
                                       .grantee_kind = "user",
                                       .grantee_id = id,
                                       .granted_by = "ada",
                                       .created = clock_.Now()})
                    .has_value());
  };
  // How many versions of the key come, and -1 where none may.
  const auto versions = [&](const std::string& id, const std::string& use) {
    const json::value answer =
        Act("writer", id, "column_keys",
            {{"key", key}, {"table", "t"}, {"column", "c"}, {"deterministic", true}, {"use", use}});
    return answer.as_object().contains("refused") ? -1 : static_cast<int>(answer.at("versions").as_array().size());
  };
  for (const char* use : {"read", "write", "rewrite"}) EXPECT_EQ(versions("w", use), -1) << use;
  grant("encrypt", "w");
  EXPECT_EQ(versions("w", "write"), 1) << "the newest alone, as it reads nothing";
  EXPECT_EQ(versions("w", "read"), -1);
  EXPECT_EQ(versions("w", "rewrite"), -1);
  grant("usage", "w");
  EXPECT_EQ(versions("w", "rewrite"), 2);
  grant("decrypt", "r");
  EXPECT_EQ(versions("r", "read"), 2);
  EXPECT_EQ(versions("r", "write"), -1);
  const json::object cells{{"key", key}, {"table", "t"}, {"column", "c"}, {"value", "61"}};
  EXPECT_TRUE(Act("reader", "l", "column_cells", cells).as_object().contains("refused"));
  EXPECT_TRUE(catalog_->ListLookups(10).value().empty());
  grant("lookup", "l");
  EXPECT_EQ(Act("reader", "l", "column_cells", cells).at("cells").as_array().size(), 2U);
  EXPECT_EQ(catalog_->ListLookups(10).value().size(), 1U) << "it is counted as any lookup";
  const json::object used{{"key", "people"}, {"table", "t"}};
  EXPECT_EQ(Act("engineer", "e", "column_key_use", used), json::value({{"error", "NotFound"}}));
  EXPECT_EQ(Act("engineer", "w", "column_key_use", used).at("name"), "people");
}

TEST_F(PolicyActionsTest, ATableComesWithWhatItsPrincipalMaySee) {
  EXPECT_TRUE(Find("reader").at("policy").is_null());
  const json::object everybody{{"kind", "role"}, {"name", "writer"}};
  EXPECT_EQ(Act("engineer", "owner", "create_policy", Policy("a > 1", {everybody})), json::value({{"created", true}}));
  const json::value reader = Find("reader").at("policy");
  EXPECT_TRUE(reader.at("filters_rows").as_bool());
  EXPECT_TRUE(reader.at("permissive").as_array().empty());
  EXPECT_EQ(Find("writer").at("policy").at("permissive").as_array().size(), 1U);
}

TEST_F(PolicyActionsTest, OnlyStewardsChangePolicies) {
  const json::value denied{{"error", "PermissionDenied"}};
  const json::object everybody{{"kind", "public"}, {"name", ""}};
  for (const auto& [role, id] : {std::pair("reader", "a"), {"writer", "a"}, {"engineer", "a"}, {"reader", "owner"}}) {
    EXPECT_EQ(Act(role, id, "create_policy", Policy("true", {everybody})), denied) << role;
    EXPECT_EQ(Act(role, id, "create_group", {{"group", "g"}}), denied) << role;
    EXPECT_EQ(Act(role, id, "grant", Grant("grant", "select", "reader")), denied) << role;
  }
  EXPECT_EQ(Act("admin", "a", "create_policy", Policy("true", {everybody})), json::value({{"created", true}}));
}

TEST_F(PolicyActionsTest, WhatCannotBeReadIsNotStored) {
  const json::value corrupt{{"error", "Corruption"}};
  for (const char* plan : {"{}", "[]", "not json", R"({"restrictive":1,"to":[],"value":{}})",
                           R"({"restrictive":false,"to":[7],"value":{"policy":"p","sql":"true","columns":[]}})",
                           R"({"restrictive":false,"to":[],"value":{"policy":"p","sql":"true","columns":[1]}})"}) {
    json::object call = Policy("true", {});
    call["plan"] = plan;
    EXPECT_EQ(Act("admin", "a", "create_policy", call), corrupt) << plan;
  }
  json::object without = Grant("grant", "select", "reader");
  without.erase("grantees");
  EXPECT_EQ(Act("admin", "a", "grant", without), corrupt);
  EXPECT_TRUE(Find("reader").at("policy").is_null());
}

TEST_F(PolicyActionsTest, AMemberFindsWhatWasGrantedAndDenyWins) {
  EXPECT_TRUE(Find("member").is_null());
  EXPECT_TRUE(Find("reader").is_object());
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("grant", "select", "member")).as_object().empty());
  EXPECT_TRUE(Find("member").at("policy").is_null());
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("deny", "select", "member")).as_object().empty());
  EXPECT_TRUE(Find("member").is_null());
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("deny", "select", "reader")).as_object().empty());
  EXPECT_TRUE(Find("reader").is_null());
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("revoke", "select", "reader")).as_object().empty());
  EXPECT_TRUE(Find("reader").is_object());
}

TEST_F(PolicyActionsTest, TagsAreForWhoLooksAfterTheTableAndPoliciesByTagForManagers) {
  const json::value denied{{"error", "PermissionDenied"}};
  const json::object tag{
      {"table", "t"}, {"set", json::array{json::array{"a", "a", "pii", ""}}}, {"unset", json::array()}};
  const json::object plan{{"except", json::array()},
                          {"column", {{"name", "value"}, {"physical", ""}}},
                          {"value", {{"policy", "p"}, {"sql", "NULL"}, {"columns", json::array()}}}};
  const json::object policy{{"of_columns", true}, {"tag", "pii"},   {"value", nullptr}, {"schema", ""},
                            {"kind", "mask"},     {"name", "p"},    {"definition", ""}, {"plan", json::serialize(plan)},
                            {"replace", false},   {"if_any", false}};
  for (const auto& [role, id] : {std::pair{"reader", "r"}, std::pair{"writer", "w"}, std::pair{"engineer", "e"}}) {
    EXPECT_EQ(Act(role, id, "set_tags", tag), denied) << role;
    EXPECT_EQ(Act(role, id, "create_tag_policy", policy), denied) << role;
    EXPECT_EQ(Act(role, id, "create_purpose", {{"name", "p"}, {"comment", ""}}), denied) << role;
    EXPECT_EQ(Act(role, id, "set_attributes", {{"principal", id}, {"set", json::array()}, {"unset", json::array()}}),
              denied)
        << role;
  }
  EXPECT_EQ(Act("engineer", "owner", "create_tag_policy", policy), denied);
  EXPECT_EQ(Act("admin", "a", "create_tag_policy", policy), (json::value{{"error", "NotFound"}}));
  EXPECT_TRUE(Act("engineer", "owner", "set_tags", tag).as_object().empty());
  EXPECT_TRUE(Find("reader").at("policy").is_null());
  EXPECT_TRUE(Act("admin", "a", "create_tag_policy", policy).as_object().empty());
  const auto masks = Find("reader").at("policy").at("masks").as_array();
  ASSERT_EQ(masks.size(), 1U);
  EXPECT_EQ(masks[0].at("column").at("physical"), "a");
  EXPECT_EQ(masks[0].at("null_if_unfit"), true);
  const json::object off{{"table", "t"}, {"set", json::array()}, {"unset", json::array{json::array{"a", "pii"}}}};
  EXPECT_EQ(Act("engineer", "owner", "set_tags", off), denied);
  EXPECT_TRUE(Act("admin", "a", "set_tags", off).as_object().empty());
  EXPECT_TRUE(Find("reader").at("policy").is_null());
}

TEST_F(PolicyActionsTest, FilesOfATableAreForWhoSeesAllOfIt) {
  const json::value denied{{"error", "PermissionDenied"}};
  const auto check = [&](const char* role, const std::string& path) {
    return Act(role, "somebody", "check_sources", {{"paths", json::array{json::value(path)}}});
  };
  EXPECT_NE(check("writer", root_ + "/tables/t/"), denied);
  const json::object writers{{"kind", "role"}, {"name", "writer"}};
  EXPECT_EQ(Act("admin", "a", "create_policy", Policy("a > 1", {writers})), json::value({{"created", true}}));
  for (const char* role : {"writer", "engineer", "admin"}) {
    EXPECT_EQ(check(role, root_ + "/tables/t/"), denied) << role;
    EXPECT_EQ(check(role, root_ + "/tables/t/a=1/"), denied) << role;
    EXPECT_NE(check(role, root_ + "/tables/tt/"), denied) << role;
  }
  const json::value corrupt{{"error", "Corruption"}};
  EXPECT_EQ(Act("writer", "w", "check_sources", {}), corrupt);
  EXPECT_EQ(Act("writer", "w", "check_sources", {{"paths", json::array{json::value(1)}}}), corrupt);
}

TEST_F(PolicyActionsTest, AnExpectationIsForWhoSeesAllOfItsTables) {
  const auto expect = [&](const std::string& name, const std::string& foreign) {
    return Act("engineer", "somebody", "create_expectation",
               {{"table", "t"},
                {"name", name},
                {"kind", foreign.empty() ? "row count" : "foreign key"},
                {"definition", "EXPECT …"},
                {"plan", "{}"},
                {"action", "fail"},
                {"foreign", foreign},
                {"quarantine", ""},
                {"replace", false},
                {"if_not_exists", false}});
  };
  EXPECT_EQ(expect("first", "t"), json::value({{"created", true}}));
  const json::object engineers{{"kind", "role"}, {"name", "engineer"}};
  EXPECT_EQ(Act("admin", "a", "create_policy", Policy("true", {engineers})),
            json::value({{"error", "DependentObjects"}}));
  ASSERT_TRUE(catalog_->DropExpectation(TableId("t"), "first").has_value());
  EXPECT_EQ(Act("admin", "a", "create_policy", Policy("true", {engineers})), json::value({{"created", true}}));
  EXPECT_EQ(expect("all", ""), json::value({{"created", true}}));
  EXPECT_EQ(expect("keys", "t"), json::value({{"error", "PermissionDenied"}}));
  json::object other = Policy("a > 1", {engineers});
  other["replace"] = true;
  EXPECT_EQ(Act("admin", "a", "create_policy", other), json::value({{"created", true}}));
  EXPECT_EQ(expect("part", ""), json::value({{"error", "PermissionDenied"}}));
}

TEST_F(PolicyActionsTest, PoliciesAreCopiedToWhatTheStatementMakesAlone) {
  const json::value internal{{"error", "Internal"}};
  EXPECT_EQ(Act("admin", "a", "clone_policies", {{"clone", "other"}, {"source", "t"}}), internal);
  EXPECT_EQ(Act("admin", "a", "clone_policies", {{"clone", "t"}, {"source", "t"}}), internal);
}

TEST_F(PolicyActionsTest, WhetherATableMayBeChangedIsToldOfWhatWasFound) {
  EXPECT_EQ(Act("writer", "w", "may_modify", {{"table", "t"}}), json::value({{"error", "Internal"}}));
  const RequestContext ctx({PrincipalId("w"), "w", "writer", *RightsOfRole("writer")}, "request", "test", clock_,
                           SteadyTime::max());
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  const auto ask = [&](const json::object& call) {
    return json::parse(server.Handle(json::serialize(call))).as_object();
  };
  const json::object may{{"method", "maintain"}, {"action", "may_modify"}, {"arguments", R"({"table":"t"})"}};
  EXPECT_TRUE(ask({{"method", "find_table"}, {"schema", "main"}, {"name", "t"}}).contains("result"));
  EXPECT_FALSE(server.ShowsAPart());
  EXPECT_TRUE(ask(may).contains("result"));
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("deny", "modify", "writer")).as_object().empty());
  EXPECT_EQ(DecodeError(ask(may).at("error").as_object()).code(), ErrorCode::kPermissionDenied);
}

TEST_F(PolicyActionsTest, ReplacingATableIsAskedAboutAgainWhenItCommits) {
  const RequestContext ctx({PrincipalId("other"), "other", "engineer", *RightsOfRole("engineer")}, "request", "test",
                           clock_, SteadyTime::max());
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  const auto ask = [&](const json::object& call) {
    return json::parse(server.Handle(json::serialize(call))).as_object();
  };
  json::object creation = EncodeCreation({.schema_name = "main", .table_name = "t", .or_replace = true});
  creation["method"] = "prepare_table";
  EXPECT_TRUE(ask(creation).at("result").at("exists").as_bool());
  const json::object everybody{{"kind", "public"}, {"name", ""}};
  EXPECT_EQ(Act("admin", "a", "create_policy", Policy("true", {everybody})), json::value({{"created", true}}));
  tables::delta::CommitRequest request;
  request.operation = "CREATE OR REPLACE TABLE";
  json::object commit = EncodeCommit({.table = TableId("t"), .request = request, .register_as = std::nullopt});
  commit["method"] = "commit";
  EXPECT_EQ(DecodeError(ask(commit).at("error").as_object()).code(), ErrorCode::kPermissionDenied);
}

TEST_F(PolicyActionsTest, AStatementEndsWhenLessMayBeSeen) {
  FakeClock clock;
  const RequestContext ctx({PrincipalId("w"), "w", "writer", *RightsOfRole("writer")}, "request", "test", clock,
                           SteadyTime::max());
  ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
  const json::object look{{"method", "find_table"}, {"schema", "main"}, {"name", "t"}};
  EXPECT_TRUE(json::parse(server.Handle(json::serialize(look))).at("result").at("policy").is_null());
  const auto later = [&] {
    clock.Advance(std::chrono::seconds(1));
    return server.CheckStillShown();
  };
  EXPECT_TRUE(later().has_value());
  // Of others.
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("deny", "select", "reader")).as_object().empty());
  EXPECT_TRUE(later().has_value());
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("deny", "select", "writer")).as_object().empty());
  EXPECT_TRUE(server.CheckStillShown().has_value());
  ASSERT_FALSE(later().has_value());
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("revoke", "select", "writer")).as_object().empty());
  EXPECT_TRUE(later().has_value());
  const json::object writers{{"kind", "role"}, {"name", "writer"}};
  EXPECT_EQ(Act("admin", "a", "create_policy", Policy("a > 1", {writers})), json::value({{"created", true}}));
  const auto ended = later();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_THAT(ended.error().message(), testing::HasSubstr("main.t"));
}

TEST_F(PolicyActionsTest, WhoMayOnlyWriteSeesNoRow) {
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("grant", "modify", "member")).as_object().empty());
  const json::value policy = Find("member").at("policy");
  EXPECT_TRUE(policy.at("filters_rows").as_bool());
  EXPECT_TRUE(policy.at("permissive").as_array().empty());
  EXPECT_EQ(policy.at("permissive_checks").as_array().size(), 1U);
}

TEST_F(PolicyActionsTest, AnAgentMayWhatItAndWhomItActsForMay) {
  const auto principal = [](const std::string& id, const std::string& role) {
    return Principal{PrincipalId(id), id, role, *RightsOfRole(role)};
  };
  const auto may = [&](const std::string& agent_role, const Principal& behalf, Privilege privilege) {
    Principal agent = principal("bot", agent_role);
    agent.on_behalf_of = std::make_shared<const Principal>(behalf);
    // As authentication makes it.
    std::erase_if(agent.rights, [&](Right right) { return !behalf.Has(right); });
    const RequestContext ctx(agent, "request", "test", clock_, SteadyTime::max());
    return Access(*catalog_, ctx).May(privilege, catalog_->FindTable(TableId("t")).value().value()).value();
  };
  EXPECT_TRUE(may("writer", principal("anna", "writer"), Privilege::kModify));
  EXPECT_FALSE(may("writer", principal("anna", "reader"), Privilege::kModify));
  EXPECT_FALSE(may("reader", principal("anna", "writer"), Privilege::kModify));
  EXPECT_FALSE(may("reader", principal("anna", "member"), Privilege::kSelect));
  EXPECT_FALSE(may("member", principal("anna", "reader"), Privilege::kSelect));
  EXPECT_TRUE(may("member", principal("owner", "member"), Privilege::kSelect));  // Theirs is what they own.
  EXPECT_TRUE(Act("admin", "a", "grant", Grant("deny", "select", "engineer")).as_object().empty());
  EXPECT_FALSE(may("reader", principal("anna", "engineer"), Privilege::kSelect));
  EXPECT_FALSE(may("engineer", principal("anna", "reader"), Privilege::kSelect));
  EXPECT_TRUE(may("reader", principal("anna", "reader"), Privilege::kSelect));
}

TEST_F(PolicyActionsTest, ATokenForSchemasKnowsOfNothingElse) {
  Principal limited{PrincipalId("p"), "p", "reader", *RightsOfRole("reader")};
  const auto table = catalog_->FindTable(TableId("t")).value().value();
  limited.schemas = {"main"};
  EXPECT_TRUE(HasGrantsAlone(limited));
  const RequestContext main(limited, "request", "test", clock_, SteadyTime::max());
  EXPECT_TRUE(Access(*catalog_, main).Knows(table).value());
  limited.schemas = {"gold"};
  const RequestContext gold(limited, "request", "test", clock_, SteadyTime::max());
  EXPECT_FALSE(Access(*catalog_, gold).Knows(table).value());
  EXPECT_TRUE(Access(*catalog_, gold).Tables(std::nullopt).value().empty());
  const auto schemas = Access(*catalog_, gold).Schemas().value();
  ASSERT_EQ(schemas.size(), 1U);
  EXPECT_EQ(schemas[0].name, "gold");
}

TEST_F(PolicyActionsTest, PrincipalsAreForWhoManages) {
  const json::value denied{{"error", "PermissionDenied"}};
  const json::object anna{{"name", "anna"}, {"kind", "user"}, {"role", "admin"}, {"on_behalf_of", ""}};
  for (const char* role : {"member", "reader", "writer", "engineer", "monitor"}) {
    EXPECT_EQ(Act(role, "a", "create_user", anna), denied) << role;
    EXPECT_EQ(Act(role, "a", "users", {}), denied) << role;
    EXPECT_EQ(Act(role, "a", "alter_user", anna), denied) << role;
  }
  EXPECT_TRUE(Act("admin", "a", "create_user", anna).as_object().empty());
  EXPECT_EQ(Act("admin", "a", "create_user", anna), json::value({{"error", "AlreadyExists"}}));
  const json::object as_agent{{"name", "anna"}, {"kind", "agent"}, {"role", "reader"}, {"state", ""}};
  EXPECT_EQ(Act("admin", "a", "alter_user", as_agent), json::value({{"error", "NotFound"}}));
  EXPECT_EQ(Act("admin", "a", "users", {}).at("rows").as_array().size(), 2U);
}

TEST(PolicyMessagesTest, ComeBackAsTheyWereAndAreNeverLost) {
  auto policy = std::make_shared<plan::TablePolicy>();
  policy->context = {
      .principal = "anna", .groups = {"eu"}, .keys = {{.name = "k", .id = "1", .bytes = std::string("\x00\xff", 2)}}};
  policy->filters_rows = true;
  const plan::PolicyExpression expression{
      .policy = "p", .sql = "a = 'x'", .columns = {{"a", "col-1"}}, .keys = {{.name = "k", .id = "1"}}};
  policy->permissive = policy->permissive_checks = {expression};
  policy->restrictive = policy->restrictive_checks = {expression, expression};
  policy->masks = {{.column = {"b", "col-2"}, .value = expression}};
  const auto back = DecodePolicy({{"policy", EncodePolicy(policy)}}).value();
  EXPECT_EQ(EncodePolicy(back), EncodePolicy(policy));
  EXPECT_EQ(back->context.keys.at(0).bytes, policy->context.keys.at(0).bytes);
  EXPECT_EQ(DecodePolicy({{"policy", nullptr}}).value(), nullptr);
  for (const json::object& broken :
       {json::object(), json::object{{"policy", 1}}, json::object{{"policy", json::object()}}}) {
    EXPECT_EQ(DecodePolicy(broken).error().code(), ErrorCode::kCorruption);
  }
}

}  // namespace
}  // namespace neurolake::query
