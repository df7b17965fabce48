#include <gtest/gtest.h>

#include "cli/name_completer.h"
#include "cli/tests/fake_client.h"

namespace neurolake::cli {
namespace {

using Names = std::vector<std::string>;

const KnownNames kNames = {.schemas = {"main", "silver", "system"},
                           .tables = {"main.notes", "silver.flights", "silver.planes", "system.queries"},
                           .columns = {{"silver.flights", {"carrier", "cancelled", "origin"}}}};

Names Complete(std::string_view line) {
  size_t begin = line.size();
  while (begin > 0 && line[begin - 1] != ' ' && line[begin - 1] != '(') --begin;
  return CompleteName(kNames, line, begin);
}

TEST(CompletionTest, TablesFollowFrom) {
  EXPECT_EQ(Complete("SELECT * FROM si"), Names{"silver."});
  EXPECT_EQ(Complete("SELECT * FROM silver."), (Names{"silver.flights", "silver.planes"}));
  EXPECT_EQ(Complete("select * from no"), Names{"notes"});
}

TEST(CompletionTest, ColumnsComeFromTablesOfTheLine) {
  EXPECT_EQ(Complete("SELECT * FROM silver.flights WHERE c"),
            (Names{"cancelled", "carrier", "case", "cast", "column", "comment", "commit", "copy", "count", "create",
                   "cross"}));
  EXPECT_EQ(Complete("SELECT * FROM silver.planes WHERE car"), Names{});
}

TEST(CompletionTest, KeywordsKeepTheCaseOfTheWord) {
  EXPECT_EQ(Complete("SEL"), Names{"SELECT"});
  EXPECT_EQ(Complete("sel"), Names{"select"});
}

TEST(CompletionTest, CommandsAndTheirArguments) {
  EXPECT_EQ(Complete("\\ti"), Names{"\\timing"});
  EXPECT_EQ(Complete("\\format nd"), Names{"ndjson"});
  EXPECT_EQ(Complete("\\d silver.p"), Names{"silver.planes"});
}

TEST(CompletionTest, AsksForColumnsOnceAndFailsSilently) {
  TestBench bench;
  const char* kTables =
      "SELECT schema_name || '.' || table_name FROM system.tables "
      "UNION ALL SELECT schema_name || '.' || view_name FROM system.views";
  bench.client.answers[kTables] = {.names = {"t"}, .types = {"VARCHAR"}, .rows = {{"silver.flights"}}};
  bench.client.answers["SELECT schema_name FROM system.schemas"].error_at_start = Error(ErrorCode::kUnavailable, "x");
  bench.client.answers["DESCRIBE \"silver\".\"flights\""] = {
      .names = {"c"}, .types = {"VARCHAR"}, .rows = {{"origin"}}};
  NameCompleter completer(bench.runner);
  const std::string line = "SELECT * FROM silver.flights WHERE o";
  for (int i = 0; i < 2; ++i) {
    const Names found = completer.Complete(line, line.size() - 1);
    EXPECT_EQ(std::ranges::count(found, "origin"), 1);
    EXPECT_EQ(std::ranges::count(found, "order"), 1);
  }
  EXPECT_EQ(std::ranges::count(bench.client.asked, "DESCRIBE \"silver\".\"flights\""), 1);
  EXPECT_TRUE(bench.err.str().empty());
}

}  // namespace
}  // namespace neurolake::cli
