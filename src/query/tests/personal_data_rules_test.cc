// What the server answers a worker that asks for decisions on proposals of personal data, whatever the worker says.
#include "query/personal_data_rules.h"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <fstream>

#include "catalog/identity.h"
#include "query/messages.h"
#include "query/personal_data_actions.h"
#include "query/tests/interrupted_store.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

class PersonalDataRulesTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    const std::pair<const char*, const char*> people[] = {
        {"ada", "engineer"}, {"bob", "engineer"}, {"root", "admin"}, {"wim", "writer"}, {"rik", "reader"}};
    for (const auto& [name, role] : people) {
      ASSERT_TRUE(catalog_->identities().CreatePrincipal({.name = name, .role = role}).has_value());
    }
    ASSERT_TRUE(catalog_->SetOwner("t", Who("ada").id).has_value());
    Commit(0, "id");
    Commit(1, "e_mail");
    Found({"mail"});
  }
  /// A version of the table: one column, which its files call "mail".
  void Commit(int version, const std::string& name) {
    const json::object column{{"name", name},
                              {"type", "string"},
                              {"nullable", true},
                              {"metadata", {{"delta.columnMapping.physicalName", "mail"}}}};
    const json::object schema{{"type", "struct"}, {"fields", json::array{column}}};
    const json::object metadata{{"id", "m"},
                                {"format", {{"provider", "parquet"}, {"options", json::object()}}},
                                {"schemaString", json::serialize(schema)},
                                {"partitionColumns", json::array()},
                                {"configuration", {{"delta.columnMapping.mode", "name"}}}};
    std::filesystem::create_directories(root_ + "/tables/t/_delta_log");
    std::ofstream(root_ + fmt::format("/tables/t/_delta_log/{:020d}.json", version))
        << R"({"protocol":{"minReaderVersion":2,"minWriterVersion":5}})"
        << "\n"
        << json::serialize(json::object{{"metaData", metadata}}) << "\n";
  }
  /// What a scan finds, all of it e-mail addresses.
  void Found(const std::vector<std::string>& columns) {
    std::vector<catalog::PersonalDataFinding> findings;
    for (const std::string& column : columns) {
      auto& finding = findings.emplace_back();
      finding.column_id = finding.column_name = column;
      finding.entity = "EMAIL_ADDRESS";
      finding.tag = "pii.contact.email_address";
      finding.confidence = 0.9;
      finding.found = clock_.Now();
    }
    ASSERT_TRUE(catalog_->SavePersonalData(TableId("t"), findings, true).has_value());
  }
  Principal Who(const std::string& name) {
    const auto record = catalog_->identities().FindPrincipal(name).value();
    return catalog_->identities().PrincipalOf(record->id, {}).value();
  }
  RequestContext Context(Principal who) const { return {std::move(who), "request", "test", clock_, SteadyTime::max()}; }
  Result<json::value> Ask(const Principal& who, const std::string& action, const json::object& arguments) {
    const RequestContext ctx = Context(who);
    return RunPersonalDataRuleAction({ctx, *catalog_, *store_}, action, arguments);
  }
  static json::object Findings(const std::vector<std::string>& one) {
    json::array list;
    list.push_back(json::array(one.begin(), one.end()));
    return {{"table", "t"}, {"findings", std::move(list)}};
  }
  static std::string ErrorOf(const Result<json::value>& answer) {
    return answer ? "" : std::string(ErrorName(answer.error().code()));
  }
  std::string Create(const Principal& who, const std::string& name, double threshold = 0.5, bool replace = false) {
    return ErrorOf(Ask(who, "create_pii_rule",
                       {{"name", name},
                        {"entities", "CONTACT"},
                        {"schema", ""},
                        {"threshold", fmt::format("{}", threshold)},
                        {"replace", replace},
                        {"if_not_exists", false}}));
  }
  std::string Drop(const Principal& who, const std::string& name, bool if_exists = false) {
    return ErrorOf(Ask(who, "drop_pii_rule", {{"name", name}, {"if_exists", if_exists}}));
  }
  /// "accepted", "left", or the error.
  std::string AcceptByRule(const Principal& who, const std::string& table = "t", const std::string& column = "mail") {
    const auto answer = Ask(who, "accept_pii_by_rule",
                            {{"table", table}, {"column_id", column}, {"label", "id"}, {"entity", "EMAIL_ADDRESS"}});
    if (!answer) return ErrorOf(answer);
    return answer->at("accepted").as_bool() ? "accepted" : "left";
  }
  std::vector<std::string> Tags() {
    std::vector<std::string> tags;
    const auto found = catalog_->TagsOf("t").value();
    for (const auto& tag : found) tags.push_back(tag.column + " " + tag.tag + " by " + tag.set_by);
    return tags;
  }
  std::vector<std::string> Labels() {
    std::vector<std::string> labels;
    const auto found = catalog_->TagsOf("t").value();
    for (const auto& tag : found) labels.push_back(tag.label);
    return labels;
  }
  std::vector<std::string> RulesSeenBy(const Principal& who) {
    std::vector<std::string> names;
    const auto answer = Ask(who, "pii_rules", {}).value();
    for (const auto& row : answer.at("rows").as_array()) names.emplace_back(row.at(0).as_string().c_str());
    return names;
  }
  std::unique_ptr<storage::ObjectStore> store_ = storage::NewLocalStore();
  std::string State() { return catalog_->ListPersonalData().value()[0].second.state; }
};

TEST_F(PersonalDataRulesTest, DecisionsAreForWhoLooksAfterTheTable) {
  const json::object accept = Findings({"mail", "EMAIL_ADDRESS"});
  const json::object reject = Findings({"mail", "EMAIL_ADDRESS"});
  for (const char* who : {"bob", "wim", "rik"}) {
    EXPECT_EQ(ErrorOf(Ask(Who(who), "pii_proposals", {{"table", "t"}})), "PermissionDenied") << who;
    EXPECT_EQ(ErrorOf(Ask(Who(who), "accept_pii", accept)), "PermissionDenied") << who;
    EXPECT_EQ(ErrorOf(Ask(Who(who), "reject_pii", reject)), "PermissionDenied") << who;
  }
  // Of a table that is denied, nothing is told.
  for (const char* privilege : {"select", "modify"}) {
    ASSERT_TRUE(catalog_
                    ->AddGrant({.securable_kind = "relation",
                                .securable_id = "t",
                                .grantee_kind = "user",
                                .grantee_id = Who("bob").id.value(),
                                .privilege = privilege,
                                .denied = true,
                                .granted_by = "root",
                                .created = clock_.Now()})
                    .has_value());
  }
  EXPECT_EQ(ErrorOf(Ask(Who("bob"), "pii_proposals", {{"table", "t"}})), "NotFound");
  EXPECT_EQ(ErrorOf(Ask(Who("ada"), "pii_proposals", {{"table", "none"}})), "NotFound");
  EXPECT_TRUE(Tags().empty());
  EXPECT_EQ(State(), "proposed");
  EXPECT_EQ(ErrorOf(Ask(Who("ada"), "accept_pii", accept)), "");
  EXPECT_THAT(Tags(), testing::ElementsAre("mail pii.contact.email_address by ada"));
  // Twice, and of what nobody found: the worker is not believed.
  EXPECT_EQ(ErrorOf(Ask(Who("ada"), "accept_pii", accept)), "Conflict");
  EXPECT_EQ(ErrorOf(Ask(Who("root"), "accept_pii", Findings({"id", "EMAIL_ADDRESS"}))), "Conflict");
  EXPECT_EQ(Tags().size(), 1U);
}

TEST_F(PersonalDataRulesTest, ARuleDoesWhatItsOwnerCould) {
  EXPECT_EQ(Create(Who("rik"), "a"), "PermissionDenied");
  EXPECT_EQ(Create(Who("wim"), "a"), "PermissionDenied");
  ASSERT_EQ(Create(Who("bob"), "of_bob"), "");
  EXPECT_EQ(AcceptByRule(Who("ada")), "left") << "it is not bob's table";
  ASSERT_EQ(Create(Who("ada"), "of_ada"), "");
  for (const char* gone : {"writer", "reader", "member"}) {
    ASSERT_TRUE(catalog_->SetRole("ada", gone).has_value());
    EXPECT_EQ(AcceptByRule(Who("root")), "left") << gone;
  }
  ASSERT_TRUE(catalog_->SetRole("ada", "engineer").has_value());
  ASSERT_TRUE(catalog_->DisablePrincipal("ada").has_value());
  EXPECT_EQ(AcceptByRule(Who("root")), "left") << "disabled";
  ASSERT_TRUE(catalog_->EnablePrincipal("ada").has_value());
  ASSERT_TRUE(catalog_->SetOwner("t", Who("bob").id).has_value());
  ASSERT_EQ(Drop(Who("bob"), "of_bob"), "");
  EXPECT_EQ(AcceptByRule(Who("root")), "left") << "she gave the table away";
  ASSERT_TRUE(catalog_->SetOwner("t", Who("ada").id).has_value());
  EXPECT_EQ(AcceptByRule(Who("root")), "accepted");
  EXPECT_THAT(Tags(), testing::ElementsAre("mail pii.contact.email_address by ada"));
  EXPECT_EQ(catalog_->ListPersonalData().value()[0].second.decided_by, "rule of_ada");
}

TEST_F(PersonalDataRulesTest, WhoMayNotKnowOfATableHasNoRuleForIt) {
  ASSERT_EQ(Create(Who("ada"), "of_ada"), "");
  for (const char* privilege : {"select", "modify"}) {
    ASSERT_TRUE(catalog_
                    ->AddGrant({.securable_kind = "relation",
                                .securable_id = "t",
                                .grantee_kind = "user",
                                .grantee_id = Who("ada").id.value(),
                                .privilege = privilege,
                                .denied = true,
                                .granted_by = "root",
                                .created = clock_.Now()})
                    .has_value());
  }
  EXPECT_EQ(AcceptByRule(Who("root")), "left");
}

TEST_F(PersonalDataRulesTest, WhoReadsATableDoesNotSetTagsByRule) {
  ASSERT_EQ(Create(Who("root"), "all"), "");
  EXPECT_EQ(AcceptByRule(Who("rik")), "NotFound");
  EXPECT_EQ(AcceptByRule(Who("wim"), "none"), "NotFound");
  const auto found = catalog_->ListPersonalData().value()[0].second;
  const auto table = *catalog_->FindTable(TableId("t")).value();
  EXPECT_TRUE(AcceptableByRule(Context(Who("rik")), *catalog_, table, {found}).value().empty());
  EXPECT_EQ(AcceptableByRule(Context(Who("wim")), *catalog_, table, {found}).value().size(), 1U);
  EXPECT_TRUE(Tags().empty());
  EXPECT_EQ(AcceptByRule(Who("wim")), "accepted");
  EXPECT_THAT(Tags(), testing::ElementsAre("mail pii.contact.email_address by root"));
}

TEST_F(PersonalDataRulesTest, WhatTheCatalogueHasDecidesAndNotTheWorker) {
  ASSERT_EQ(Create(Who("root"), "sure", 0.95), "");
  EXPECT_EQ(AcceptByRule(Who("wim")), "left") << "0.9 is less";
  ASSERT_EQ(Create(Who("root"), "sure", 0.9, true), "");
  ASSERT_TRUE(catalog_->RejectPersonalData(TableId("t"), {{"mail", "EMAIL_ADDRESS"}}, "ada").has_value());
  EXPECT_EQ(AcceptByRule(Who("wim")), "left") << "rejected";
  EXPECT_EQ(State(), "rejected");
  EXPECT_TRUE(Tags().empty());
}

TEST_F(PersonalDataRulesTest, AColumnIsCalledAsTheLogSaysAndNotAsTheWorkerDoes) {
  ASSERT_EQ(Create(Who("root"), "all"), "");
  ASSERT_EQ(AcceptByRule(Who("wim")), "accepted");
  EXPECT_THAT(Labels(), testing::ElementsAre("e_mail"));
  const catalog::TagChange off{.relation_id = "t", .set = {}, .unset = {{"mail", "pii.contact.email_address"}}};
  ASSERT_TRUE(catalog_->ChangeTags(off).has_value());
  EXPECT_EQ(ErrorOf(Ask(Who("ada"), "accept_pii", Findings({"mail", "id", "EMAIL_ADDRESS"}))), "Corruption");
  EXPECT_TRUE(Labels().empty());
  EXPECT_EQ(ErrorOf(Ask(Who("ada"), "accept_pii", Findings({"mail", "EMAIL_ADDRESS"}))), "");
  EXPECT_THAT(Labels(), testing::ElementsAre("e_mail"));
}

TEST_F(PersonalDataRulesTest, WhatIsNoColumnOfTheTableGetsNoTag) {
  ASSERT_EQ(Create(Who("root"), "all"), "");
  Found({"mail", "none"});
  EXPECT_EQ(AcceptByRule(Who("wim"), "t", "none"), "ColumnNotFound");
  EXPECT_EQ(ErrorOf(Ask(Who("ada"), "accept_pii", Findings({"none", "EMAIL_ADDRESS"}))), "ColumnNotFound");
  EXPECT_TRUE(Tags().empty());
  EXPECT_EQ(AcceptByRule(Who("wim")), "accepted");
}

TEST_F(PersonalDataRulesTest, WhatSomebodyElseDecidedIsNotSaidToBeRejected) {
  Found({"mail", "other"});
  const json::array mail{"mail", "EMAIL_ADDRESS"};
  const json::array other{"other", "EMAIL_ADDRESS"};
  ASSERT_EQ(ErrorOf(Ask(Who("root"), "accept_pii", Findings({"mail", "EMAIL_ADDRESS"}))), "");
  EXPECT_EQ(ErrorOf(Ask(Who("ada"), "reject_pii", {{"table", "t"}, {"findings", json::array{mail, other}}})),
            "Conflict");
  EXPECT_EQ(Tags().size(), 1U);
  EXPECT_EQ(State(), "accepted");
  EXPECT_EQ(catalog_->ListPersonalData().value()[1].second.state, "rejected");
}

TEST_F(PersonalDataRulesTest, RulesOfASchemaAreShownToWhoMayKnowOfIt) {
  ASSERT_TRUE(catalog_->CreateSchema("secret", false, "").has_value());
  const json::object of_schema{{"name", "in_secret"}, {"entities", "CONTACT"}, {"schema", "secret"},
                               {"threshold", "0.5"},  {"replace", false},      {"if_not_exists", false}};
  ASSERT_EQ(ErrorOf(Ask(Who("ada"), "create_pii_rule", of_schema)), "");
  ASSERT_EQ(Create(Who("ada"), "everywhere"), "");
  Principal limited = Who("bob");
  limited.schemas = {{"main"}};
  EXPECT_THAT(RulesSeenBy(limited), testing::ElementsAre("everywhere"));
  EXPECT_THAT(RulesSeenBy(Who("bob")), testing::ElementsAre("everywhere", "in_secret"));
  limited = Who("ada");
  limited.schemas = {{"main"}};
  EXPECT_THAT(RulesSeenBy(limited), testing::ElementsAre("everywhere", "in_secret")) << "her own";
  json::object again = of_schema;
  again["replace"] = true;
  EXPECT_EQ(ErrorOf(Ask(limited, "create_pii_rule", again)), "SchemaNotFound") << "by a token that does not know it";
}

TEST_F(PersonalDataRulesTest, TheTagIsTheEntitysWhateverTheWorkerSays) {
  json::array findings;
  findings.push_back({{"column_id", "phone"},
                      {"column_name", "phone"},
                      {"entity", "PHONE_NUMBER"},
                      {"tag", "cleared.for.everybody"},
                      {"also", ""},
                      {"evidence", ""},
                      {"in_text", false},
                      {"confidence", 1.0}});
  const auto scan = [&] {
    return RunPersonalDataAction(Context(Who("wim")), *catalog_, "save_personal_data",
                                 {{"table", "t"}, {"version", 0}, {"rows", 1}, {"findings", findings}});
  };
  ASSERT_TRUE(scan().has_value());
  const auto kept = catalog_->ListPersonalData().value();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[1].second.tag, "pii.contact.phone_number");
  findings[0].as_object()["entity"] = "CLEARED";
  EXPECT_FALSE(scan().has_value());
}

TEST_F(PersonalDataRulesTest, WhoSeesAPartOfTheRowsSaysNothingOfThem) {
  const auto saves = [&](const char* who) {
    return RunPersonalDataAction(Context(Who(who)), *catalog_, "save_personal_data",
                                 {{"table", "t"}, {"version", 0}, {"rows", 1}, {"findings", json::array()}})
        .value()
        .at("saved")
        .as_bool();
  };
  EXPECT_TRUE(saves("wim"));
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
  EXPECT_FALSE(saves("wim"));
}

TEST_F(PersonalDataRulesTest, ATokenForLessMakesARuleForLess) {
  Principal limited = Who("root");
  std::erase(limited.rights, Right::kManage);
  ASSERT_EQ(Create(limited, "limited"), "");
  EXPECT_EQ(AcceptByRule(Who("root")), "left") << "the table is not root's own";
  EXPECT_EQ(Create(Who("bob"), "limited", 0.5, true), "PermissionDenied") << "it is root's";
  ASSERT_EQ(Create(Who("root"), "limited", 0.5, true), "");
  ASSERT_TRUE(catalog_->SetRole("root", "engineer").has_value());
  EXPECT_EQ(AcceptByRule(Who("ada")), "left") << "root manages the lake no more";
  ASSERT_TRUE(catalog_->SetRole("root", "admin").has_value());
  EXPECT_EQ(AcceptByRule(Who("ada")), "accepted");
}

TEST_F(PersonalDataRulesTest, NoAgentMakesARule) {
  ASSERT_TRUE(
      catalog_->identities()
          .CreatePrincipal({.name = "bot", .kind = PrincipalKind::kAgent, .role = "admin", .on_behalf_of = "root"})
          .has_value());
  EXPECT_EQ(Create(Who("bot"), "a"), "PermissionDenied");
  EXPECT_TRUE(catalog_->ListPersonalDataRules().value().empty());
}

TEST_F(PersonalDataRulesTest, OthersRulesAreNotDropped) {
  ASSERT_EQ(Create(Who("ada"), "of_ada"), "");
  EXPECT_EQ(Drop(Who("bob"), "of_ada"), "PermissionDenied");
  EXPECT_EQ(Drop(Who("wim"), "of_ada"), "PermissionDenied");
  EXPECT_EQ(Drop(Who("wim"), "absent"), "PermissionDenied");
  EXPECT_EQ(ErrorOf(Ask(Who("rik"), "pii_rules", {})), "PermissionDenied");
  EXPECT_EQ(Drop(Who("ada"), "OF_ADA"), "");
  EXPECT_EQ(Drop(Who("ada"), "of_ada"), "NotFound");
  EXPECT_EQ(Drop(Who("ada"), "of_ada", true), "");
}

TEST_F(PersonalDataRulesTest, TheRuleThatWasLookedAtIsDroppedAndNotWhatCameInItsPlace) {
  ASSERT_EQ(Create(Who("ada"), "mails"), "");
  InterruptedStore store(*database_);
  const auto others = catalog::NewCatalog(store, clock_, root_);
  store.After("FROM pii_rules", [&] { ASSERT_EQ(Create(Who("root"), "mails", 0.9, true), ""); });
  const RequestContext ctx = Context(Who("ada"));
  const auto drop = [&](bool if_exists) {
    return ErrorOf(RunPersonalDataRuleAction({ctx, *others, *store_}, "drop_pii_rule",
                                             {{"name", "mails"}, {"if_exists", if_exists}}));
  };
  EXPECT_EQ(drop(false), "Conflict");
  EXPECT_THAT(RulesSeenBy(Who("root")), testing::ElementsAre("mails"));
  EXPECT_EQ(drop(false), "PermissionDenied") << "it is root's now";
  ASSERT_EQ(Drop(Who("root"), "mails"), "");
  ASSERT_EQ(Create(Who("ada"), "mails"), "");
  store.After("FROM pii_rules", [&] { ASSERT_EQ(Drop(Who("root"), "mails"), ""); });
  EXPECT_EQ(drop(true), "Conflict") << "it is gone, but somebody else dropped it";
  EXPECT_EQ(drop(true), "");
}

}  // namespace
}  // namespace neurolake::query
