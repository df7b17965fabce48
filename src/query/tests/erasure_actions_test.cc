// FORGET SUBJECT on the server's side: who may, and what is left of it when it is done.
#include "query/erasure_actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "query/data_subject_actions.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

class ErasureActionsTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    trail_ = AuditTrail::Open({.log = {.directory = root_ + "/audit"}, .version = "test"}, clock_).value();
    ASSERT_TRUE(
        catalog_->data_subjects()
            .AddSubject(
                {.id = "people",
                 .name = "people",
                 .created_by = "ada",
                 .created = clock_.Now(),
                 .columns = {{.table = TableId("t"), .column_id = "id", .column_name = "id", .identifier = ""}}})
            .has_value());
  }
  void TearDown() override {
    trail_.reset();
    TableFixture::TearDown();
  }
  void Grant(const std::string& id, bool denied = false) {
    ASSERT_TRUE(catalog_->data_subjects()
                    .AddSubjectGrant({.subject_id = "people",
                                      .grantee_kind = "user",
                                      .grantee_id = id,
                                      .denied = denied,
                                      .granted_by = "ada",
                                      .created = clock_.Now()})
                    .has_value());
  }
  static Principal Somebody(const std::string& id, const std::string& role) {
    return {PrincipalId(id), id, role, RightsOfRole(role).value()};
  }
  /// "" or the error's code.
  std::string Act(const Principal& principal, ErasureInProgress& erasure, const std::string& action,
                  const json::object& arguments) {
    const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
    const auto done = RunErasureAction({.ctx = ctx,
                                        .catalog = *catalog_,
                                        .trail = *trail_,
                                        .statement = StatementId("s"),
                                        .staging_directory = "",
                                        .erasure = erasure},
                                       action, arguments);
    return done.has_value() ? "" : std::string(ErrorName(done.error().code()));
  }
  std::string Begin(const Principal& principal, ErasureInProgress& erasure, bool dry_run = false) {
    return Act(principal, erasure, "begin_erasure", {{"subject", "people"}, {"value", "4711"}, {"dry_run", dry_run}});
  }
  static json::object Learnt(const std::string& value) {
    return {{"values", {{"id", json::array{json::value(value)}}}}, {"texts", json::array()}, {"seen", true}};
  }
  /// Whether what was sealed for the erasure can still be read.
  bool Opens(const std::string& sealed, const std::string& id) {
    const auto opened = trail_->constants().Open(sealed, id);
    return opened.has_value() && opened->literals.size() == 1 && opened->literals[0].has_value();
  }
  std::string Records() {
    std::string all;
    const auto lines = trail_->log().Read(0, trail_->log().size()).value();
    for (const auto& one : lines) all += one + "\n";
    return all;
  }

  std::unique_ptr<AuditTrail> trail_;
};

TEST_F(ErasureActionsTest, IsForWhomItWasGrantedTo) {
  const auto begins = [&](const Principal& principal) {
    ErasureInProgress erasure;
    return Begin(principal, erasure);
  };
  EXPECT_EQ(begins(Somebody("a", "admin")), "NotFound") << "no role has it of itself";
  Grant("w");
  Grant("r");
  EXPECT_EQ(begins(Somebody("a", "admin")), "NotFound") << "it was granted to others";
  EXPECT_EQ(begins(Somebody("r", "reader")), "PermissionDenied") << "who may not delete rows";
  EXPECT_EQ(begins(Somebody("w", "writer")), "");
  Principal limited = Somebody("w", "writer");
  limited.schemas = {"main"};
  EXPECT_EQ(begins(limited), "NotFound");
  Principal agent = Somebody("w", "writer");
  agent.on_behalf_of = std::make_shared<const Principal>(Somebody("x", "writer"));
  EXPECT_EQ(begins(agent), "NotFound");
  Grant("x");
  EXPECT_EQ(begins(agent), "");
  Grant("w", /*denied=*/true);
  EXPECT_EQ(begins(Somebody("w", "writer")), "NotFound");
}

TEST_F(ErasureActionsTest, DeclaringIsForWhoManagesAllOfTheLake) {
  ErasureInProgress erasure;
  EXPECT_EQ(Act(Somebody("a", "admin"), erasure, "data_subjects", {}), "");
  EXPECT_EQ(Act(Somebody("e", "engineer"), erasure, "data_subjects", {}), "PermissionDenied");
  Principal limited = Somebody("a", "admin");
  limited.schemas = {"main"};
  EXPECT_EQ(Act(limited, erasure, "data_subjects", {}), "PermissionDenied");
}

TEST_F(ErasureActionsTest, IsShownToWhoMayHaveItAndWhoWatches) {
  ErasureInProgress erasure;
  Grant("w");
  ASSERT_EQ(Begin(Somebody("w", "writer"), erasure), "");
  const auto shown = [&](const Principal& principal) {
    const RequestContext ctx(principal, "request", "test", clock_, SteadyTime::max());
    return ReadDataSubjects(ctx, *catalog_).value().size() + 10 * ReadErasures(ctx, *catalog_).value().size();
  };
  EXPECT_EQ(shown(Somebody("w", "writer")), 11U);
  EXPECT_EQ(shown(Somebody("a", "admin")), 11U);
  EXPECT_EQ(shown(Somebody("b", "auditor")), 11U);
  EXPECT_EQ(shown(Somebody("r", "writer")), 0U);
  Principal limited = Somebody("a", "admin");
  limited.schemas = {"main"};
  EXPECT_EQ(shown(limited), 0U);
}

TEST_F(ErasureActionsTest, WhatWasRememberedMeanwhileCannotBeReadAfterwards) {
  Grant("w");
  const Principal writer = Somebody("w", "writer");
  ErasureInProgress erasure;
  ASSERT_EQ(Begin(writer, erasure), "");
  ASSERT_EQ(Act(writer, erasure, "remember_erasure", Learnt("4711")), "");
  const std::string first = erasure.record.sealed, id = erasure.record.id;
  EXPECT_TRUE(Opens(first, id));
  ASSERT_EQ(Act(writer, erasure, "remember_erasure", Learnt("4712")), "");
  const std::string second = erasure.record.sealed;
  EXPECT_FALSE(Opens(first, id));
  EXPECT_TRUE(Opens(second, id));
  ASSERT_EQ(Act(writer, erasure, "note_erased", {{"table", "t"}, {"state", "done"}, {"rows", 2}}), "");
  EXPECT_THAT(Records(), HasSubstr("erase_table"));
  EXPECT_THAT(Records(), Not(HasSubstr("end_erasure")));
  ASSERT_EQ(Act(writer, erasure, "finish_erasure", {}), "");
  EXPECT_FALSE(Opens(second, id));
  EXPECT_EQ(erasure.record.sealed, "");
  EXPECT_THAT(Records(), HasSubstr("end_erasure"));
  EXPECT_THAT(Records(), Not(HasSubstr("4711")));
}

TEST_F(ErasureActionsTest, ADryRunKeepsAndNotesNothing) {
  Grant("w");
  const Principal writer = Somebody("w", "writer");
  ErasureInProgress erasure;
  ASSERT_EQ(Begin(writer, erasure, /*dry_run=*/true), "");
  EXPECT_EQ(Act(writer, erasure, "remember_erasure", Learnt("4711")), "Internal");
  EXPECT_EQ(Act(writer, erasure, "note_erased", {{"table", "t"}, {"state", "done"}}), "Internal");
  EXPECT_EQ(Act(writer, erasure, "finish_erasure", Learnt("4711")), "");
  EXPECT_THAT(Records(), HasSubstr("preview_erasure"));
  EXPECT_TRUE(catalog_->data_subjects().ListErasures().value().empty());
}

TEST_F(ErasureActionsTest, NobodyGoesOnWithWhatWasNotBegun) {
  Grant("w");
  const Principal writer = Somebody("w", "writer");
  ErasureInProgress erasure;
  for (const char* action : {"remember_erasure", "note_erased", "finish_erasure"}) {
    EXPECT_EQ(Act(writer, erasure, action, Learnt("4711")), "Internal") << action;
  }
  ASSERT_EQ(Begin(writer, erasure), "");
  EXPECT_EQ(Begin(writer, erasure), "Internal");
  EXPECT_EQ(Act(writer, erasure, "note_erased", {{"table", "other"}, {"state", "done"}}), "Corruption");
}

TEST_F(ErasureActionsTest, WhatComesLateOfAnErasedVersionIsNotKept) {
  Grant("w");
  const Principal writer = Somebody("w", "writer");
  ErasureInProgress erasure;
  ASSERT_EQ(Begin(writer, erasure), "");
  ASSERT_EQ(Act(writer, erasure, "note_erased", {{"table", "t"}, {"state", "done"}, {"first_version", 5}}), "");
  ASSERT_EQ(Act(writer, erasure, "finish_erasure", {}), "");
  const auto saves = [&](int64_t version) {
    return catalog_
        ->SaveStatistics(
            {.table = TableId("t"), .version = version, .made = clock_.Now(), .table_row = "[]", .column_rows = "[]"})
        .has_value();
  };
  EXPECT_FALSE(saves(4));
  EXPECT_TRUE(saves(5));
}

TEST_F(ErasureActionsTest, TheStoresOwnFilesDoNotHoldItAfterwards) {
  constexpr const char* kMail = "ann-canary@example.org";
  const auto files_hold_it = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(root_)) {
      if (!entry.path().filename().string().starts_with("metadata.db")) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      if (bytes.find(kMail) != std::string::npos) return true;
    }
    return false;
  };
  ASSERT_TRUE(catalog_
                  ->BeginStatement({.id = StatementId("s"),
                                    .principal = "w",
                                    .text = fmt::format("SELECT '{}'", kMail),
                                    .state = "running",
                                    .started = clock_.Now()})
                  .has_value());
  ASSERT_TRUE(files_hold_it());
  Grant("w");
  const Principal writer = Somebody("w", "writer");
  ErasureInProgress erasure;
  ASSERT_EQ(Act(writer, erasure, "begin_erasure", {{"subject", "people"}, {"value", kMail}, {"dry_run", false}}), "");
  ASSERT_EQ(Act(writer, erasure, "remember_erasure", Learnt(kMail)), "");
  ASSERT_EQ(Act(writer, erasure, "note_erased", {{"table", "t"}, {"state", "done"}}), "");
  ASSERT_EQ(Act(writer, erasure, "finish_erasure", {}), "");
  EXPECT_FALSE(files_hold_it());
}

}  // namespace
}  // namespace neurolake::query
