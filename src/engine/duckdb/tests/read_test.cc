#include "engine/duckdb/tests/engine_fixture.h"

namespace neurolake::engine::duckdb {
namespace {

class ReadTest : public EngineTest {};

TEST_F(ReadTest, AnswersWithoutATable) {
  EXPECT_EQ(Answer("SELECT 1 AS a, 'x' AS b, NULL AS c"), (Rows{R"([1,"x",null])"}));
  EXPECT_EQ(names_, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ReadTest, ReadsWhatWasWritten) {
  EXPECT_EQ(Answer("CREATE TABLE t (id BIGINT, s VARCHAR)"), Rows{});
  EXPECT_EQ(Answer("INSERT INTO t VALUES (1, 'a'), (2, NULL)"), Rows{});
  EXPECT_EQ(statistics_.rows_changed, 2);
  EXPECT_EQ(Answer("SELECT * FROM t ORDER BY id"), (Rows{R"([1,"a"])", "[2,null]"}));
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[2]"});
}

// Shapes of plans in which the optimiser copies, splits or re-reads scans.
TEST_F(ReadTest, PlansThatUseAScanMoreThanOnce) {
  ASSERT_TRUE(Run("CREATE TABLE t AS SELECT i::BIGINT AS id, i % 10 AS g, 'name ' || i AS s, [i, i + 1] AS l, "
                  "{'a': i, 'b': {'c': 'x' || i}} AS st FROM range(10000) r(i)")
                  .has_value());
  ASSERT_TRUE(Run("DELETE FROM t WHERE id % 2 = 1").has_value());
  const std::map<std::string, Rows> answers = {
      {"WITH c AS (SELECT g, count(*) AS n FROM t GROUP BY g) SELECT sum(a.n), count(*) FROM c a JOIN c b USING (g)",
       {R"(["5000",5])"}},
      {"WITH c AS MATERIALIZED (SELECT id FROM t WHERE id < 10) SELECT count(*) FROM c a, c b", {"[25]"}},
      {"WITH RECURSIVE r AS (SELECT 0::BIGINT AS id UNION ALL SELECT t.id FROM t JOIN r ON t.id = r.id + 2 WHERE t.id "
       "< 20) "
       "SELECT count(*) FROM r",
       {"[10]"}},
      {"SELECT * FROM (SELECT id, s, l, st FROM t ORDER BY id DESC LIMIT 1)",
       {R"([9998,"name 9998",[9998,9999],{"a":9998,"b":{"c":"x9998"}}])"}},
      {"SELECT st.b.c FROM t WHERE st.a = 42", {R"(["x42"])"}},
      {"SELECT id FROM t WHERE g = (SELECT max(g) FROM t) ORDER BY id LIMIT 2", {"[8]", "[18]"}},
      {"SELECT id, (SELECT count(*) FROM t b WHERE b.id < t.id) FROM t WHERE id IN (4, 6) ORDER BY id",
       {"[4,2]", "[6,3]"}},
      {"SELECT count(*) FROM t WHERE EXISTS (SELECT 1 FROM t b WHERE b.id = t.id + 2)", {"[4999]"}},
      {"SELECT g, sum(id) FROM t WHERE s LIKE 'name 99%' GROUP BY g ORDER BY g LIMIT 1", {R"([0,"100440"])"}},
      {"SELECT count(*) FROM (SELECT id FROM t UNION SELECT id + 1 FROM t)", {"[10000]"}},
      {"SELECT id, row_number() OVER (ORDER BY id) FROM t QUALIFY row_number() OVER (ORDER BY id) = 3", {"[4,3]"}},
      {"SELECT sum(u) FROM (SELECT unnest(l) AS u FROM t WHERE id < 4)", {R"(["6"])"}},
      {"SELECT * FROM (PIVOT (SELECT g, id FROM t WHERE id < 4) ON g IN (0, 2) USING sum(id))", {R"(["0","2"])"}},
      {"SELECT count(*) FROM t TABLESAMPLE 100 PERCENT", {"[5000]"}},
      {"SELECT count(*) FROM t a ASOF JOIN t b ON a.id >= b.id", {"[5000]"}},
      {"SELECT min(id), max(id), count(*) FROM t WHERE id > 100 AND id < 100", {"[null,null,0]"}},
      {"SELECT a.id FROM t a LEFT JOIN t b ON a.id = b.id - 2 WHERE b.id IS NULL", {"[9998]"}},
      {"SELECT column_name FROM (DESCRIBE t) LIMIT 1", {R"(["id"])"}},
      {"SELECT count(*) FROM t", {"[5000]"}},
      {"SELECT t FROM t WHERE id = 0", {R"([{"id":0,"g":0,"s":"name 0","l":[0,1],"st":{"a":0,"b":{"c":"x0"}}}])"}}};
  for (const auto& [sql, rows] : answers) EXPECT_EQ(Answer(sql), rows) << sql;
}

}  // namespace
}  // namespace neurolake::engine::duckdb
