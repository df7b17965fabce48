// What FORGET SUBJECT takes out of everything beside tables' rows: all of it, and nothing when it only counts.
#include "query/erase_traces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "catalog/ask_records.h"
#include "catalog/data_subjects.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kMail = "ann-canary@example.org";

class EraseTracesTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    trail_ = AuditTrail::Open({.log = {.directory = root_ + "/audit"}, .version = "test"}, clock_).value();
    std::filesystem::create_directories(Staging() + "/p");
  }
  void TearDown() override {
    trail_.reset();
    TableFixture::TearDown();
  }
  std::string Staging() const { return root_ + "/staging"; }
  RequestContext Context() const {
    return {{PrincipalId("w"), "w", "writer", *RightsOfRole("writer")}, "request", "test", clock_, SteadyTime::max()};
  }
  SubjectTraces Find(bool erase, const std::string& key = kMail) {
    const SubjectMentions mentions({.identifiers = {key}, .texts = {}, .key = key});
    const RequestContext ctx = Context();
    return FindTraces({.ctx = ctx,
                       .catalog = *catalog_,
                       .trail = *trail_,
                       .mentions = mentions,
                       .tables = {TableId("t")},
                       .table_names = {"shop.purchases"},
                       .staging_directory = Staging(),
                       .erase = erase})
        .value();
  }
  /// A statement that failed, in the history and in the audit log; `plans`: as far as its plan.
  void Run(const std::string& id, const std::string& text, const std::string& error = "", bool plans = false) {
    catalog::StatementRecord record{.id = StatementId(id), .principal = "w", .text = text, .started = clock_.Now()};
    ASSERT_TRUE(catalog_->BeginStatement(record).has_value());
    if (plans) record.tables_json = R"([{"table":"main.t","id":"t","access":"read"}])";
    record.state = "failed";
    record.error_message = error;
    ASSERT_TRUE(catalog_->FinishStatement(record).has_value());
    const RequestContext ctx = Context();
    ASSERT_TRUE(trail_->Await(trail_->Attempt(ctx, record, {}).value()).has_value());
    if (!plans) return;
    ASSERT_TRUE(trail_->Await(trail_->Plan(ctx, record, {})).has_value());
  }
  /// Texts and errors of statements.
  std::string History() {
    std::string all;
    const auto statements = catalog_->ListStatements(std::nullopt, 100, 0).value();
    for (const auto& one : statements) all += one.text + "\n" + one.error_message + "\n";
    return all;
  }
  void Upload(const std::string& name, const std::string& content) {
    std::ofstream(Staging() + "/p/" + name) << content;
  }
  bool IsUploaded(const std::string& name) const { return std::filesystem::exists(Staging() + "/p/" + name); }

  std::unique_ptr<AuditTrail> trail_;
};

TEST_F(EraseTracesTest, StatementsLoseTheValueInTheirTextAndTheirError) {
  Run("s1", "SELECT * FROM t WHERE mail = 'ann-canary@example.org'");
  Run("s2", "SELECT 1", "the mail ann-canary@example.org cannot be cast");
  Run("s3", "SELECT 'bob'", "none");
  EXPECT_EQ(Find(false).statements, 2);
  EXPECT_THAT(History(), HasSubstr("mail = 'ann-canary@example.org'")) << "it was only counted";
  EXPECT_THAT(History(), HasSubstr("the mail ann-canary@example.org"));
  EXPECT_EQ(Find(true).statements, 2);
  EXPECT_THAT(History(), Not(HasSubstr("canary")));
  EXPECT_THAT(History(), HasSubstr(std::string(AuditTrail::kErased)));
  EXPECT_THAT(History(), HasSubstr("SELECT 'bob'"));
  EXPECT_THAT(History(), HasSubstr("none"));
  EXPECT_EQ(Find(true).statements, 0);
}

TEST_F(EraseTracesTest, ANumberCountsInTheLogWhereThePlanTouchedTheTable) {
  Run("s1", "SELECT a FROM somewhere WHERE id = 4711");
  EXPECT_EQ(Find(false, "4711").constants, 0) << "nobody knows what it is the number of";
  Run("s2", "SELECT a FROM somewhere WHERE id = 4711", "", /*plans=*/true);
  EXPECT_EQ(Find(false, "4711").constants, 1) << "a view, by its text";
  EXPECT_EQ(Find(true, "4711").constants, 1);
  EXPECT_EQ(Find(true, "4711").constants, 0);
}

TEST_F(EraseTracesTest, WhatIsKeptOfTablesAndFilesIsGone) {
  ASSERT_TRUE(catalog_
                  ->SaveStatistics({.table = TableId("t"),
                                    .version = 0,
                                    .made = clock_.Now(),
                                    .table_row = "[]",
                                    .column_rows = R"([["mail","ann-canary@example.org"]])"})
                  .has_value());
  ASSERT_TRUE(catalog_->AddEvents({{.id = "e", .body = R"({"file":"ann-canary@example.org.csv"})"}}).has_value());
  ASSERT_TRUE(catalog_
                  ->AddLineage({{.statement = StatementId("s"),
                                 .at = clock_.Now(),
                                 .principal = "w",
                                 .operation = "COPY INTO",
                                 .source = {.kind = "file", .id = "", .name = "in/ann-canary@example.org.csv"},
                                 .target = {.kind = "table", .id = "t", .name = "main.t", .version = 1}}})
                  .has_value());
  ASSERT_TRUE(database_->WriteRelaxed("INSERT INTO kept_answers (key, value, kept) VALUES ('k', 'v', 1)").has_value());
  const auto lineage = [&] { return catalog_->ListLineage(std::nullopt, 10).value().at(0).second.source.name; };
  const auto counted = Find(false);
  EXPECT_EQ(counted.kept_answers, 1);
  EXPECT_EQ(catalog_->ListStatistics().value().size(), 1U);
  EXPECT_EQ(catalog_->CountEvents().value(), 1);
  EXPECT_THAT(lineage(), HasSubstr("canary"));
  const auto erased = Find(true);
  EXPECT_EQ(erased.statistics, 1);
  EXPECT_EQ(erased.events, 1);
  EXPECT_EQ(erased.lineage, 1);
  EXPECT_EQ(erased.kept_answers, 1);
  EXPECT_TRUE(catalog_->ListStatistics().value().empty());
  EXPECT_EQ(catalog_->CountEvents().value(), 0);
  EXPECT_THAT(lineage(), Not(HasSubstr("canary")));
  EXPECT_EQ(Find(false).kept_answers, 0);
}

TEST_F(EraseTracesTest, QuestionsThatNameItAreGone) {
  auto& records = catalog_->ask_records();
  const std::string conversation = records.BeginConversation("w", clock_.Now()).value();
  for (const std::string question : {"what did ann-canary@example.org buy?", "what did bob buy?"}) {
    ASSERT_TRUE(
        records
            .AddQuestion(
                "w",
                {.conversation_id = conversation, .question = question, .status = "answered", .asked = clock_.Now()})
            .has_value());
  }
  const auto asked = [&] {
    std::string all;
    const auto questions = records.ListQuestions("w", 10, 0).value();
    for (const auto& one : questions) all += one.question + "\n";
    return all;
  };
  EXPECT_EQ(Find(false).questions, 1);
  EXPECT_THAT(asked(), HasSubstr("canary"));
  EXPECT_EQ(Find(true).questions, 1);
  EXPECT_EQ(asked(), "what did bob buy?\n");
}

TEST_F(EraseTracesTest, UploadsThatHoldItAreDeleted) {
  Upload("of_ann.csv", "1,ann-canary@example.org\n");
  Upload("of_bob.csv", "2,bob@example.org\n");
  EXPECT_EQ(Find(false).uploads, 1);
  EXPECT_TRUE(IsUploaded("of_ann.csv"));
  EXPECT_EQ(Find(true).uploads, 1);
  EXPECT_FALSE(IsUploaded("of_ann.csv"));
  EXPECT_TRUE(IsUploaded("of_bob.csv"));
}

}  // namespace
}  // namespace neurolake::query
