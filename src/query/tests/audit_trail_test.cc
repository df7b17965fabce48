#include "query/audit_trail.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include <boost/json.hpp>

#include "query/audit_archive.h"
#include "query/audit_reader.h"

namespace neurolake::query {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class AuditTrailTest : public testing::Test {
 protected:
  AuditTrailTest() : directory_(testing::TempDir() + "/nl_trail_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    trail_ = Open();
  }
  ~AuditTrailTest() override {
    trail_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::unique_ptr<AuditTrail> Open() {
    auto trail = AuditTrail::Open(
        {.log = {.directory = directory_ + "/audit", .records_per_segment = per_segment_}, .version = "test"}, clock_);
    EXPECT_TRUE(trail) << trail.error().message();
    return std::move(*trail);
  }
  RequestContext ContextOf(const std::string& name, const std::string& role) const {
    return {Principal{PrincipalId("id-" + name), name, role, RightsOfRole(role).value()}, "request", "http", clock_,
            clock_.SteadyNow() + std::chrono::hours(1)};
  }
  catalog::StatementRecord Run(const RequestContext& ctx, const std::string& id, const std::string& sql,
                               StatementRequest request = {}) {
    catalog::StatementRecord statement;
    statement.id = StatementId(id);
    statement.text = sql;
    statement.fingerprint = "f";
    EXPECT_TRUE(trail_->Await(*trail_->Attempt(ctx, statement, request)));
    return statement;
  }
  std::string LastLine() const { return trail_->log().Read(trail_->log().size() - 1, 1)->front(); }
  std::vector<boost::json::array> RowsFor(const RequestContext& ctx) const {
    AuditReader reader(ctx, *trail_);
    std::vector<boost::json::array> rows;
    for (;;) {
      const auto page = *reader.Read(static_cast<int64_t>(rows.size()));
      if (page.empty()) return rows;
      for (const auto& row : page) rows.push_back(boost::json::parse(row).as_array());
    }
  }

  const std::string directory_;
  FakeClock clock_;
  uint64_t per_segment_ = 1 << 16;
  std::unique_ptr<AuditTrail> trail_;
};

constexpr size_t kPrincipal = 3, kText = 15, kConstants = 17;

TEST_F(AuditTrailTest, AConstantIsNowhereInTheFilesAndShownToWhoMaySeeIt) {
  const auto anna = ContextOf("anna", "reader");
  StatementRequest request;
  request.parameters.push_back({.name = "1", .json = "\"canary-parameter\"", .type = {}});
  Run(anna, "s1", "SELECT 'canary-literal'", request);
  EXPECT_THAT(LastLine(), HasSubstr("\"text\":\"SELECT ?\""));
  EXPECT_THAT(LastLine(), Not(HasSubstr("canary")));
  const auto rows = RowsFor(anna);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].size(), 28U);
  EXPECT_THAT(std::string(rows[0][kConstants].as_string()), HasSubstr("canary-literal"));
  EXPECT_THAT(std::string(rows[0][kConstants].as_string()), HasSubstr("canary-parameter"));
}

TEST_F(AuditTrailTest, WithoutTheirKeyConstantsAreGoneAndTheLogIsNot) {
  const auto anna = ContextOf("anna", "reader");
  Run(anna, "s1", "SELECT 'canary'");
  trail_.reset();
  std::filesystem::remove(directory_ + "/audit/constants.key");
  trail_ = Open();
  const auto rows = RowsFor(anna);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_TRUE(rows[0][kConstants].is_null());
  EXPECT_EQ(rows[0][kText].as_string(), "SELECT ?");
}

TEST_F(AuditTrailTest, AnErasedConstantIsShownAsErasedAndTheOthersAsTheyAre) {
  const auto anna = ContextOf("anna", "reader");
  Run(anna, "s1", "SELECT 'canary', 'other'");
  const auto record = boost::json::parse(LastLine()).as_object();
  ASSERT_EQ(*trail_->constants().Erase({{std::string(record.at("constants").as_string()), 0}}), 1);
  const auto rows = RowsFor(anna);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0][kConstants].as_string(), R"({"literals":["[erased]","'other'"]})");
  EXPECT_EQ(rows[0][kText].as_string(), "SELECT ?, ?");
}

TEST_F(AuditTrailTest, EachSeesTheirOwnRecordsAndAuditorsAll) {
  const auto anna = ContextOf("anna", "reader"), bert = ContextOf("bert", "writer");
  Run(anna, "s1", "SELECT a");
  Run(bert, "s2", "SELECT b");
  trail_->RefusedAuthentication(ErrorCode::kUnauthenticated, "192.0.2.7");
  for (const auto& ctx : {anna, bert}) {
    const auto rows = RowsFor(ctx);
    ASSERT_THAT(rows, SizeIs(1)) << ctx.principal().name;
    EXPECT_EQ(rows[0][kPrincipal].as_string(), ctx.principal().name);
  }
  EXPECT_THAT(RowsFor(ContextOf("nobody", "member")), SizeIs(0));
  EXPECT_THAT(RowsFor(ContextOf("engine", "engineer")), SizeIs(0));
  ASSERT_TRUE(trail_->Change(anna, "test", {}));  // Behind the one that nobody waits for.
  for (const char* role : {"admin", "auditor"}) EXPECT_THAT(RowsFor(ContextOf("other", role)), SizeIs(5)) << role;
  EXPECT_THAT(RowsFor(ContextOf("watch", "monitor")), SizeIs(0));
}

TEST_F(AuditTrailTest, ATokenForSomeSchemasReadsNothingOfIt) {
  // Texts name what lies in other schemas, too.
  Principal auditor = ContextOf("anna", "auditor").principal();
  const auto rows = [&] {
    return RowsFor({auditor, "request", "http", clock_, clock_.SteadyNow() + std::chrono::hours(1)}).size();
  };
  EXPECT_EQ(rows(), 1U);
  auditor.schemas = {"main"};
  EXPECT_EQ(rows(), 0U);
}

TEST_F(AuditTrailTest, AChangeThatCannotBeRecordedIsRefused) {
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit little = before;
  little.rlim_cur = 1;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto by_somebody = trail_->Change(ContextOf("anna", "admin"), "test", {});
  const auto by_itself = trail_->Change("test", {});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(by_somebody.has_value());
  EXPECT_EQ(by_somebody.error().code(), ErrorCode::kDiskFull);
  EXPECT_FALSE(by_itself.has_value());
  EXPECT_TRUE(trail_->Change(ContextOf("anna", "admin"), "test", {}).has_value());
}

TEST_F(AuditTrailTest, PagesGoOnWhereTheyEnded) {
  const auto anna = ContextOf("anna", "reader"), bert = ContextOf("bert", "reader");
  std::vector<audit::AuditLog::Ticket> tickets;
  catalog::StatementRecord statement;
  for (int i = 0; i < 2500; ++i) {
    statement.id = StatementId(std::to_string(i));
    tickets.push_back(trail_->Plan(i % 2 == 0 ? anna : bert, statement, {}));
  }
  for (const auto& ticket : tickets) ASSERT_TRUE(trail_->Await(ticket));
  EXPECT_THAT(RowsFor(anna), SizeIs(1250));
  EXPECT_THAT(RowsFor(ContextOf("root", "admin")), SizeIs(2501));
  // A page that was asked for before, and one in the middle of another.
  AuditReader reader(anna, *trail_);
  const auto first = *reader.Read(0);
  ASSERT_THAT(*reader.Read(1000), SizeIs(250));
  EXPECT_EQ(*reader.Read(0), first);
  EXPECT_EQ(reader.Read(500)->front(), first[500]);
  EXPECT_THAT(*reader.Read(1250), SizeIs(0));
}

TEST_F(AuditTrailTest, SaysWhatAStatementTouchedAndHowItEnded) {
  const auto anna = ContextOf("anna", "reader");
  auto statement = Run(anna, "s1", "SELECT a FROM shop.t");
  statement.kind = "SELECT";
  statement.tables_json = R"([{"table":"shop.t","id":"t1","version":4,"access":"read","columns":["a"]}])";
  const std::vector<audit::AuditedPolicy> policies{
      {.table_id = "t1", .name = "mine", .kind = "permissive", .version = "abc"}};
  ASSERT_TRUE(trail_->Await(trail_->Plan(anna, statement, policies)));
  EXPECT_THAT(LastLine(), HasSubstr(R"("objects":[{"kind":"table","name":"shop.t","id":"t1","version":4,)"
                                    R"("access":"read","columns":["a"]}])"));
  EXPECT_THAT(LastLine(),
              HasSubstr(R"("policies":[{"table_id":"t1","name":"mine","kind":"permissive","version":"abc"}])"));
  statement.state = "failed";
  const Error denied(ErrorCode::kPermissionDenied, "a message is not kept, it may name what is hidden");
  trail_->Outcome(anna, statement, &denied);
  ASSERT_TRUE(trail_->Change(anna, "revoke_token", {{"id", "t"}}));
  const auto lines = *trail_->log().Read(trail_->log().size() - 2, 2);
  EXPECT_THAT(lines[0], HasSubstr(R"("decision":"denied","state":"failed")"));
  EXPECT_THAT(lines[0], HasSubstr(R"("error":"PermissionDenied")"));
  EXPECT_THAT(lines[0], Not(HasSubstr("message")));
  EXPECT_THAT(lines[1], HasSubstr(R"("action":"revoke_token","details":{"id":"t"})"));
}

TEST_F(AuditTrailTest, SaysWhereARequestCameFromAndByWhat) {
  Principal anna = ContextOf("anna", "reader").principal();
  anna.credential = "nl_12345678";
  anna.address = "192.0.2.7";
  Run(RequestContext(anna, "request", "http", clock_, SteadyTime::max()), "s1", "SELECT a");
  EXPECT_THAT(LastLine(), HasSubstr(R"("credential":"nl_12345678","door":"http","address":"192.0.2.7")"));
  Run(ContextOf("anna", "reader"), "s2", "SELECT a");
  EXPECT_THAT(LastLine(), AllOf(Not(HasSubstr("credential")), Not(HasSubstr("address"))));
  trail_->RefusedAuthentication(ErrorCode::kUnauthenticated, "192.0.2.8");
  ASSERT_TRUE(trail_->Change("test", {}));
  EXPECT_THAT(trail_->log().Read(trail_->log().size() - 2, 1)->front(), HasSubstr(R"("address":"192.0.2.8")"));
}

TEST_F(AuditTrailTest, WhoGuessesTokensDoesNotFillTheDisk) {
  for (int i = 0; i < 1000; ++i) trail_->RefusedAuthentication(ErrorCode::kUnauthenticated, "192.0.2.7");
  clock_.Advance(std::chrono::seconds(2));
  trail_->RefusedAuthentication(ErrorCode::kUnauthenticated, "192.0.2.7");
  ASSERT_TRUE(trail_->Change("test", {}));
  EXPECT_LT(trail_->log().size(), 30U);
  EXPECT_THAT(trail_->log().Read(trail_->log().size() - 2, 1)->front(), HasSubstr(R"("more_before":"980")"));
}

TEST_F(AuditTrailTest, LongTextsAreCutAndTellSo) {
  const auto anna = ContextOf("anna", "reader");
  Run(anna, "s1", "SELECT " + std::string(200'000, 'a'));
  EXPECT_THAT(LastLine(), HasSubstr(R"("text_bytes":"200007")"));
  EXPECT_LT(LastLine().size(), 70'000U);
  Run(anna, "s2", "SELECT '" + std::string(200'000, 'a') + "'");
  EXPECT_THAT(LastLine(), HasSubstr("\"constants_hash\""));
  EXPECT_LT(LastLine().size(), 2'000U);
}

TEST_F(AuditTrailTest, WhatWentToTheArchiveIsStillSearched) {
  trail_.reset();
  std::filesystem::remove_all(directory_ + "/audit");
  per_segment_ = 4;
  trail_ = Open();
  const auto auditor = ContextOf("ada", "auditor");
  for (int i = 0; i < 9; ++i) Run(ContextOf("ann", "reader"), fmt::format("s{}", i), fmt::format("SELECT {}", i));
  const auto before = RowsFor(auditor);
  trail_.reset();  // Signs what there is.
  trail_ = Open();
  const std::string place = directory_ + "/archive";
  const std::shared_ptr<storage::ObjectStore> local = storage::NewLocalStore();
  trail_->UseArchive(std::make_unique<StoreArchive>(
      place, [local]() -> Result<std::shared_ptr<storage::ObjectStore>> { return local; }));
  EXPECT_EQ(trail_->Archive({}).value(), 0);
  EXPECT_GE(trail_->Archive({.before = "9999"}).value(), 2);
  EXPECT_TRUE(std::filesystem::exists(place + "/00000000000000000000.jsonl"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/audit/segments/00000000000000000000.jsonl"));
  const auto after = RowsFor(auditor);
  ASSERT_GT(after.size(), before.size());
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i], before[i]);
  for (const auto& row : RowsFor(ContextOf("ann", "reader"))) EXPECT_EQ(row[3], "ann");
  // A part of the log is never shown for all of it.
  std::filesystem::remove(place + "/00000000000000000000.jsonl");
  AuditReader reader(auditor, *trail_);
  EXPECT_FALSE(reader.Read(0).has_value());
}

}  // namespace
}  // namespace neurolake::query
