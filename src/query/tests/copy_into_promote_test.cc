#include "query/copy_into_promote.h"

#include "query/tests/copy_into_fixture.h"

namespace neurolake::query {
namespace {

class PromoteTest : public CopyIntoFixture {
 protected:
  static ObjectName Name(const std::string& table) {
    return {.schema = table.substr(0, table.find('.')), .name = table.substr(table.find('.') + 1)};
  }
  static Promote Statement(const std::string& source, const std::string& target, std::string select = "") {
    Promote promote;
    promote.source = Name(source);
    promote.target = Name(target);
    promote.select = std::move(select);
    return promote;
  }
  PromoteReport Promoted(const Promote& promote) {
    const auto report = RunPromote(promote, sql);
    EXPECT_TRUE(report.has_value()) << report.error().message() << "\n" << sql.last_error;
    return report.value_or(PromoteReport{});
  }
  void Load(const std::string& name, const std::string& text) {
    Loaded(CopyIntoFixture::Statement("bronze.t", File(name, text)));
  }
};

TEST_F(PromoteTest, MovesOnlyWhatIsNew) {
  const Promote promote =
      Statement("bronze.t", "silver.t", "SELECT id * 10 AS id, _load_id FROM source WHERE id <> 2 -- twos are wrong");
  Load("a.csv", "id\n1\n2\n");
  EXPECT_EQ(Promoted(promote).rows_written, 1);
  const PromoteReport nothing = Promoted(promote);
  EXPECT_EQ(nothing.version, -1);
  Load("b.csv", "id\n3\n");
  Load("c.csv", "id\n4\n");
  const PromoteReport report = Promoted(promote);
  EXPECT_EQ(report.rows_read, 2);
  EXPECT_EQ(report.rows_written, 2);
  EXPECT_EQ(sql.Show("SELECT id FROM silver.t ORDER BY id"), "10\n30\n40\n");
}

TEST_F(PromoteTest, CrashBeforeTheCommitIsRepeatedWhole) {
  const Promote promote = Statement("bronze.t", "silver.t");
  Load("a.csv", "id\n1\n");
  Promoted(promote);
  Load("b.csv", "id\n2\n");
  sql.before_write = [](const std::string&) -> Result<void> { return MakeError(ErrorCode::kWorkerLost, "killed"); };
  EXPECT_FALSE(RunPromote(promote, sql).has_value());
  sql.before_write = nullptr;
  EXPECT_EQ(Promoted(promote).rows_written, 1);
  EXPECT_EQ(sql.Show("SELECT id FROM silver.t ORDER BY id"), "1\n2\n");
}

TEST_F(PromoteTest, KeysOfTheTargetStay) {
  Promote promote = Statement("bronze.t", "silver.t");
  promote.key = {"id"};
  Load("a.csv", "id,v\n1,a\n");
  Promoted(promote);
  Load("b.csv", "id,v\n1,b\n2,c\n2,d\n");
  promote.order_by = "v";
  promote.keep_last = true;
  EXPECT_EQ(Promoted(promote).rows_written, 1);
  EXPECT_EQ(sql.Show("SELECT id, v FROM silver.t ORDER BY id"), "1|a\n2|d\n");
}

TEST_F(PromoteTest, AggregatesAreMadeAnew) {
  Promote promote = Statement("bronze.t", "gold.t", "SELECT v, count(*) AS n FROM source GROUP BY v");
  promote.replace = true;
  Load("a.csv", "v\na\nb\n");
  Promoted(promote);
  EXPECT_EQ(Promoted(promote).version, -1);
  Load("b.csv", "v\na\n");
  Promoted(promote);
  EXPECT_EQ(sql.Show("FROM gold.t ORDER BY v"), "a|2\nb|1\n");
  promote.select = "SELECT v, 10 * count(*) AS n FROM source GROUP BY v";
  Promoted(promote);
  EXPECT_EQ(sql.Show("FROM gold.t ORDER BY v"), "a|20\nb|10\n");
}

TEST_F(PromoteTest, WithoutLoadIdsByDifference) {
  WriteCommit commit;
  commit.target = Name("silver.s");
  ASSERT_TRUE(sql.Write({"CREATE TABLE \"silver\".\"s\" AS SELECT 1 AS id UNION ALL SELECT 1"}, commit).has_value());
  const Promote promote = Statement("silver.s", "gold.s");
  EXPECT_EQ(Promoted(promote).rows_written, 2);
  ASSERT_TRUE(sql.Write({"INSERT INTO \"silver\".\"s\" VALUES (1), (2)"}, commit).has_value());
  EXPECT_EQ(Promoted(promote).rows_written, 2);
  EXPECT_EQ(sql.Show("SELECT id, count(*) FROM gold.s GROUP BY id ORDER BY id"), "1|3\n2|1\n");
}

TEST_F(PromoteTest, ReplacedSourcesAreToldByTheirIds) {
  Load("a.csv", "id\n1\n");
  EXPECT_FALSE(RunPromote(Statement("bronze.none", "silver.t"), sql).has_value());
  Promote promote = Statement("bronze.t", "silver.t");
  Promoted(promote);
  sql.MakeAnew("bronze", "t");
  const auto refused = RunPromote(promote, sql);
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().message().starts_with("the source bronze.t was dropped and made anew"));
  promote.full = true;
  promote.key = {"id"};
  EXPECT_EQ(Promoted(promote).rows_written, 0);
  promote.full = false;
  EXPECT_EQ(Promoted(promote).version, -1);
}

TEST_F(PromoteTest, SourceThatWentBackNeedsFull) {
  Load("a.csv", "id\n1\n");
  Load("b.csv", "id\n2\n");
  Promote promote = Statement("bronze.t", "silver.t");
  Promoted(promote);
  sql.GoBack("bronze", "t");
  const auto refused = RunPromote(promote, sql);
  ASSERT_FALSE(refused.has_value());
  EXPECT_TRUE(refused.error().message().starts_with("version 1 of the source was promoted, but it is at version 0"));
}

}  // namespace
}  // namespace neurolake::query
