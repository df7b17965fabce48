#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

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
    finding.tag = "pii.contact." + entity;
    finding.confidence = confidence;
    finding.evidence = "3 of 3 distinct values have its form";
    finding.version = 4;
    finding.rows_scanned = 3;
    finding.found = clock_.Now();
    finding.found_by = "ada";
    return finding;
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

TEST_P(PersonalDataTest, BelongsToTablesThatAreThere) {
  EXPECT_EQ(CodeOf(catalog_->SavePersonalData(TableId("9"), {Finding("a", "NL_BSN")}, true)), ErrorCode::kNotFound);
  ASSERT_OK(catalog_->SavePersonalData(TableId("1"), {Finding("a", "NL_BSN")}, true));
  ASSERT_OK(catalog_->DropTable("s", "t1", false));
  EXPECT_THAT(Known(), IsEmpty());
}

}  // namespace
}  // namespace neurolake::catalog
