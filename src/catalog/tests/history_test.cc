#include <gmock/gmock.h>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class HistoryTest : public CatalogTest {
 protected:
  StatementRecord Started(const std::string& id, const std::string& principal = "anna") {
    StatementRecord record;
    record.id = StatementId(id);
    record.principal = principal;
    record.door = "http";
    record.request_id = "r-" + id;
    record.text = "SELECT * FROM t WHERE name = 'grün'";
    record.fingerprint = "f";
    record.kind = "select";
    record.state = "running";
    record.started = clock_.Now();
    return record;
  }
  std::vector<std::string> Ids(const std::optional<std::string>& principal = std::nullopt, int64_t limit = 100,
                               int64_t offset = 0) {
    std::vector<std::string> ids;
    const auto records = catalog_->ListStatements(principal, limit, offset).value();
    for (const auto& record : records) ids.push_back(record.id.value());
    return ids;
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, HistoryTest, testing::Values("sqlite", "postgresql"));

TEST_P(HistoryTest, AnAttemptIsThereBeforeItsEndAndThenComplete) {
  auto record = Started("1");
  ASSERT_OK(catalog_->BeginStatement(record));
  auto found = catalog_->ListStatements(std::nullopt, 10, 0).value().at(0);
  EXPECT_EQ(found.state, "running");
  EXPECT_EQ(found.text, record.text);
  EXPECT_EQ(found.ended, std::nullopt);
  EXPECT_EQ(found.rows_changed, -1);
  clock_.Advance(seconds(3));
  record.state = "failed";
  record.kind = "insert";
  record.ended = clock_.Now();
  record.tables_json = R"([{"table":"main.t"}])";
  record.rows_returned = 1;
  record.bytes_returned = 2;
  record.rows_scanned = 3;
  record.bytes_scanned = 4;
  record.rows_changed = 5;
  record.stages_json = R"({"bind_us":7})";
  record.prediction_json = R"({"regime":"analytic"})";
  record.error_code = "Conflict";
  record.error_message = "another came first";
  ASSERT_OK(catalog_->FinishStatement(record));
  found = catalog_->ListStatements(std::nullopt, 10, 0).value().at(0);
  EXPECT_EQ(found.id, record.id);
  EXPECT_EQ(found.principal, "anna");
  EXPECT_EQ(found.door, "http");
  EXPECT_EQ(found.request_id, "r-1");
  EXPECT_EQ(found.text, record.text);
  EXPECT_EQ(found.fingerprint, "f");
  EXPECT_EQ(found.kind, "insert");
  EXPECT_EQ(found.state, "failed");
  EXPECT_EQ(found.started, record.started);
  EXPECT_EQ(found.ended, record.ended);
  EXPECT_EQ(found.tables_json, record.tables_json);
  EXPECT_EQ(found.rows_returned, 1);
  EXPECT_EQ(found.bytes_returned, 2);
  EXPECT_EQ(found.rows_scanned, 3);
  EXPECT_EQ(found.bytes_scanned, 4);
  EXPECT_EQ(found.rows_changed, 5);
  EXPECT_EQ(found.stages_json, record.stages_json);
  EXPECT_EQ(found.prediction_json, record.prediction_json);
  EXPECT_EQ(found.error_code, "Conflict");
  EXPECT_EQ(found.error_message, "another came first");
}

TEST_P(HistoryTest, AnEndWithoutABeginningIsKeptWhole) {
  auto record = Started("1");
  record.state = "succeeded";
  ASSERT_OK(catalog_->FinishStatement(record));
  EXPECT_EQ(catalog_->ListStatements(std::nullopt, 10, 0).value().at(0).text, record.text);
}

TEST_P(HistoryTest, WhateverAClientSentIsKept) {
  auto record = Started("1");
  record.text = std::string("SELECT '\0\xFF'", 11);
  ASSERT_OK(catalog_->BeginStatement(record));
  EXPECT_EQ(catalog_->ListStatements(std::nullopt, 10, 0).value().at(0).text, "SELECT '\xEF\xBF\xBD\xEF\xBF\xBD'");
  record = Started("2");
  record.text = std::string(4 << 20, 'x');
  ASSERT_OK(catalog_->BeginStatement(record));
  EXPECT_EQ(catalog_->ListStatements(std::nullopt, 10, 0).value().size(), 2U);
}

TEST_P(HistoryTest, ListsAreNewestFirstAndPaged) {
  for (int i = 0; i < 6; ++i) {
    ASSERT_OK(catalog_->BeginStatement(Started(std::to_string(i), i % 2 == 0 ? "anna" : "berta")));
    clock_.Advance(seconds(1));
  }
  EXPECT_THAT(Ids(), testing::ElementsAre("5", "4", "3", "2", "1", "0"));
  EXPECT_THAT(Ids("anna"), testing::ElementsAre("4", "2", "0"));
  EXPECT_THAT(Ids("nobody"), testing::IsEmpty());
  EXPECT_THAT(Ids(std::nullopt, 2, 1), testing::ElementsAre("4", "3"));
  EXPECT_THAT(Ids(std::nullopt, 0), testing::IsEmpty());
  EXPECT_EQ(CodeOf(catalog_->ListStatements(std::nullopt, -1, 0)), ErrorCode::kInvalidArgument);
}

TEST_P(HistoryTest, ARestartMarksWhatRanAndForgetsWhatIsOld) {
  ASSERT_OK(catalog_->BeginStatement(Started("old")));
  auto old_done = Started("old done");
  ASSERT_OK(catalog_->BeginStatement(old_done));
  old_done.state = "succeeded";
  ASSERT_OK(catalog_->FinishStatement(old_done));
  clock_.Advance(hours(48));
  ASSERT_OK(catalog_->BeginStatement(Started("new")));
  auto done = Started("new done");
  done.state = "succeeded";
  ASSERT_OK(catalog_->FinishStatement(done));
  clock_.Advance(seconds(5));
  EXPECT_EQ(catalog_->RecoverStatements(clock_.Now() - hours(24)).value(), 2);
  EXPECT_THAT(Ids(), testing::UnorderedElementsAre("new", "new done"));
  const auto records = catalog_->ListStatements(std::nullopt, 10, 0).value();
  for (const auto& record : records) {
    if (record.id.value() == "new") {
      EXPECT_EQ(record.state, "failed");
      EXPECT_EQ(record.error_code, "CommitUnknown");
      EXPECT_EQ(record.ended, clock_.Now());
    } else {
      EXPECT_EQ(record.state, "succeeded");
    }
  }
  EXPECT_EQ(catalog_->RecoverStatements(clock_.Now() - hours(24)).value(), 0);
}

TEST_P(HistoryTest, RetentionSparesWhatRuns) {
  for (int i = 0; i < 4100; ++i) {
    auto record = Started(std::to_string(i));
    if (i > 0) record.state = "succeeded";
    ASSERT_OK(catalog_->BeginStatement(record));
  }
  clock_.Advance(hours(1));
  EXPECT_EQ(catalog_->ForgetStatements(clock_.Now()).value(), 4099);
  EXPECT_THAT(Ids(), testing::ElementsAre("0"));
}

TEST_P(HistoryTest, AThousandStatementsASecondAreNoBurden) {
  constexpr int kStatements = 3000;
  std::vector<StatementRecord> records;
  for (int i = 0; i < kStatements; ++i) {
    records.push_back(Started(NewUuid()));
    records.back().text = std::string(400, 'x');
  }
  const auto start = std::chrono::steady_clock::now();
  for (auto& record : records) {
    ASSERT_TRUE(catalog_->BeginStatement(record).has_value());
    record.state = "succeeded";
    record.ended = clock_.Now();
    ASSERT_TRUE(catalog_->FinishStatement(record).has_value());
  }
  const std::chrono::duration<double, std::micro> each = (std::chrono::steady_clock::now() - start) / kStatements;
  std::printf("begin and finish: %.1f us\n", each.count());
  EXPECT_LT(each.count(), GetParam() == "sqlite" ? 1000 : 5000);  // Generous: test machines are busy.
}

}  // namespace
}  // namespace neurolake::catalog
