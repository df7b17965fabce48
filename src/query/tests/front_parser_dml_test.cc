#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/front_parser.h"

namespace neurolake::query {
namespace {

using testing::ElementsAre;
using What = ReplaceRows::What;

ReplaceRows Replaces(const std::string& sql) {
  auto parsed = ParseFront(sql);
  EXPECT_TRUE(parsed.has_value()) << sql << ": " << parsed.error().message();
  if (!parsed.has_value()) return {};
  const auto* replace = std::get_if<ReplaceRows>(&parsed->statement);
  EXPECT_NE(replace, nullptr) << sql;
  return replace == nullptr ? ReplaceRows{} : *replace;
}

std::string PassedOn(const std::string& sql) {
  auto parsed = ParseFront(sql);
  EXPECT_TRUE(parsed.has_value()) << sql << ": " << parsed.error().message();
  if (!parsed.has_value()) return "";
  const auto* passed = std::get_if<PassThrough>(&parsed->statement);
  return passed == nullptr ? "not passed on" : passed->sql;
}

TEST(FrontParserDmlTest, OverwriteTakesPartitionsColumnsAndAQuery) {
  const ReplaceRows plain = Replaces("insert overwrite table lake.s.t select 1 -- end");
  EXPECT_EQ(plain.what, What::kTable);
  EXPECT_EQ(plain.target, (ObjectName{.schema = "s", .name = "t"}));
  EXPECT_EQ(plain.query, "select 1");
  const ReplaceRows full =
      Replaces("INSERT OVERWRITE t PARTITION (p = concat('a', ')'), q) (a, \"B\") BY NAME (SELECT 1)");
  ASSERT_EQ(full.partition.size(), 2U);
  EXPECT_EQ(full.partition[0].column, "p");
  EXPECT_EQ(full.partition[0].value, "concat('a', ')')");
  EXPECT_EQ(full.partition[1].value, "");
  EXPECT_THAT(full.columns, ElementsAre("a", "B"));
  EXPECT_TRUE(full.by_name);
  EXPECT_EQ(full.query, "(SELECT 1)");
}

TEST(FrontParserDmlTest, ReplaceWhereEndsWhereTheQueryBegins) {
  const ReplaceRows where = Replaces("INSERT INTO t REPLACE WHERE a > (1) AND b = 'select' -- why\n VALUES (2, 'x')");
  EXPECT_EQ(where.what, What::kMatching);
  EXPECT_EQ(where.predicate, "a > (1) AND b = 'select'");
  EXPECT_EQ(where.query, "VALUES (2, 'x')");
  const ReplaceRows by = Replaces("insert into t replace using (p, q) select 1");
  EXPECT_EQ(by.what, What::kPartitions);
  EXPECT_THAT(by.using_columns, ElementsAre("p", "q"));
}

TEST(FrontParserDmlTest, TruncateHasNoQuery) {
  EXPECT_EQ(Replaces("TRUNCATE TABLE s.t").query, "");
  EXPECT_EQ(Replaces("truncate t;").what, What::kTable);
}

TEST(FrontParserDmlTest, PlainInsertsKeepTheirBytes) {
  for (const char* sql :
       {"INSERT INTO t VALUES (1)", "INSERT INTO t (a, b) SELECT 1, 2", "insert into a.b.c values (1)",
        "INSERT INTO t BY NAME SELECT 1 AS a", "INSERT INTO t (a, s.x) VALUES (1, 2)", "INSERT INTO t AS u VALUES (1)",
        "INSERT OR REPLACE INTO t VALUES (1)"}) {
    EXPECT_EQ(PassedOn(sql), sql);
  }
}

TEST(FrontParserDmlTest, StarsOfAMergeGoByName) {
  EXPECT_EQ(PassedOn("MERGE INTO t USING s ON a = b WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"),
            "MERGE INTO t USING s ON a = b WHEN MATCHED THEN UPDATE BY NAME WHEN NOT MATCHED THEN INSERT BY NAME *");
  EXPECT_EQ(
      PassedOn("WITH s AS (SELECT * FROM u) MERGE INTO t USING s ON a = b WHEN MATCHED THEN UPDATE SET x = 2 * 3"),
      "WITH s AS (SELECT * FROM u) MERGE INTO t USING s ON a = b WHEN MATCHED THEN UPDATE SET x = 2 * 3");
  const auto evolves = ParseFront("merge with schema evolution into t using s on a = b when matched then delete");
  ASSERT_TRUE(evolves.has_value());
  const auto& passed = std::get<PassThrough>(evolves->statement);
  EXPECT_TRUE(passed.evolves_schema);
  EXPECT_EQ(passed.sql, "merge  into t using s on a = b when matched then delete");
}

TEST(FrontParserDmlTest, WhatIsMissingIsNamed) {
  for (const auto& [sql, expected] : std::vector<std::pair<std::string, std::string>>{
           {"INSERT OVERWRITE t DELETE FROM u", "SELECT"},
           {"INSERT INTO t REPLACE WHERE a = 1", "predicate"},
           {"INSERT INTO t REPLACE a SELECT 1", "WHERE or USING"},
           {"INSERT OVERWRITE t PARTITION (p = ) SELECT 1", "value"},
           {"INSERT OVERWRITE t SELECT (1", "parenthesis"},
           {"INSERT OVERWRITE t SELECT 1) UNION (SELECT 2", "one query"}}) {
    const auto parsed = ParseFront(sql);
    ASSERT_FALSE(parsed.has_value()) << sql;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kSyntaxError);
    EXPECT_THAT(parsed.error().message(), testing::HasSubstr(expected)) << sql;
  }
}

}  // namespace
}  // namespace neurolake::query
