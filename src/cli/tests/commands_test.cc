#include <gtest/gtest.h>

#include <fstream>

#include "cli/client_commands.h"
#include "cli/demo.h"
#include "cli/tests/fake_client.h"

namespace neurolake::cli {
namespace {

const SystemClock kClock;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome RunWords(TestBench& bench, const std::vector<std::string>& words) {
  auto parsed = ParseArguments(words, {});
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) return {early->code, "", early->text};
  const int code = RunClientCommand(std::get<Arguments>(parsed), bench.runner, kClock);
  return {code, bench.out.str(), bench.err.str()};
}

void Fail(TestBench& bench, const std::string& sql, ErrorCode code) {
  bench.client.answers[sql].error_at_start = Error(code, "it failed");
}

std::string TemporaryFile(const std::string& name, const std::string& content) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

TEST(CommandsTest, RunsTextsInOrder) {
  TestBench bench;
  const Outcome outcome = RunWords(bench, {"sql", "-c", "SELECT 1; SELECT 2", "-c", "SELECT 3", "--format", "csv"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "answer\n42\nanswer\n42\nanswer\n42\n");
  EXPECT_EQ(bench.client.asked, (std::vector<std::string>{"SELECT 1", "SELECT 2", "SELECT 3"}));
}

TEST(CommandsTest, StopsAtTheFirstErrorWithItsExitCode) {
  const std::pair<ErrorCode, int> kExpected[] = {{ErrorCode::kSyntaxError, 1},
                                                 {ErrorCode::kUnavailable, 3},
                                                 {ErrorCode::kPermissionDenied, 4},
                                                 {ErrorCode::kConflict, 5}};
  for (const auto& [error, code] : kExpected) {
    TestBench bench;
    Fail(bench, "bad", error);
    EXPECT_EQ(RunWords(bench, {"sql", "-c", "SELECT 1; bad; SELECT 2"}).code, code);
    EXPECT_EQ(bench.client.asked, (std::vector<std::string>{"SELECT 1", "bad"}));
  }
}

TEST(CommandsTest, ATransactionIsOneRequestAndNothingRunsWithoutItsEnd) {
  TestBench bench;
  EXPECT_EQ(RunWords(bench, {"sql", "-c", "START TRANSACTION; DELETE FROM t; END; SELECT 1"}).code, 0);
  EXPECT_EQ(bench.client.asked, (std::vector<std::string>{"START TRANSACTION;\nDELETE FROM t;\nEND", "SELECT 1"}));
  TestBench open;
  const Outcome outcome = RunWords(open, {"sql", "-c", "SELECT 1; BEGIN; DELETE FROM t"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("expected COMMIT or ROLLBACK"), std::string::npos) << outcome.err;
  EXPECT_EQ(open.client.asked, std::vector<std::string>());
}

TEST(CommandsTest, AnErrorAfterTheFirstRowsCounts) {
  TestBench bench;
  bench.client.answers["q"] = {
      .names = {"n"}, .types = {"BIGINT"}, .rows = {{"1"}}, .error_at_end = Error(ErrorCode::kWorkerLost, "lost")};
  const Outcome outcome = RunWords(bench, {"sql", "-c", "q", "--format", "ndjson"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "{\"n\":1}\n");
  EXPECT_NE(outcome.err.find("57P02"), std::string::npos);
}

TEST(CommandsTest, FilesAreNamedInErrorsWithTheirLine) {
  TestBench bench;
  Fail(bench, "bad", ErrorCode::kSyntaxError);
  const std::string path = TemporaryFile("script.sql", "SELECT 1;\n\nbad;\n");
  const Outcome outcome = RunWords(bench, {"sql", "-f", path});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find(path + ":3: error: it failed"), std::string::npos) << outcome.err;
}

TEST(CommandsTest, ReadsStandardInputWhenThereIsNothingElse) {
  TestBench bench;
  bench.in.str("SELECT 7");
  EXPECT_EQ(RunWords(bench, {"sql"}).code, 0);
  EXPECT_EQ(bench.client.asked, std::vector<std::string>{"SELECT 7"});
}

TEST(CommandsTest, AFileThatIsNotUtf8RunsNothing) {
  TestBench bench;
  const std::string latin = TemporaryFile("latin.sql", "SELECT 1;\nSELECT 'Z\xFCrich';\n");
  const Outcome outcome = RunWords(bench, {"sql", "-f", latin});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find(latin + ":2: error: the text is not UTF-8"), std::string::npos) << outcome.err;
  EXPECT_EQ(bench.client.asked, std::vector<std::string>());
  EXPECT_EQ(RunWords(bench, {"sql", "-f", TemporaryFile("utf8.sql", "SELECT 'Z\xC3\xBCrich'")}).code, 0);
}

TEST(CommandsTest, AnUnclosedTextRunsNothing) {
  TestBench bench;
  EXPECT_EQ(RunWords(bench, {"sql", "-c", "SELECT 1; SELECT 'a"}).code, 1);
  EXPECT_TRUE(bench.client.asked.empty());
}

TEST(CommandsTest, AMissingFileIsAnError) {
  TestBench bench;
  EXPECT_EQ(RunWords(bench, {"sql", "-f", "/nowhere/x.sql"}).code, 1);
  EXPECT_EQ(RunWords(bench, {"sql", "-f", testing::TempDir()}).code, 1);
}

TEST(CommandsTest, ChangesAreSaidInWords) {
  TestBench bench;
  bench.client.answers["INSERT"] = {.names = {"rows_changed"},
                                    .types = {"BIGINT"},
                                    .rows = {{"3"}},
                                    .kind = "INSERT",
                                    .rows_changed = 3,
                                    .committed_version = 5};
  bench.client.answers["SELECT"] = {.names = {"rows_changed"}, .types = {"BIGINT"}, .rows = {{"3"}}};
  EXPECT_EQ(RunWords(bench, {"sql", "-c", "INSERT"}).out, "OK, 3 rows, version 5\n");
  EXPECT_NE(RunWords(bench, {"sql", "-c", "SELECT"}).out.find("BIGINT │"), std::string::npos);
}

TEST(CommandsTest, AnApplicationsTransactionGoesWithOneStatement) {
  TestBench bench;
  EXPECT_EQ(RunWords(bench, {"sql", "--txn-app", "loader", "--txn-version", "0", "-c", "INSERT;"}).code, 0);
  ASSERT_EQ(bench.client.statements.size(), 1u);
  ASSERT_TRUE(bench.client.statements[0].transaction.has_value());
  EXPECT_EQ(bench.client.statements[0].transaction->application_id, "loader");
  EXPECT_EQ(bench.client.statements[0].transaction->version, 0);
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{"-c", "INSERT; INSERT"}, std::vector<std::string>{"-c", "INSERT", "-c", "INSERT"},
        std::vector<std::string>{}}) {
    TestBench refusing;
    refusing.in.str("INSERT");
    std::vector<std::string> words = {"sql", "--txn-app", "loader", "--txn-version", "3"};
    words.insert(words.end(), texts.begin(), texts.end());
    const Outcome outcome = RunWords(refusing, words);
    EXPECT_NE(outcome.code, 0);
    EXPECT_NE(outcome.err.find("one statement"), std::string::npos) << outcome.err;
    EXPECT_TRUE(refusing.client.asked.empty());
  }
  TestBench plain;
  EXPECT_EQ(RunWords(plain, {"sql", "-c", "INSERT"}).code, 0);
  EXPECT_FALSE(plain.client.statements.at(0).transaction.has_value());
}

TEST(CommandsTest, TimingGoesToStandardError) {
  TestBench bench;
  const Outcome outcome = RunWords(bench, {"sql", "-c", "SELECT 1", "--timing", "--format", "csv"});
  EXPECT_EQ(outcome.out, "answer\n42\n");
  EXPECT_NE(outcome.err.find("parse 1.5 ms"), std::string::npos) << outcome.err;
}

TEST(CommandsTest, SessionStatementsStayHere) {
  TestBench bench;
  EXPECT_EQ(RunWords(bench, {"sql", "-c", "USE silver; SET TIME ZONE 'Europe/Zurich'; SELECT 1"}).code, 0);
  // One that asks whether there is such a schema, one for the time zone, and the statement.
  ASSERT_EQ(bench.client.statements.size(), 3u);
  EXPECT_EQ(bench.client.statements[2].schema, "silver");
  EXPECT_EQ(bench.client.statements[2].time_zone, "Europe/Zurich");
}

TEST(CommandsTest, ASessionThatTheServerRefusesStaysAsItWas) {
  TestBench bench;
  Fail(bench, "SELECT 1", ErrorCode::kSchemaNotFound);
  EXPECT_EQ(RunWords(bench, {"sql", "-c", "USE nope; SELECT 2"}).code, 1);
  EXPECT_EQ(bench.client.asked, std::vector<std::string>{"SELECT 1"});
  EXPECT_EQ(bench.runner.options().schema, "");
  EXPECT_EQ(RunWords(bench, {"sql", "-c", "RESET TIME ZONE; SELECT 2"}).code, 0);
}

TEST(CommandsTest, TableCommandsQuoteNames) {
  TestBench bench;
  EXPECT_EQ(RunWords(bench, {"table", "history", "s.my\"\"t"}).code, 0);
  EXPECT_EQ(RunWords(bench, {"table", "describe", "s.t"}).code, 0);
  EXPECT_EQ(RunWords(bench, {"table", "detail", "a.b.c.d"}).code, 1);
  EXPECT_EQ(bench.client.asked.back(), "DESCRIBE \"s\".\"t\"");
}

TEST(CommandsTest, TheTokenAloneGoesToStandardOutput) {
  TestBench bench;
  catalog::Catalog::NewToken token;
  token.secret = "nl_secret";
  bench.client.token = token;
  const Outcome outcome = RunWords(bench, {"token", "create", "ann", "--role", "writer", "--expires", "30d"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "nl_secret\n");
  EXPECT_EQ(outcome.err.find("nl_secret"), std::string::npos);
  EXPECT_EQ(bench.client.token_request.role, "writer");
  EXPECT_TRUE(bench.client.token_request.expires.has_value());
  EXPECT_EQ(RunWords(bench, {"token", "create", "ann", "--expires", "yesterday"}).code, 1);
  EXPECT_EQ(RunWords(bench, {"token", "create", "ann", "--expires", "2001-01-01"}).code, 1);
}

TEST(CommandsTest, RevokeSaysWhatHappened) {
  TestBench bench;
  EXPECT_EQ(RunWords(bench, {"token", "revoke", "known"}).code, 0);
  EXPECT_EQ(RunWords(bench, {"token", "revoke", "unknown"}).code, 1);
}

TEST(CommandsTest, LocationsAreStatements) {
  TestBench bench;
  RunWords(bench, {"location", "add", "landing", "/data/it's", "--may-register"});
  EXPECT_EQ(bench.client.asked.back(), "CREATE EXTERNAL LOCATION \"landing\" URL '/data/it''s' WITH (REGISTER = TRUE)");
  RunWords(bench, {"location", "drop", "landing"});
  EXPECT_EQ(bench.client.asked.back(), "DROP EXTERNAL LOCATION \"landing\"");
}

TEST(CommandsTest, PiiIsStatements) {
  TestBench bench;
  RunWords(bench, {"pii", "scan", "silver.it's", "--sample", "50"});
  EXPECT_EQ(bench.client.asked.back(), "SCAN TABLE \"silver\".\"it's\" FOR PII SAMPLE 50 ROWS");
  RunWords(bench, {"pii", "list"});
  EXPECT_NE(bench.client.asked.back().find("FROM system.pii_findings"), std::string::npos);
  EXPECT_EQ(RunWords(bench, {"pii", "scan", "t", "--sample", "0"}).code, 2);
  EXPECT_EQ(RunWords(bench, {"pii"}).code, 2);
}

TEST(CommandsTest, HealthGivesThreeWhenNotReady) {
  TestBench bench;
  bench.client.health = {.ready = false, .checks = {{"ready", "no worker is alive"}}};
  EXPECT_EQ(RunWords(bench, {"health"}).code, 3);
  bench.client.health.ready = true;
  EXPECT_EQ(RunWords(bench, {"health"}).code, 0);
}

TEST(IngestTest, OffersFilesAndShowsTheSchemaOfANewTable) {
  TestBench bench;
  const std::string path = TemporaryFile("a.csv", "id\n1\n");
  bench.client.answers["SELECT 1 FROM system.tables WHERE schema_name = 'b' AND table_name = 't'"] = {
      .names = {"n"}, .types = {"BIGINT"}};
  const Outcome outcome = RunWords(bench, {"ingest", path, "--into", "b.t", "--trim"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(bench.client.offered, std::vector<std::string>{path});
  EXPECT_EQ(bench.client.withdrawn, std::vector<std::string>{"upload://a.csv"});
  ASSERT_EQ(bench.client.asked.size(), 3u);
  EXPECT_EQ(bench.client.asked[1],
            "COPY INTO \"b\".\"t\" FROM 'upload://a.csv' FILEFORMAT = CSV VALIDATE "
            "COPY_OPTIONS ('clean' = '{\"*\":{\"trim\":true}}')");
  EXPECT_EQ(bench.client.asked[2],
            "COPY INTO \"b\".\"t\" FROM 'upload://a.csv' FILEFORMAT = CSV "
            "COPY_OPTIONS ('clean' = '{\"*\":{\"trim\":true}}')");
  EXPECT_NE(outcome.out.find("Schema of b.t, inferred:"), std::string::npos);
}

TEST(IngestTest, APersonIsAskedBeforeATableIsMade) {
  struct Case {
    const char* answer;
    bool yes;
    size_t statements;
  };
  for (const Case& c : {Case{"n\n", false, 2}, Case{"", false, 2}, Case{"\n", false, 3}, Case{"Yes\n", false, 3},
                        Case{"n\n", true, 3}}) {
    TestBench bench;
    bench.in.str(c.answer);
    bench.console.can_ask = true;
    const std::string path = TemporaryFile("a.csv", "id\n1\n");
    bench.client.answers["SELECT 1 FROM system.tables WHERE schema_name = 'b' AND table_name = 't'"] = {
        .names = {"n"}, .types = {"BIGINT"}};
    std::vector<std::string> words = {"ingest", path, "--into", "b.t"};
    if (c.yes) words.push_back("--yes");
    EXPECT_EQ(RunWords(bench, words).code, 0);
    EXPECT_EQ(bench.client.asked.size(), c.statements) << c.answer;
  }
}

TEST(IngestTest, ADryRunLoadsNothing) {
  TestBench bench;
  const std::string path = TemporaryFile("a.csv", "id\n1\n");
  EXPECT_EQ(RunWords(bench, {"ingest", path, "--into", "b.t", "--dry-run"}).code, 0);
  EXPECT_NE(bench.client.asked.back().find(" VALIDATE"), std::string::npos);
}

TEST(IngestTest, ATableThatIsThereIsLoadedAtOnce) {
  TestBench bench;
  const std::string path = TemporaryFile("a.csv", "id\n1\n");
  EXPECT_EQ(RunWords(bench, {"ingest", path, "--into", "b.t"}).code, 0);
  EXPECT_EQ(bench.client.asked.size(), 2u);
}

TEST(IngestTest, SchemaFilesAreOneLine) {
  TestBench bench;
  const std::string path = TemporaryFile("a.csv", "id\n1\n");
  const std::string schema = TemporaryFile("a.schema", "# flights\nid BIGINT,\n name VARCHAR -- who\n\n");
  EXPECT_EQ(RunWords(bench, {"ingest", path, "--into", "b.t", "--schema-file", schema}).code, 0);
  EXPECT_NE(bench.client.asked.back().find("'schema' = 'id BIGINT, name VARCHAR'"), std::string::npos)
      << bench.client.asked.back();
}

TEST(IngestTest, NothingTravelsWhenTheArgumentsAreWrong) {
  TestBench bench;
  const std::string path = TemporaryFile("a.csv", "id\n1\n");
  EXPECT_EQ(RunWords(bench, {"ingest", path, "--into", "a.b.c.d"}).code, 1);
  EXPECT_EQ(RunWords(bench, {"ingest", "/nowhere/a.csv", "--into", "b.t"}).code, 1);
  EXPECT_EQ(RunWords(bench, {"ingest", TemporaryFile("a.txt", "x"), "--into", "b.t"}).code, 1);
  EXPECT_TRUE(bench.client.offered.empty());
}

TEST(DemoTest, GoesThroughEveryStepAndWantsTheDenial) {
  TestBench bench;
  Fail(bench, "SELECT * FROM read_csv('/etc/passwd')", ErrorCode::kPermissionDenied);
  bench.client.answers_by_start["SELECT DISTINCT"] = {
      .names = {"source_id", "source_kind", "source", "target_id", "target_kind", "target", "operation"},
      .types = std::vector<std::string>(7, "VARCHAR"),
      .rows = {{"7", "table", "silver.flights", "42", "table", "gold.carriers", "INSERT"}}};
  const Outcome outcome = RunWords(bench, {"demo", "--data", "/data", "--address", "http://127.0.0.1:8321"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("silver.flights"), std::string::npos);
  EXPECT_EQ(bench.client.offered.size(), 5u);
  EXPECT_NE(outcome.out.find("VERSION AS OF 42"), std::string::npos);
  EXPECT_NE(outcome.out.find("http://127.0.0.1:8321"), std::string::npos);
}

TEST(LineageTest, AnAnswerOfAnotherShapeIsAnError) {
  TestBench bench;
  const Outcome outcome = RunWords(bench, {"lineage", "gold.carriers"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("1 columns where 7 belong"), std::string::npos) << outcome.err;
}

TEST(DemoTest, FailsWhenTheServersFilesCanBeRead) {
  TestBench bench;
  EXPECT_EQ(RunWords(bench, {"demo", "--data", "/data"}).code, 1);
}

TEST(CommandsTest, UsersAreMadeChangedAndListed) {
  TestBench bench;
  bench.in.str("a long password\nsecond line\n");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"user", "create", "anna", "--role", "reader"},
           {"user", "create", "bot", "--kind", "agent", "--on-behalf-of", "anna"},
           {"user", "password", "anna", "--password-file", "-"},
           {"user", "password", "anna", "--remove"},
           {"user", "disable", "anna"},
           {"user", "enable", "anna"},
           {"user", "bind", "anna", "--issuer", "https://id.example.org", "--subject", "7"}}) {
    EXPECT_EQ(RunWords(bench, words).code, 0) << words[1] << bench.err.str();
  }
  EXPECT_EQ(bench.client.user_calls,
            (std::vector<std::string>{"create anna user reader ", "create bot agent member anna",
                                      "password anna a long password", "password anna ", "disabled anna true",
                                      "disabled anna false", "bind anna https://id.example.org 7"}));
  EXPECT_EQ(bench.out.str().find("a long password"), std::string::npos);
  bench.client.users = {{PrincipalId("1"), "anna", "reader", true, WallTime()}};
  const Outcome listed = RunWords(bench, {"user", "list", "--format", "csv"});
  EXPECT_NE(listed.out.find("anna,user,reader,"), std::string::npos) << listed.out;
}

TEST(CommandsTest, APasswordIsNotReadFromNowhere) {
  TestBench bench;
  EXPECT_NE(RunWords(bench, {"user", "password", "anna"}).code, 0);  // No terminal to ask on.
  bench.in.str("\n");
  EXPECT_NE(RunWords(bench, {"user", "password", "anna", "--password-file", "-"}).code, 0);
  EXPECT_TRUE(bench.client.user_calls.empty());
  EXPECT_NE(RunWords(bench, {"user", "create", "x", "--role", "emperor"}).code, 0);
}

}  // namespace
}  // namespace neurolake::cli
