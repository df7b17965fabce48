#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/foreign_table.h"

namespace neurolake::engine::duckdb {
namespace {

class CatalogueTest : public EngineTest {};

TEST_F(CatalogueTest, TimeTravelByVersionAndTimestamp) {
  ASSERT_TRUE(Run("CREATE TABLE t (id BIGINT)").has_value());
  ASSERT_TRUE(Run("INSERT INTO t VALUES (1)").has_value());
  const std::string between = FormatTimestamp(clock_.Now() + std::chrono::milliseconds(5));
  std::this_thread::sleep_for(std::chrono::milliseconds(15));
  ASSERT_TRUE(Run("INSERT INTO t VALUES (2)").has_value());
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[2]"});
  EXPECT_EQ(Answer("SELECT count(*) FROM t AT (VERSION => 0)"), Rows{"[0]"});
  EXPECT_EQ(Answer("SELECT * FROM t AT (VERSION => 1)"), Rows{"[1]"});
  EXPECT_EQ(digest_.scans.at(0).version, 1);
  EXPECT_EQ(Answer("SELECT * FROM t AT (TIMESTAMP => TIMESTAMPTZ '" + between + "')"), Rows{"[1]"});
  EXPECT_EQ(Answer("SELECT a.id, b.id FROM t a, t b AT (VERSION => 1) ORDER BY ALL"), (Rows{"[1,1]", "[2,1]"}));
  for (const char* at : {"VERSION => 17", "TIMESTAMP => TIMESTAMP '1999-01-01'", "VERSION => -1"}) {
    auto rows = Run(fmt::format("SELECT * FROM t AT ({})", at));
    ASSERT_FALSE(rows.has_value()) << at;
    EXPECT_EQ(rows.error().code(), ErrorCode::kVersionNotFound) << at << ": " << rows.error().message();
  }
  EXPECT_EQ(Run("SELECT * FROM t AT (VERSION => 'x')").error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(CatalogueTest, AStatementReadsOneSnapshot) {
  ASSERT_TRUE(Run("CREATE TABLE t AS SELECT 1::BIGINT AS id").has_value());
  ASSERT_TRUE(Begin().has_value());
  auto bound = Bind("SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM t WHERE id >= 0)");
  ASSERT_TRUE(bound.has_value());
  // Another engine commits between binding and running.
  auto other = OpenEngine({.threads = 1}, *store_);
  ASSERT_TRUE(other.has_value());
  std::swap(engine_, *other);
  ASSERT_TRUE(Run("INSERT INTO t VALUES (2)").has_value());
  std::swap(engine_, *other);
  auto rows = Execute(Cost(*std::move(bound)));
  engine_->EndStatement();
  ASSERT_TRUE(rows.has_value()) << rows.error().message();
  EXPECT_EQ(*rows, Rows{"[2]"});
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[2]"});
}

TEST_F(CatalogueTest, ATransactionKeepsItsSnapshots) {
  ASSERT_TRUE(Run("CREATE TABLE t AS SELECT 1::BIGINT AS id").has_value());
  EXPECT_EQ(Answer("BEGIN"), Rows{});
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[1]"});
  auto other = OpenEngine({.threads = 1}, *store_);
  ASSERT_TRUE(other.has_value());
  std::swap(engine_, *other);
  ASSERT_TRUE(Run("INSERT INTO t VALUES (2)").has_value());
  std::swap(engine_, *other);
  EXPECT_EQ(Answer("SELECT count(*), sum(id) FROM t"), Rows{R"([1,"1"])"});
  EXPECT_EQ(Answer("COMMIT"), Rows{});
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[2]"});
  EXPECT_EQ(Answer("COMMIT"), Rows{"InvalidArgument: there is no open transaction"});
}

TEST_F(CatalogueTest, ViewsAreBoundWhereTheyStand) {
  ASSERT_TRUE(Run("CREATE SCHEMA s").has_value());
  ASSERT_TRUE(Run("CREATE TABLE s.t AS SELECT i AS id, 'x' || i AS name FROM range(3) r(i)").has_value());
  const auto created = Run("CREATE VIEW s.v (n) AS SELECT name FROM t WHERE id > 0");
  ASSERT_TRUE(created.has_value()) << created.error().message();
  EXPECT_EQ(Answer("SELECT n FROM s.v ORDER BY n"), (Rows{R"(["x1"])", R"(["x2"])"}));
  ASSERT_EQ(digest_.scans.size(), 1U);
  EXPECT_EQ(digest_.scans[0].table_name, "t");
  gate_.denied = {"t"};
  EXPECT_EQ(Answer("SELECT n FROM s.v"), Rows{"PermissionDenied: not allowed: t"});
}

TEST_F(CatalogueTest, UnqualifiedNamesAreOfTheStatementsSchema) {
  ASSERT_TRUE(Run("CREATE SCHEMA s").has_value());
  ASSERT_TRUE(Run("CREATE TABLE s.t AS SELECT 7 AS id").has_value());
  EXPECT_EQ(Run("SELECT * FROM t").error().code(), ErrorCode::kNotFound);
  grants_.default_schema = "s";
  EXPECT_EQ(Answer("SELECT * FROM t"), Rows{"[7]"});
  grants_.default_schema = "";
  EXPECT_EQ(Run("SELECT * FROM t").error().code(), ErrorCode::kNotFound);
}

TEST_F(CatalogueTest, SystemRelationsComePageByPage) {
  provider_->system_rows["schemas"] = {R"(["1","a",null,"2013-01-31T23:59:59Z"])", R"(["2","b","c",null])",
                                       R"(["3","d","e"])"};
  EXPECT_EQ(Answer("SELECT schema_name, comment, created_at FROM lake.system.schemas ORDER BY id"),
            (Rows{R"(["a",null,"2013-01-31T23:59:59Z"])", R"(["b","c",null])", R"(["d","e",null])"}));
  EXPECT_EQ(Answer("SELECT count(*) FROM system.schemas"), Rows{"[3]"});
  EXPECT_TRUE(digest_.functions.size() == 1 && digest_.functions[0].name == "count_star");
  EXPECT_EQ(Answer("SELECT comment FROM system.schemas WHERE id = '2'"), Rows{R"(["c"])"});
}

TEST_F(CatalogueTest, HistoryAndDetail) {
  ASSERT_TRUE(Run("CREATE TABLE t (id BIGINT, d DATE) PARTITIONED BY (d)").has_value() ||
              Run("CREATE TABLE t (id BIGINT, d DATE)").has_value());
  ASSERT_TRUE(Run("INSERT INTO t VALUES (1, DATE '2020-01-01')").has_value());
  auto history = Answer("SELECT version, operation, userName, isBlindAppend FROM lake_history('main', 't')");
  ASSERT_EQ(history.size(), 2U) << history.front();
  EXPECT_EQ(history[0], R"([1,"WRITE","tester",true])");
  EXPECT_TRUE(history[1].starts_with(R"([0,"CREATE TABLE")")) << history[1];
  auto detail = Answer(
      "SELECT format, name, numFiles, minReaderVersion, sizeInBytes > 0, len(tableFeatures) > 0 "
      "FROM lake_detail('main', 't')");
  EXPECT_EQ(detail, Rows{R"(["delta","main.t",1,3,true,true])"});
  EXPECT_EQ(Run("SELECT * FROM lake_history('main', 'nothing')").error().code(), ErrorCode::kNotFound);
}

TEST_F(CatalogueTest, TypesLeaveAsTheColumnarFormatKnowsThem) {
  EXPECT_EQ(
      Answer("SELECT 1::HUGEINT, 2::UHUGEINT, 'a'::ENUM('a','b'), '2d5e0b2c-0000-0000-0000-000000000001'::UUID, "
             "INTERVAL 1 DAY, '101'::BIT, [1, 2]::INTEGER[2], {'e': 'b'::ENUM('a','b')}, MAP {'k': 1}, '{}'::JSON, "
             "TIME '12:00:00', 1::UBIGINT, 'x'::BLOB, true, 1.5::FLOAT"),
      Rows{R"(["1","2","a","2d5e0b2c-0000-0000-0000-000000000001","1 day","101",[1,2],{"e":"b"},{"k":1},"{}",)"
           R"("12:00:00",1,"eA==",true,1.5])"});
}

}  // namespace
}  // namespace neurolake::engine::duckdb
