#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"
#include "common/text.h"

namespace neurolake::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PersonalDataTest : public CatalogTest {
 protected:
  void SetUp() override {
    CatalogTest::SetUp();
    if (catalog_ == nullptr) return;
    ASSERT_OK(catalog_->CreateSchema("s", false, ""));
    ASSERT_OK(catalog_->AddTable(Table("s", "t1", "1")));
  }
  PersonalDataFinding Finding(const std::string& column, const std::string& entity, double confidence = 0.75) const {
    PersonalDataFinding finding;
    finding.column_id = finding.column_name = column;
    finding.entity = entity;
    finding.tag = "pii.contact." + LowerAscii(entity);
    finding.confidence = confidence;
    finding.evidence = "3 of 3 distinct values have its form";
    finding.version = 4;
    finding.rows_scanned = 3;
    finding.found = clock_.Now();
    finding.found_by = "ada";
    return finding;
  }
  TagChange Tagging(const std::string& column, const std::string& entity) const {
    return {.relation_id = "1",
            .set = {{.relation_id = "1",
                     .column = column,
                     .label = column,
                     .tag = "pii.contact." + LowerAscii(entity),
                     .value = "",
                     .set_by = "ada",
                     .created = clock_.Now()}},
            .unset = {}};
  }
  std::vector<std::string> Known() {
    std::vector<std::string> known;
    const auto all = catalog_->ListPersonalData().value();
    for (const auto& [table, one] : all) {
      known.push_back(table.name + "." + one.column_name + " " + one.entity + " " + one.state);
    }
    return known;
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, PersonalDataTest, testing::Values("sqlite", "postgresql"));

TEST_P(PersonalDataTest, IsKeptAndBroughtUpToDate) {
  ASSERT_OK(catalog_->SavePersonalData(TableId("1"), {Finding("mail", "EMAIL_ADDRESS"), Finding("b", "NL_BSN")}, true));
  EXPECT_THAT(Known(), ElementsAre("t1.b NL_BSN proposed", "t1.mail EMAIL_ADDRESS proposed"));
  ASSERT_OK(catalog_->SavePersonalData(TableId("1"), {Finding("mail", "EMAIL_ADDRESS", 0.25)}, false));
  const auto all = catalog_->ListPersonalData().value();
  ASSERT_EQ(all.size(), 2u) << "a scan that does not replace takes nothing away";
  EXPECT_EQ(all[1].second.confidence, 0.25);
  EXPECT_EQ(all[1].second.version, 4);
  EXPECT_EQ(all[1].second.found, clock_.Now());
  ASSERT_OK(catalog_->SavePersonalData(TableId("1"), {Finding("b", "NL_BSN")}, true));
  EXPECT_THAT(Known(), ElementsAre("t1.b NL_BSN proposed"));
}

TEST_P(PersonalDataTest, WhatWasRejectedStaysSoUntilItsTagIsSet) {
  const auto scan = [&] {
    return catalog_->SavePersonalData(TableId("1"), {Finding("mail", "EMAIL_ADDRESS"), Finding("b", "NL_BSN")}, true);
  };
  ASSERT_OK(scan());
  EXPECT_EQ(catalog_->RejectPersonalData(TableId("1"), {{"b", "NL_BSN"}, {"b", "EMAIL_ADDRESS"}}, "ada").value(), 1);
  EXPECT_EQ(catalog_->RejectPersonalData(TableId("1"), {{"b", "NL_BSN"}}, "bob").value(), 0);
  ASSERT_OK(scan());
  EXPECT_THAT(Known(), ElementsAre("t1.b NL_BSN rejected", "t1.mail EMAIL_ADDRESS proposed"));
  EXPECT_EQ(catalog_->ListPersonalData().value()[0].second.decided_by, "ada");
  TagChange change = Tagging("b", "NL_BSN");
  change.of_proposals = true;
  ASSERT_OK(catalog_->ChangeTags(change));
  EXPECT_TRUE(catalog_->TagsOf("1").value().empty()) << "nobody proposes it";
  ASSERT_OK(catalog_->ChangeTags(Tagging("b", "NL_BSN")));
  EXPECT_THAT(Known(), ElementsAre("t1.b NL_BSN accepted", "t1.mail EMAIL_ADDRESS proposed"));
}

TEST_P(PersonalDataTest, AcceptingAProposalKeepsTheTagsValue) {
  ASSERT_OK(catalog_->SavePersonalData(TableId("1"), {Finding("mail", "EMAIL_ADDRESS")}, true));
  TagChange change = Tagging("mail", "EMAIL_ADDRESS");
  change.of_proposals = true;
  change.decided_by = "rule mails";
  ASSERT_OK(catalog_->ChangeTags(change));
  EXPECT_THAT(Known(), ElementsAre("t1.mail EMAIL_ADDRESS accepted"));
  EXPECT_EQ(catalog_->ListPersonalData().value()[0].second.decided_by, "rule mails");
  EXPECT_EQ(catalog_->TagsOf("1").value()[0].set_by, "ada");
  change = Tagging("mail", "EMAIL_ADDRESS");
  change.set[0].value = "confirmed";
  ASSERT_OK(catalog_->ChangeTags(change));
  ASSERT_OK(catalog_->SavePersonalData(TableId("1"), {Finding("mail", "PHONE_NUMBER")}, false));
  for (const char* entity : {"EMAIL_ADDRESS", "PHONE_NUMBER"}) {
    change = Tagging("mail", entity);
    change.of_proposals = true;
    ASSERT_OK(catalog_->ChangeTags(change));
  }
  std::vector<std::string> values;
  const auto tags = catalog_->TagsOf("1").value();
  for (const auto& tag : tags) values.push_back(tag.value);
  EXPECT_THAT(values, ElementsAre("confirmed", ""));
}

TEST_P(PersonalDataTest, AFindingWhoseTagIsThereIsAccepted) {
  ASSERT_OK(catalog_->ChangeTags(Tagging("mail", "EMAIL_ADDRESS")));
  ASSERT_OK(catalog_->SavePersonalData(TableId("1"), {Finding("mail", "EMAIL_ADDRESS")}, true));
  EXPECT_THAT(Known(), ElementsAre("t1.mail EMAIL_ADDRESS accepted"));
  TagChange off{.relation_id = "1", .set = {}, .unset = {{"mail", "pii.contact.email_address"}}};
  ASSERT_OK(catalog_->ChangeTags(off));
  EXPECT_THAT(Known(), ElementsAre("t1.mail EMAIL_ADDRESS proposed"));
  EXPECT_EQ(catalog_->ListPersonalData().value()[0].second.decided_by, "");
}

TEST_P(PersonalDataTest, RulesAreByNameAndHoldTheirSchema) {
  const SchemaId schema = catalog_->FindSchema("s").value()->id;
  const PersonalDataRule rule{.id = "r",
                              .name = "Mails",
                              .entities = "EMAIL_ADDRESS, NL",
                              .schema = schema,
                              .threshold = 0.9,
                              .owner = PrincipalId("p"),
                              .of_others = true,
                              .created = clock_.Now()};
  ASSERT_OK(catalog_->AddPersonalDataRule(rule, false));
  EXPECT_EQ(CodeOf(catalog_->AddPersonalDataRule(rule, false)), ErrorCode::kAlreadyExists);
  ASSERT_OK(catalog_->AddPersonalDataRule(rule, true));
  PersonalDataRule of_another = rule;
  of_another.id = "other";
  of_another.owner = PrincipalId("q");
  of_another.of_others = false;
  EXPECT_EQ(CodeOf(catalog_->AddPersonalDataRule(of_another, true)), ErrorCode::kAlreadyExists);
  of_another.of_others = true;
  ASSERT_OK(catalog_->AddPersonalDataRule(of_another, true));
  PersonalDataRule own = of_another;
  own.of_others = false;
  ASSERT_OK(catalog_->AddPersonalDataRule(own, true));
  ASSERT_OK(catalog_->AddPersonalDataRule(rule, true));
  const auto rules = catalog_->ListPersonalDataRules().value();
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].name, "mails");
  EXPECT_EQ(rules[0].entities, "EMAIL_ADDRESS, NL");
  EXPECT_EQ(rules[0].schema, schema);
  EXPECT_EQ(rules[0].threshold, 0.9);
  EXPECT_EQ(rules[0].owner, PrincipalId("p"));
  EXPECT_TRUE(rules[0].of_others);
  EXPECT_EQ(rules[0].created, clock_.Now());
  EXPECT_EQ(CodeOf(catalog_->DropSchema("s", false, true)), ErrorCode::kDependentObjects);
  EXPECT_EQ(CodeOf(catalog_->DropPersonalDataRule("others")), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->DropPersonalDataRule("mails")), ErrorCode::kNotFound) << "rules go by their ids";
  EXPECT_EQ(CodeOf(catalog_->DropPersonalDataRule("other")), ErrorCode::kNotFound) << "it was replaced";
  ASSERT_OK(catalog_->DropPersonalDataRule(rules[0].id));
  ASSERT_OK(catalog_->DropSchema("s", false, true));
}

TEST_P(PersonalDataTest, BelongsToTablesThatAreThere) {
  EXPECT_EQ(CodeOf(catalog_->SavePersonalData(TableId("9"), {Finding("a", "NL_BSN")}, true)), ErrorCode::kNotFound);
  ASSERT_OK(catalog_->SavePersonalData(TableId("1"), {Finding("a", "NL_BSN")}, true));
  ASSERT_OK(catalog_->DropTable("s", "t1", false));
  EXPECT_THAT(Known(), IsEmpty());
}

}  // namespace
}  // namespace neurolake::catalog
