#include <gmock/gmock.h>

#include <fstream>

#include "catalog/data_subjects.h"
#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

class DataSubjectsTest : public CatalogTest {
 protected:
  DataSubjects& subjects() { return catalog_->data_subjects(); }
  DataSubjectRecord Subject(const std::string& name) const {
    return {.id = "id of " + name,
            .name = name,
            .created_by = "ada",
            .created = clock_.Now(),
            .columns = {{TableId("t1"), "col-1", "customer_id", ""}, {TableId("t1"), "col-2", "email", "email"}}};
  }
  ErasureRecord Erasure(const std::string& id, const std::string& state) const {
    return {.id = id,
            .subject_id = "id of customer",
            .subject_name = "customer",
            .key_hash = "hash",
            .state = state,
            .principal = "ada",
            .statement = StatementId("s"),
            .started = clock_.Now(),
            .ended = std::nullopt,
            .report = "{}",
            .sealed = "sealed"};
  }
  StatementRecord Statement(const std::string& id, const std::string& text) const {
    StatementRecord record;
    record.id = StatementId(id);
    record.text = text;
    record.state = "running";
    record.started = clock_.Now();
    return record;
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, DataSubjectsTest, testing::Values("sqlite", "postgresql"));

TEST_P(DataSubjectsTest, AreMadeChangedAndDropped) {
  ASSERT_OK(subjects().AddSubject(Subject("customer")));
  EXPECT_EQ(CodeOf(subjects().AddSubject(Subject("Customer"))), ErrorCode::kAlreadyExists);
  auto found = subjects().FindSubject("customer").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->columns, Subject("customer").columns);
  ASSERT_OK(subjects().SetColumns(found->id, {}));
  EXPECT_TRUE(subjects().FindSubject("customer").value()->columns.empty());
  EXPECT_EQ(CodeOf(subjects().SetColumns("none", {})), ErrorCode::kNotFound);
  EXPECT_EQ(subjects().ListSubjects().value().size(), 1U);
  ASSERT_OK(subjects().DropSubject("customer"));
  EXPECT_EQ(CodeOf(subjects().DropSubject("customer")), ErrorCode::kNotFound);
  EXPECT_FALSE(subjects().FindSubject("customer").value().has_value());
}

TEST_P(DataSubjectsTest, TheNewerOfAGrantAndADenyCounts) {
  ASSERT_OK(subjects().AddSubject(Subject("customer")));
  DataSubjectGrant grant{.subject_id = "id of customer",
                         .grantee_kind = "role",
                         .grantee_id = "writer",
                         .denied = false,
                         .granted_by = "ada",
                         .created = clock_.Now()};
  ASSERT_OK(subjects().AddSubjectGrant(grant));
  grant.denied = true;
  ASSERT_OK(subjects().AddSubjectGrant(grant));
  const auto grants = subjects().SubjectGrants(grant.subject_id).value();
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_TRUE(grants[0].denied);
  ASSERT_OK(subjects().RemoveSubjectGrant(grant));
  EXPECT_TRUE(subjects().SubjectGrants(grant.subject_id).value().empty());
}

TEST_P(DataSubjectsTest, AnErasureIsFoundUntilItIsDone) {
  ASSERT_OK(subjects().AddSubject(Subject("customer")));
  ASSERT_OK(subjects().SaveErasure(Erasure("e1", "running")));
  EXPECT_EQ(subjects().FindErasure("id of customer", "hash").value()->sealed, "sealed");
  EXPECT_FALSE(subjects().FindErasure("id of customer", "another").value().has_value());
  EXPECT_EQ(CodeOf(subjects().DropSubject("customer")), ErrorCode::kDependentObjects);
  auto done = Erasure("e1", "done");
  done.sealed.clear();
  ASSERT_OK(subjects().SaveErasure(done));
  EXPECT_FALSE(subjects().FindErasure("id of customer", "hash").value().has_value());
  EXPECT_EQ(subjects().FindErasure("e1").value()->state, "done");
  EXPECT_EQ(subjects().ListErasures().value().size(), 1U);
  ASSERT_OK(subjects().DropSubject("customer"));
}

TEST_P(DataSubjectsTest, TextsOfStatementsChangeAndStayChangedWhenTheStatementEnds) {
  const StatementRecord told = Statement("a", "SELECT 'ann'"), other = Statement("b", "SELECT 'bob'");
  ASSERT_OK(catalog_->BeginStatement(told));
  ASSERT_OK(catalog_->BeginStatement(other));
  const auto change = [](DataSubjects::StatementText& text) {
    if (text.text.find("ann") == std::string::npos) return false;
    text.text = "SELECT '[erased]'";
    return true;
  };
  EXPECT_EQ(subjects().ChangeStatementTexts(change).value(), 1);
  ASSERT_OK(catalog_->FinishStatement(told));
  EXPECT_EQ(subjects().ChangeStatementTexts(change).value(), 0);
  ASSERT_OK(catalog_->AddEvents({{"e1", clock_.Now(), "{\"ann\"}"}, {"e2", clock_.Now(), "{\"bob\"}"}}));
  const auto holds = [](const std::string& text) { return text.find("ann") != std::string::npos; };
  EXPECT_EQ(subjects().EraseEvents(holds).value(), 1);
  EXPECT_EQ(catalog_->ListEvents(10).value().size(), 1U);
}

TEST_P(DataSubjectsTest, StatisticsAreKeptFromTheFirstVersionThatNothingHolds) {
  ASSERT_OK(catalog_->CreateSchema("s", false, ""));
  ASSERT_OK(catalog_->AddTable(Table("s", "t1", "1")));
  const auto first_kept = [&] {
    for (int64_t version = 0; version < 20; ++version) {
      const TableStatistics found{
          .table = TableId("1"), .version = version, .made = clock_.Now(), .table_row = "[]", .column_rows = "[]"};
      if (catalog_->SaveStatistics(found).has_value()) return version;
    }
    return int64_t{-1};
  };
  EXPECT_EQ(first_kept(), 0);
  ASSERT_OK(subjects().HoldStatistics(TableId("1"), 3, "one"));
  EXPECT_TRUE(catalog_->ListStatistics().value().empty()) << "what is known goes at once";
  ASSERT_OK(subjects().HoldStatistics(TableId("1"), 7, "two"));
  ASSERT_OK(subjects().HoldStatistics(TableId("2"), 9, "another table's"));
  EXPECT_EQ(first_kept(), 7);
  ASSERT_OK(subjects().ReleaseStatistics("two"));
  EXPECT_EQ(first_kept(), 3) << "of the other commit";
  ASSERT_OK(subjects().RaiseStatisticsFloor(TableId("1"), 5));
  ASSERT_OK(subjects().ReleaseStatistics("one"));
  ASSERT_OK(subjects().ReleaseStatistics("one"));
  EXPECT_EQ(first_kept(), 5);
  ASSERT_OK(subjects().RaiseStatisticsFloor(TableId("1"), 4));
  EXPECT_EQ(first_kept(), 5) << "a lower one changes nothing";
}

TEST_P(DataSubjectsTest, KeptAnswersAreCountedAndDeleted) {
  ASSERT_OK(store_->WriteRelaxed("INSERT INTO kept_answers (key, value, kept) VALUES ('k', 'ann@example.org', 1)"));
  EXPECT_EQ(subjects().EraseKeptAnswers(false).value(), 1);
  EXPECT_EQ(subjects().EraseKeptAnswers(true).value(), 1);
  EXPECT_EQ(subjects().EraseKeptAnswers(true).value(), 0);
}

TEST_P(DataSubjectsTest, WhatElseHoldsATextIsCountedByTable) {
  const auto holds = [](const std::string& text) { return text.find("ann@") != std::string::npos; };
  ASSERT_OK(catalog_->BeginStatement(Statement("a", "SELECT 'ann@example.org'")));
  EXPECT_TRUE(subjects().FindElsewhere(holds).value().empty()) << "statements are changed, not counted";
  DataSubjectRecord subject = Subject("customer");
  subject.created_by = "ann@example.org";
  ASSERT_OK(subjects().AddSubject(subject));
  EXPECT_THAT(subjects().FindElsewhere(holds).value(),
              testing::ElementsAre(testing::Pair(std::string("data_subjects"), 1)));
}

TEST_P(DataSubjectsTest, ErasuresSinceATimeAreThoseThatHadNotEndedByThen) {
  ErasureRecord done = Erasure("done", "done"), running = Erasure("running", "running");
  done.ended = clock_.Now();
  ASSERT_OK(subjects().SaveErasure(done));
  ASSERT_OK(subjects().SaveErasure(running));
  EXPECT_EQ(subjects().ErasuresSince(clock_.Now()).value().size(), 2U);
  const auto later = subjects().ErasuresSince(clock_.Now() + std::chrono::seconds(1)).value();
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].id, "running");
}

TEST_P(DataSubjectsTest, AScrubLeavesNothingOfWhatWasReplaced) {
  const std::string canary = "canary-of-a-statement";
  ASSERT_OK(catalog_->BeginStatement(Statement("a", "SELECT '" + canary + "'")));
  ASSERT_OK(subjects().ChangeStatementTexts([](DataSubjects::StatementText& text) {
    text.text = "gone";
    return true;
  }));
  ASSERT_OK(subjects().Scrub());
  EXPECT_EQ(catalog_->ListStatements(std::nullopt, 10, 0).value().at(0).text, "gone");
  if (store_->kind() != "sqlite") return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(bytes.find(canary), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace neurolake::catalog
