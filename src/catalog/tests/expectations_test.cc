#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

using testing::ElementsAre;

class ExpectationsTest : public CatalogTest {
 protected:
  void SetUp() override {
    CatalogTest::SetUp();
    if (catalog_ == nullptr) return;
    ASSERT_OK(catalog_->CreateSchema("s", false, ""));
    for (const char* id : {"1", "2", "3"}) ASSERT_OK(catalog_->AddTable(Table("s", std::string("t") + id, id)));
  }

  ExpectationRecord Expectation(const std::string& name) const {
    return {.id = "id of " + name,
            .table = TableId("1"),
            .name = name,
            .kind = "check",
            .definition = "CHECK (a > 0)",
            .plan = R"({"condition":"a > 0"})",
            .action = "FAIL",
            .foreign_table = std::nullopt,
            .quarantine = std::nullopt,
            .created_by = "ada",
            .created = clock_.Now()};
  }
  ExpectationResult Found(const std::string& name, std::optional<int64_t> version) const {
    return {.checked = clock_.Now(),
            .table = TableId("1"),
            .expectation = "id of " + name,
            .name = name,
            .action = "FAIL",
            .version = version,
            .rows_checked = 10,
            .violations = 4,
            .metric = 0.4,
            .profile = "",
            .statement = StatementId("a statement")};
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto expectations = catalog_->ListExpectations(TableId("1")).value();
    for (const auto& expectation : expectations) names.push_back(expectation.name);
    return names;
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, ExpectationsTest, testing::Values("sqlite", "postgresql"));

TEST_P(ExpectationsTest, AreMadeListedReplacedAndDropped) {
  ASSERT_OK(catalog_->AddExpectation(Expectation("B"), false));
  ASSERT_OK(catalog_->AddExpectation(Expectation("a"), false));
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  auto again = Expectation("b");
  again.id = "another";
  EXPECT_EQ(CodeOf(catalog_->AddExpectation(again, false)), ErrorCode::kAlreadyExists);
  again.action = "WARN";
  ASSERT_OK(catalog_->AddExpectation(again, true));
  const auto listed = catalog_->ListExpectations(TableId("1")).value();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[1].id, "another");
  EXPECT_EQ(listed[1].action, "WARN");
  EXPECT_EQ(listed[1].plan, again.plan);
  EXPECT_EQ(listed[1].created, clock_.Now());
  EXPECT_FALSE(listed[1].foreign_table.has_value());
  ASSERT_OK(catalog_->DropExpectation(TableId("1"), "B"));
  EXPECT_EQ(CodeOf(catalog_->DropExpectation(TableId("1"), "b")), ErrorCode::kNotFound);
  EXPECT_THAT(Names(), ElementsAre("a"));
  auto stranger = Expectation("c");
  stranger.table = TableId("no table");
  EXPECT_EQ(CodeOf(catalog_->AddExpectation(stranger, false)), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->AddExpectation(Expectation(""), false)), ErrorCode::kInvalidArgument);
}

TEST_P(ExpectationsTest, FollowTheTableThroughRenameDropAndUndrop) {
  ASSERT_OK(catalog_->AddExpectation(Expectation("a"), false));
  ASSERT_OK(catalog_->AddExpectationResults({Found("a", 1)}));
  ASSERT_OK(catalog_->RenameTable("s", "t1", "main", "elsewhere"));
  auto all = catalog_->ListExpectations().value();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].first.name, "elsewhere");
  ASSERT_OK(catalog_->DropTable("main", "elsewhere", false));
  EXPECT_TRUE(catalog_->ListExpectations().value().empty());
  EXPECT_TRUE(catalog_->ListExpectationResults(10, 0).value().empty());
  ASSERT_OK(catalog_->UndropTable(TableId("1")));
  EXPECT_THAT(Names(), ElementsAre("a"));
  EXPECT_EQ(catalog_->ListExpectationResults(10, 0).value().size(), 1U);
  ASSERT_OK(catalog_->DropTable("main", "elsewhere", false));
  ASSERT_OK(catalog_->ForgetDroppedTable(TableId("1")));
  EXPECT_TRUE(Names().empty());
}

TEST_P(ExpectationsTest, KeepTheTablesThatTheyNeed) {
  auto expectation = Expectation("a");
  expectation.foreign_table = TableId("2");
  expectation.quarantine = TableId("3");
  ASSERT_OK(catalog_->AddExpectation(expectation, false));
  EXPECT_EQ(catalog_->ListExpectationsReading(TableId("2")).value().size(), 1U);
  EXPECT_TRUE(catalog_->ListExpectationsReading(TableId("3")).value().empty());
  EXPECT_EQ(CodeOf(catalog_->DropTable("s", "t2", false)), ErrorCode::kDependentObjects);
  EXPECT_EQ(CodeOf(catalog_->DropTable("s", "t3", false)), ErrorCode::kDependentObjects);
  // All together they may go, and so they may once the expectation's own table has.
  ASSERT_OK(catalog_->DropTable("s", "t1", false));
  ASSERT_OK(catalog_->DropTable("s", "t2", false));
  ASSERT_OK(catalog_->UndropTable(TableId("1")));
  EXPECT_EQ(CodeOf(catalog_->DropTable("s", "t3", false)), ErrorCode::kDependentObjects);
  ASSERT_OK(catalog_->DropSchema("s", false, true));
}

TEST_P(ExpectationsTest, ResultsComeNewestFirstAndOnlyVersionsAreHistory) {
  ASSERT_OK(catalog_->AddExpectation(Expectation("a"), false));
  ASSERT_OK(catalog_->AddExpectationResults({Found("a", 1), Found("a", 2)}));
  auto plain = Found("a", std::nullopt);
  plain.metric.reset();
  plain.profile = "{}";
  ASSERT_OK(catalog_->AddExpectationResults({plain}));
  ASSERT_OK(catalog_->AddExpectationResults({}));
  const auto all = catalog_->ListExpectationResults(2, 0).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].second.version, std::nullopt);
  EXPECT_EQ(all[0].second.metric, std::nullopt);
  EXPECT_EQ(all[0].second.profile, "{}");
  EXPECT_EQ(all[1].second.version, 2);
  EXPECT_EQ(all[1].second.metric, 0.4);
  EXPECT_EQ(catalog_->ListExpectationResults(2, 2).value().size(), 1U);
  const auto history = catalog_->ListExpectationResults("id of a", 10).value();
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].version, 2);
  EXPECT_EQ(history[0].violations, 4);
  EXPECT_EQ(history[0].statement.value(), "a statement");
}

}  // namespace
}  // namespace neurolake::catalog
