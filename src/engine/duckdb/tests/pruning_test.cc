#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/foreign_table.h"

namespace neurolake::engine::duckdb {
namespace {

// Ten files with k in [10 n, 10 n + 9], each with statistics in every type.
class PruningTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    const std::string t = root_ + "/tables/t";
    provider_->AddTable("t", t);
    std::vector<std::string> lines = {
        ProtocolLine(),
        MetadataLine(FieldJson("k", "long") + "," + FieldJson("f", "double") + "," + FieldJson("s", "string") + "," +
                     FieldJson("d", "date") + "," + FieldJson("x", "decimal(10,2)") + "," + FieldJson("n", "integer"))};
    for (int i = 0; i < 10; ++i) {
      const std::string file = fmt::format("f{}.parquet", i);
      WriteParquetFile(
          t + "/" + file,
          fmt::format("SELECT {0} * 10 + j AS k, CASE WHEN j = 9 THEN 'nan'::DOUBLE ELSE {0} * 10 + j END AS f, "
                      "printf('%03d-%s', {0} * 10 + j, repeat('x', 60)) AS s, "
                      "DATE '2020-01-01' + ({0} * 10 + j)::INTEGER AS d, ({0} * 10 + j)::DECIMAL(10,2) AS x, "
                      "CASE WHEN {0} = 3 THEN NULL ELSE j END::INTEGER AS n FROM range(10) r(j)",
                      i));
      const std::string low = fmt::format("{}-{}", fmt::format("{:03}", i * 10), std::string(28, 'x'));
      const std::string high = fmt::format("{}-{}", fmt::format("{:03}", i * 10 + 9), std::string(28, 'x'));
      lines.push_back(AddLine(
          file, "{}",
          fmt::format(R"({{"numRecords":10,"minValues":{{"k":{0},"f":{0}.0,"s":"{2}","d":"{4}","x":{0}.00}},)"
                      R"("maxValues":{{"k":{1},"f":{5}.0,"s":"{3}","d":"{6}","x":{1}.00}},)"
                      R"("nullCount":{{"k":0,"f":0,"s":0,"d":0,"x":0,"n":{7}}}}})",
                      i * 10, i * 10 + 9, low, high, Day(i * 10), i * 10 + 8, Day(i * 10 + 9), i == 3 ? 10 : 0)));
    }
    WriteLogFile(t, 0, lines);
  }
  static std::string Day(int offset) {
    using namespace std::chrono;
    const year_month_day day{sys_days{year{2020} / 1 / 1} + days{offset}};
    return fmt::format("{:04}-{:02}-{:02}", int{day.year()}, unsigned{day.month()}, unsigned{day.day()});
  }
  void Expect(const std::string& predicate, int64_t rows, int64_t files) {
    EXPECT_EQ(Answer("SELECT count(k) FROM t WHERE " + predicate), Rows{fmt::format("[{}]", rows)}) << predicate;
    EXPECT_EQ(statistics_.files_kept, files) << predicate;
    EXPECT_EQ(statistics_.files_total, 10) << predicate;
    EXPECT_EQ(digest_.scans.at(0).files_total, 10) << predicate;
  }
};

TEST_F(PruningTest, Comparisons) {
  Expect("k = 42", 1, 1);
  Expect("42 = k", 1, 1);
  EXPECT_EQ(digest_.scans.at(0).files_kept, 1);  // Known when bound already.
  Expect("k < 20", 20, 2);
  Expect("k <= 20", 21, 3);
  Expect("k > 89", 10, 1);
  Expect("k >= 89", 11, 2);
  Expect("k BETWEEN 15 AND 25", 11, 2);
  Expect("k IN (1, 55, 99)", 3, 3);
  Expect("k = 1 OR k = 99", 2, 2);
  Expect("k > 1000", 0, 0);
  Expect("k <> 5", 99, 10);
  Expect("d = DATE '2020-02-11'", 1, 1);
  Expect("x >= 95", 5, 1);
  Expect("x = 42", 1, 1);
}

TEST_F(PruningTest, NullCounts) {
  Expect("n IS NULL", 10, 1);
  Expect("n IS NOT NULL", 90, 9);
  Expect("n = 5", 9, 9);
  Expect("k IS NULL", 0, 0);
}

TEST_F(PruningTest, NotANumberIsGreaterThanAllAndNotInStatistics) {
  Expect("f > 1000", 10, 10);
  Expect("f = 'nan'::DOUBLE", 10, 10);
  Expect("f < 20", 18, 2);
  Expect("f = 42", 1, 1);
}

TEST_F(PruningTest, CutStringsAreTakenAsPrefixes) {
  const std::string tail(60, 'x');
  Expect("s = '042-" + tail + "'", 1, 1);
  Expect("s = '049-" + tail + "'", 1, 1);  // Greater than the cut maximum of its file.
  Expect("s > '089-" + std::string(40, 'x') + "'", 11, 2);
  Expect("s LIKE '04%'", 10, 1);
}

TEST_F(PruningTest, JoinsPruneByWhatTheOtherSideHolds) {
  EXPECT_EQ(Answer("SELECT count(*) FROM t JOIN (VALUES (41), (43)) v(k) ON t.k = v.k"), Rows{"[2]"});
  EXPECT_LE(statistics_.files_kept, 1);
}

TEST_F(PruningTest, ParametersPrune) {
  EXPECT_EQ(Answer("SELECT s[1:3] FROM t WHERE k = $1", {{"1", "42", ""}}), Rows{R"(["042"])"});
  EXPECT_EQ(statistics_.files_kept, 1);
  EXPECT_EQ(Answer("SELECT k FROM t WHERE d = $day", {{"day", "\"2020-02-11\"", "DATE"}}), Rows{"[41]"});
  EXPECT_EQ(statistics_.files_kept, 1);
}

TEST_F(PruningTest, RowGroupsAreCounted) {
  const std::string t = root_ + "/tables/g";
  provider_->AddTable("g", t);
  WriteParquetFile(t + "/a.parquet", "SELECT i AS id FROM range(20480) r(i)", ", ROW_GROUP_SIZE 2048");
  WriteLogFile(t, 0, {ProtocolLine(), MetadataLine(FieldJson("id", "long")), AddLine("a.parquet")});
  EXPECT_EQ(Answer("SELECT sum(id) FROM g WHERE id < 10"), Rows{R"(["45"])"});
  EXPECT_EQ(statistics_.row_groups_total, 10);
  EXPECT_EQ(statistics_.row_groups_kept, 1);
}

TEST_F(PruningTest, ManagedTablesGiveBoundsToThePlanner) {
  ASSERT_TRUE(Run("CREATE TABLE m AS SELECT i::BIGINT AS k, CASE WHEN i % 7 = 0 THEN NULL ELSE i END::INTEGER AS n, "
                  "DATE '2020-01-01' + i::INTEGER AS d FROM range(1000) r(i)")
                  .has_value());
  EXPECT_EQ(Answer("SELECT count(k) FROM m WHERE k < 5000"), Rows{"[1000]"});  // Needs no file.
  EXPECT_EQ(statistics_.files_kept, 0);
  EXPECT_EQ(statistics_.files_total, 1);
  EXPECT_EQ(Answer("SELECT count(n), min(n), max(n) FROM m WHERE k >= 0"), Rows{"[857,1,999]"});
  EXPECT_EQ(Answer("SELECT count(*) FROM m WHERE n IS NULL"), Rows{"[143]"});
  EXPECT_EQ(Answer("SELECT k, count(*) FROM m WHERE k IN (3, 2000) GROUP BY k"), Rows{"[3,1]"});
  ASSERT_TRUE(Run("DELETE FROM m WHERE k >= 500").has_value());
  ASSERT_TRUE(Run("INSERT INTO m VALUES (-7, 5, DATE '1999-12-31')").has_value());
  EXPECT_EQ(Answer("SELECT min(k), max(k), min(d) FROM m"), Rows{R"([-7,499,"1999-12-31"])"});
  EXPECT_EQ(Answer("SELECT count(*) FROM m a JOIN m b ON a.k = b.k"), Rows{"[501]"});
}

TEST_F(PruningTest, ExplainShowsFilesKept) {
  ASSERT_TRUE(Begin().has_value());
  auto bound = Bind("SELECT * FROM t WHERE k = 42");
  ASSERT_TRUE(bound.has_value());
  auto text = engine_->Explain(Cost(*std::move(bound)));
  engine_->EndStatement();
  ASSERT_TRUE(text.has_value()) << text.error().message();
  EXPECT_NE(text->find("files 1 of 10"), std::string::npos) << *text;
  EXPECT_EQ(text->find(root_), std::string::npos) << *text;
}

}  // namespace
}  // namespace neurolake::engine::duckdb
