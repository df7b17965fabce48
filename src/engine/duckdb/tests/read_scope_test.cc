#include "engine/duckdb/tests/engine_fixture.h"

namespace neurolake::engine::duckdb {
namespace {

/// What the commit of a statement is told about what it read.
class ReadScopeTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    Do("CREATE TABLE t (id BIGINT, d DATE, ts TIMESTAMPTZ, m DECIMAL(9,2), f DOUBLE, part VARCHAR) "
       "PARTITIONED BY (part)");
    Do("INSERT INTO t SELECT i, DATE '2024-01-01' + i::INTEGER, '2024-01-01T00:00:00Z'::TIMESTAMPTZ, i / 4, i / 8, "
       "CASE WHEN i < 10 THEN 'a' ELSE 'b' END FROM range(20) r(i)");
    Do("CREATE TABLE s (id BIGINT, v DOUBLE)");
    Do("INSERT INTO s VALUES (3, 1), (5, 2)");
  }
  void Do(const std::string& sql) {
    const auto done = Run(sql);
    ASSERT_TRUE(done.has_value()) << sql << ": " << done.error().message();
  }

  static std::string Text(const tables::delta::ReadPredicate& predicate) {
    std::vector<std::string> conditions;
    for (const auto& condition : predicate) {
      std::vector<std::string> ranges;
      for (const auto& range : condition.ranges) {
        ranges.push_back(fmt::format("{}..{}", range.min.value_or(""), range.max.value_or("")));
      }
      if (condition.or_null) ranges.emplace_back("null");
      std::string one = fmt::format("{} {}", condition.column, fmt::join(ranges, "|"));
      // Which of several rules found a condition, and how often, is of no interest.
      if (std::ranges::find(conditions, one) == conditions.end()) conditions.push_back(std::move(one));
    }
    std::ranges::sort(conditions);
    return fmt::format("{}", fmt::join(conditions, ", "));
  }

  /// "nothing", "all", or the predicates.
  std::string Scope(const std::string& sql) {
    provider_->commits.clear();
    const auto done = Run(sql);
    if (!done.has_value()) return done.error().message();
    if (provider_->commits.empty()) return "no commit";
    const auto& request = provider_->commits.back().request;
    const auto& scope = request.read_scope;
    EXPECT_EQ(request.blind_append, scope.reads_nothing() && request.removes.empty());
    if (scope.reads_nothing()) return "nothing";
    if (scope.whole_table) return "all";
    std::vector<std::string> predicates;
    for (const auto& predicate : scope.predicates) predicates.push_back(Text(predicate));
    EXPECT_FALSE(scope.files.empty());
    return fmt::format("{}", fmt::join(predicates, "; "));
  }
};

TEST_F(ReadScopeTest, ComparisonsOfAColumnWithAConstant) {
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE part = 'a'"), "part a..a");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE part = 'b' AND id >= 12"), "id 12.., part b..b");
  EXPECT_EQ(Scope("DELETE FROM t WHERE 15 < id AND part = 'b'"), "id 15.., part b..b");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE d = DATE '2024-01-04'"), "d 2024-01-04..2024-01-04");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE m <= 0.5"), "m ..0.50");
  EXPECT_EQ(Scope("UPDATE t SET id = id WHERE f < 0.25"), "f ..0.25");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE ts = '2024-01-01T00:00:00Z'::TIMESTAMPTZ AND part = 'a'"),
            "part a..a, ts 2024-01-01 00:00:00..2024-01-01 00:00:00");
}

TEST_F(ReadScopeTest, ListsRangesAndNull) {
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE part IN ('a', 'c') AND id = 1"), "id 1..1, part a..a|c..c");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE id BETWEEN 3 AND 5"), "id ..5, id 3..");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE (id = 1 OR id = 4) AND part = 'a'"), "id 1..1|4..4, part a..a");
}

TEST_F(ReadScopeTest, WhatIsNoConditionOnAColumnCountsAsAll) {
  EXPECT_EQ(Scope("UPDATE t SET f = 0"), "all");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE id % 2 = 0"), "all");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE id = 1 OR part = 'b'"), "all");
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE part = 'a' AND id % 2 = 0"), "part a..a");
}

TEST_F(ReadScopeTest, AppendsReadNothingUnlessTheyDo) {
  EXPECT_EQ(Scope("INSERT INTO s VALUES (9, 9)"), "nothing");
  EXPECT_EQ(Scope("INSERT INTO s SELECT id, f FROM t"), "nothing");
  EXPECT_EQ(Scope("INSERT INTO s SELECT id + 1, v FROM s WHERE id = 3"), "id 3..3");
  EXPECT_EQ(Scope("INSERT INTO s SELECT count(*), 0 FROM s"), "all") << "answered from the log, and read all the same";
  EXPECT_EQ(Scope("INSERT INTO s SELECT id, 0 FROM s AT (VERSION => 1)"), "nothing") << "the past does not change";
}

TEST_F(ReadScopeTest, JoinsNarrowByTheOtherTable) {
  EXPECT_EQ(Scope("UPDATE t SET f = s.v FROM s WHERE t.id = s.id AND t.part = 'a'").substr(0, 3), "id ");
}

TEST_F(ReadScopeTest, TwoScansOfOneTableCountAsAll) {
  EXPECT_EQ(Scope("UPDATE t SET f = 0 WHERE part = 'a' AND id IN (SELECT max(id) - 10 FROM t WHERE part = 'b')"),
            "all");
}

TEST_F(ReadScopeTest, CopiesOfOneScanCountAsAll) {
  // One of them is found to be empty and never starts; what it would have had to read is not known to the other.
  EXPECT_EQ(Scope("INSERT INTO s WITH c AS (SELECT id, f FROM t WHERE part = 'a') SELECT one.id, one.f FROM c one "
                  "WHERE one.id > 5 UNION ALL SELECT other.id, other.f FROM c other WHERE other.id > 1000"),
            "nothing")
      << "of the table that is written";
  EXPECT_EQ(Scope("INSERT INTO t (id, f, part) WITH c AS NOT MATERIALIZED (SELECT id, f FROM t WHERE part = 'a') "
                  "SELECT one.id, one.f, 'c' FROM c one WHERE one.id > 5 UNION ALL "
                  "SELECT other.id, other.f, 'c' FROM c other WHERE other.id > 1000"),
            "all");
}

TEST_F(ReadScopeTest, AReplacementReadsAll) {
  EXPECT_EQ(Scope("CREATE OR REPLACE TABLE s AS SELECT id, v FROM s WHERE id = 3"), "all");
}

}  // namespace
}  // namespace neurolake::engine::duckdb
