#include <filesystem>

#include "common/text.h"
#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/foreign_table.h"

namespace neurolake::engine::duckdb {
namespace {

using ::testing::Test;

class WriteTest : public EngineTest {
 protected:
  const LakeCommit& Last() const { return provider_->commits.back(); }
  std::string Location(const std::string& key) const { return provider_->Table(key).location; }
  size_t DataFiles(const std::string& key) const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Location(key))) {
      const std::string path = entry.path().string();
      if (path.ends_with(".parquet") && path.find("_delta_log") == std::string::npos) ++count;
    }
    return count;
  }
};

TEST_F(WriteTest, InsertIsOneBlindAppend) {
  Answer("CREATE TABLE t (id BIGINT, s VARCHAR)");
  Answer("INSERT INTO t VALUES (1, 'a'), (2, NULL)");
  EXPECT_EQ(statistics_.rows_changed, 2);
  EXPECT_EQ(statistics_.committed_version, 1);
  EXPECT_EQ(Last().request.operation, "WRITE");
  EXPECT_TRUE(Last().request.blind_append);
  EXPECT_EQ(Last().request.operation_metrics.at("numOutputRows"), "2");
  EXPECT_EQ(Last().request.adds.size(), 1U);
}

TEST_F(WriteTest, InsertThatReadsItsTableIsNotBlind) {
  Answer("CREATE TABLE t (id BIGINT)");
  Answer("INSERT INTO t VALUES (1)");
  Answer("INSERT INTO t SELECT id + 1 FROM t");
  EXPECT_FALSE(Last().request.blind_append);
  EXPECT_EQ(Answer("SELECT id FROM t ORDER BY id"), (Rows{"[1]", "[2]"}));
}

TEST_F(WriteTest, InsertOfNoRowsMakesNoVersion) {
  Answer("CREATE TABLE t (id BIGINT)");
  EXPECT_EQ(Answer("INSERT INTO t SELECT 1 WHERE false"), Rows{});
  EXPECT_EQ(statistics_.rows_changed, 0);
  EXPECT_EQ(provider_->commits.size(), 1U);
  EXPECT_EQ(DataFiles("main.t"), 0U);
}

TEST_F(WriteTest, ColumnListsFillWithNull) {
  Answer("CREATE TABLE t (a BIGINT, b VARCHAR, c DATE)");
  Answer("INSERT INTO t (c, a) VALUES ('2020-01-01', 7)");
  EXPECT_EQ(Answer("SELECT * FROM t"), Rows{R"([7,null,"2020-01-01"])"});
}

TEST_F(WriteTest, NotNullNamesTheColumnAndLeavesNothing) {
  Answer("CREATE TABLE t (id BIGINT NOT NULL, s VARCHAR)");
  EXPECT_EQ(Answer("INSERT INTO t (s) VALUES ('x')"), Rows{"NotNullViolation: NULL in a column that is NOT NULL: id"});
  Answer("INSERT INTO t VALUES (1, 'x')");
  EXPECT_EQ(Answer("UPDATE t SET id = NULL"), Rows{"NotNullViolation: NULL in a column that is NOT NULL: id"});
  EXPECT_EQ(Answer("SELECT * FROM t"), Rows{R"([1,"x"])"});
  EXPECT_EQ(DataFiles("main.t"), 1U);
}

TEST_F(WriteTest, PartitionsByValue) {
  Answer("CREATE TABLE p (k VARCHAR, v INTEGER) PARTITIONED BY (k)");
  Answer("INSERT INTO p VALUES ('a b/ü', 1), ('a b/ü', 2), (NULL, 3), ('', 4)");
  EXPECT_EQ(Answer("SELECT k, sum(v)::BIGINT FROM p GROUP BY k ORDER BY k"), (Rows{R"(["a b/ü",3])", "[null,7]"}));
  for (const auto& add : Last().request.adds) EXPECT_TRUE(add.partition_values.contains("k"));
  Answer("UPDATE p SET k = 'c' WHERE v = 1");
  EXPECT_EQ(Answer("SELECT v FROM p WHERE k = 'c'"), Rows{"[1]"});
}

TEST_F(WriteTest, DeleteUsesDeletionVectorsThenDropsTheFile) {
  Answer("CREATE TABLE t (id BIGINT)");
  Answer("INSERT INTO t SELECT * FROM range(100)");
  Answer("DELETE FROM t WHERE range < 10");  // No such column: nothing happens.
  Answer("DELETE FROM t WHERE id < 10");
  EXPECT_EQ(statistics_.rows_changed, 10);
  ASSERT_EQ(Last().request.adds.size(), 1U);
  EXPECT_EQ(Last().request.adds[0].deletion_vector->cardinality, 10);
  EXPECT_NE(Last().request.adds[0].stats.find("\"tightBounds\":false"), std::string::npos);
  Answer("DELETE FROM t WHERE id % 2 = 0");
  EXPECT_EQ(Last().request.adds[0].deletion_vector->cardinality, 55);
  EXPECT_EQ(Answer("SELECT count(*), min(id) FROM t"), Rows{"[45,11]"});
  Answer("DELETE FROM t");
  EXPECT_TRUE(Last().request.adds.empty());
  EXPECT_EQ(Last().request.removes.size(), 1U);
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[0]"});
}

TEST_F(WriteTest, DeleteRewritesFilesWhereVectorsAreOff) {
  Answer("CREATE TABLE t (id BIGINT, s VARCHAR) WITH (compatibility = 'widest')");
  Answer("INSERT INTO t SELECT i, 'v' || i FROM range(10) r(i)");
  Answer("DELETE FROM t WHERE id = 3");
  ASSERT_EQ(Last().request.adds.size(), 1U);
  EXPECT_FALSE(Last().request.adds[0].deletion_vector.has_value());
  EXPECT_EQ(Last().request.operation_metrics.at("numCopiedRows"), "9");
  EXPECT_EQ(Answer("SELECT count(*), sum(id)::BIGINT FROM t"), Rows{"[9,42]"});
}

TEST_F(WriteTest, UpdateIsOneVersion) {
  Answer("CREATE TABLE t (id BIGINT, s VARCHAR, n STRUCT(a INTEGER))");
  Answer("INSERT INTO t VALUES (1, 'a', {'a': 1}), (2, 'b', NULL)");
  Answer("UPDATE t SET s = s || '!' WHERE id = 1");
  EXPECT_EQ(statistics_.rows_changed, 1);
  EXPECT_EQ(statistics_.committed_version, 2);
  EXPECT_EQ(Last().request.operation_metrics.at("numUpdatedRows"), "1");
  EXPECT_EQ(Answer("SELECT id, s, n.a FROM t ORDER BY id"), (Rows{R"([1,"a!",1])", R"([2,"b",null])"}));
}

TEST_F(WriteTest, UpdateFromRefusesASecondMatch) {
  Answer("CREATE TABLE t (id BIGINT)");
  Answer("INSERT INTO t VALUES (1)");
  const auto answer = Answer("UPDATE t SET id = r.v FROM (VALUES (1, 5), (1, 6)) r(k, v) WHERE t.id = r.k");
  EXPECT_EQ(answer.at(0).substr(0, 15), "InvalidArgument");
  EXPECT_EQ(Answer("SELECT id FROM t"), Rows{"[1]"});
}

TEST_F(WriteTest, CreateAsWidensTypes) {
  Answer(
      "CREATE TABLE t AS SELECT 200::UTINYINT AS a, 5::HUGEINT AS h, 'x'::ENUM('x') AS e, "
      "TIMESTAMP_S '2020-01-01' ts");
  EXPECT_EQ(statistics_.committed_version, 0);
  EXPECT_EQ(Last().request.operation, "CREATE TABLE AS SELECT");
  EXPECT_EQ(Answer("SELECT * FROM t"), Rows{R"([200,"5","x","2020-01-01T00:00:00"])"});
}

TEST_F(WriteTest, ReplaceKeepsIdAndHistory) {
  Answer("CREATE TABLE t AS SELECT 1 AS a");
  const TableId id = provider_->Table("main.t").id;
  Answer("CREATE OR REPLACE TABLE t AS SELECT 'x' AS b");
  EXPECT_EQ(provider_->Table("main.t").id, id);
  EXPECT_EQ(statistics_.committed_version, 1);
  EXPECT_EQ(Answer("SELECT * FROM t"), Rows{R"(["x"])"});
  EXPECT_EQ(Answer("SELECT * FROM t AT (VERSION => 0)"), Rows{"[1]"});
}

TEST_F(WriteTest, RefusesByNameWhatATableCannotHave) {
  EXPECT_EQ(Answer("CREATE TABLE t (a TIME)").at(0).substr(0, 12), "NotSupported");
  EXPECT_EQ(Answer("CREATE TABLE t (a INTEGER PRIMARY KEY)"),
            Rows{"NotSupported: a lake table cannot have PRIMARY KEY: t"});
  EXPECT_EQ(Answer("CREATE TABLE t (a INTEGER CHECK (a > 0))"),
            Rows{"NotSupported: a lake table cannot have CHECK constraints: t"});
  EXPECT_EQ(Answer("CREATE TABLE t (a INTEGER DEFAULT 3)"), Rows{"NotSupported: DEFAULT is not supported: column a"});
  EXPECT_EQ(Answer("CREATE TABLE t (a INTEGER) WITH (\"delta.nonsense\" = 1)").at(0).substr(0, 15), "InvalidArgument");
  EXPECT_TRUE(provider_->commits.empty());
  Answer("CREATE TABLE t (a INTEGER, d DATE)");
  EXPECT_EQ(Answer("INSERT INTO t VALUES (1, NULL) RETURNING a").at(0).substr(0, 12), "NotSupported");
  EXPECT_EQ(Answer("INSERT INTO t VALUES (1, 'infinity')").at(0).substr(0, 17), "NumericOutOfRange");
  EXPECT_EQ(DataFiles("main.t"), 0U);
}

TEST_F(WriteTest, FailedCommitGivesItsErrorAndDeletesFiles) {
  Answer("CREATE TABLE t (a INTEGER)");
  provider_->next_commit_error = Error(ErrorCode::kConflict, "another writer was faster");
  EXPECT_EQ(Answer("INSERT INTO t VALUES (1)"), Rows{"Conflict: another writer was faster"});
  EXPECT_EQ(DataFiles("main.t"), 0U);
  provider_->next_commit_error = Error(ErrorCode::kCommitUnknown, "no answer");
  EXPECT_EQ(Answer("INSERT INTO t VALUES (1)"), Rows{"CommitUnknown: no answer"});
  EXPECT_EQ(DataFiles("main.t"), 1U);  // It may have been published.
}

TEST_F(WriteTest, FailureWhileWritingLeavesNoFiles) {
  Answer("CREATE TABLE t (a INTEGER)");
  const auto answer = Answer(
      "INSERT INTO t SELECT CASE WHEN i = 900000 THEN 'x' ELSE '1' END::INTEGER "
      "FROM range(1000000) r(i)");
  EXPECT_EQ(answer.at(0).substr(0, 16), "ConversionFailed");
  EXPECT_EQ(DataFiles("main.t"), 0U);
  EXPECT_EQ(provider_->commits.size(), 1U);
}

TEST_F(WriteTest, RegistersATableThatIsThere) {
  const std::string place = root_ + "/tables/outside";
  Answer("CREATE TABLE a (x INTEGER) WITH (location = '" + place + "')");
  Answer("INSERT INTO a VALUES (5)");
  EXPECT_EQ(Answer("CREATE TABLE b (\"_\" BOOLEAN) WITH (location = '" + place + "')"), Rows{});
  EXPECT_TRUE(Last().register_only);
  EXPECT_EQ(Answer("SELECT * FROM b"), Rows{"[5]"});
  EXPECT_EQ(Answer("CREATE TABLE c (y DATE) WITH (location = '" + place + "')").at(0).substr(0, 15), "InvalidArgument");
  EXPECT_EQ(Answer("CREATE TABLE c (\"_\" BOOLEAN) WITH (location = '" + place + "2')").at(0).substr(0, 8), "NotFound");
}

TEST_F(WriteTest, FilesAreCompressedAsTheTableSays) {
  const auto codec_of = [&](const std::string& key) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Location(key))) {
      if (entry.path().extension() == ".parquet") return ParquetFileCodec(entry.path().string());
    }
    return std::string("no file");
  };
  const std::string rows = " VALUES (1, 'one'), (2, 'two')";
  Answer("CREATE TABLE plain (id BIGINT, s VARCHAR)");
  Answer("INSERT INTO plain" + rows);
  EXPECT_EQ(codec_of("main.plain"), "SNAPPY");
  for (const std::string codec : {"ZSTD", "GZIP", "LZ4_RAW", "UNCOMPRESSED"}) {
    const std::string table = "t_" + LowerAscii(codec);
    Answer("CREATE TABLE " + table + " (id BIGINT, s VARCHAR) WITH (\"delta.parquet.compression.codec\" = '" + codec +
           "')");
    Answer("INSERT INTO " + table + rows);
    EXPECT_EQ(codec_of("main." + table), codec);
    EXPECT_EQ(Answer("SELECT * FROM " + table + " ORDER BY id"), (Rows{R"([1,"one"])", R"([2,"two"])"}));
  }
}

TEST_F(WriteTest, NaNNeverHidesARow) {
  Answer("CREATE TABLE t (f DOUBLE)");
  Answer("INSERT INTO t VALUES (1), ('nan')");
  EXPECT_EQ(Answer("SELECT count(*) FROM t WHERE f > 5"), Rows{"[1]"});
}

TEST_F(WriteTest, MappedColumnsKeepTheirNames) {
  Answer("CREATE TABLE t (\"a b\" INTEGER, s STRUCT(\"c d\" INTEGER))");
  Answer("INSERT INTO t VALUES (1, {'c d': 2}), (3, NULL)");
  Answer("UPDATE t SET \"a b\" = 10 WHERE \"a b\" = 1");
  EXPECT_EQ(Answer("SELECT \"a b\", s.\"c d\" FROM t ORDER BY 1"), (Rows{"[3,null]", "[10,2]"}));
}

TEST_F(WriteTest, TransactionIsOneVersionAndReadsItsOwnWrites) {
  Answer("CREATE TABLE t (id BIGINT)");
  Answer("CREATE TABLE other (id BIGINT)");
  Answer("INSERT INTO t SELECT * FROM range(10)");
  const size_t commits = provider_->commits.size();
  EXPECT_EQ(Answer("BEGIN"), Rows{});
  EXPECT_EQ(Answer("INSERT INTO t VALUES (100)"), Rows{});
  EXPECT_EQ(Answer("DELETE FROM t WHERE id < 5 OR id = 100"), Rows{});
  EXPECT_EQ(Answer("UPDATE t SET id = id + 1 WHERE id = 9"), Rows{});
  EXPECT_EQ(Answer("SELECT min(id), max(id), count(*) FROM t"), Rows{"[5,10,5]"});
  EXPECT_EQ(provider_->commits.size(), commits);
  EXPECT_EQ(Answer("COMMIT"), Rows{});
  ASSERT_EQ(provider_->commits.size(), commits + 1);
  EXPECT_EQ(Last().request.adds.size(), 2U);  // The old file with its vector, and the updated row.
  EXPECT_EQ(Last().request.removes.size(), 1U);
  EXPECT_EQ(Answer("SELECT min(id), max(id), count(*) FROM t"), Rows{"[5,10,5]"});
}

TEST_F(WriteTest, TransactionWritesOneTableOnly) {
  Answer("CREATE TABLE t (id BIGINT)");
  Answer("CREATE TABLE other (id BIGINT)");
  Answer("BEGIN");
  Answer("INSERT INTO t VALUES (1)");
  EXPECT_EQ(Answer("INSERT INTO other VALUES (1)").at(0).substr(0, 12), "NotSupported");
  Answer("ROLLBACK");
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[0]"});
  EXPECT_EQ(DataFiles("main.t"), 0U);
}

TEST_F(WriteTest, TableMadeInATransactionIsThereForItsStatements) {
  Answer("BEGIN");
  EXPECT_EQ(Answer("CREATE TABLE t (id BIGINT)"), Rows{});
  EXPECT_EQ(Answer("INSERT INTO t VALUES (1)"), Rows{});
  EXPECT_EQ(Answer("SELECT id FROM t"), Rows{"[1]"});
  EXPECT_EQ(Answer("COMMIT"), Rows{});
  EXPECT_EQ(provider_->commits.size(), 1U);
  EXPECT_EQ(Answer("SELECT id FROM t"), Rows{"[1]"});
}

TEST_F(WriteTest, WritesACheckpointEveryTenVersions) {
  Answer("CREATE TABLE t (id BIGINT, \"a b\" VARCHAR) PARTITIONED BY (id)");
  for (int i = 1; i <= 8; ++i) Answer("INSERT INTO t VALUES (" + std::to_string(i) + ", 'v')");
  Answer("DELETE FROM t WHERE id = 3");
  Answer("INSERT INTO t SELECT 9, 'w' FROM range(3)");
  const std::string log = Location("main.t") + "/_delta_log/";
  EXPECT_TRUE(std::filesystem::exists(log + "00000000000000000010.checkpoint.parquet"));
  EXPECT_TRUE(std::filesystem::exists(log + "_last_checkpoint"));
  Answer("DELETE FROM t WHERE id = 9");
  for (int i = 0; i <= 8; ++i) std::filesystem::remove(log + fmt::format("{:020}.json", i));
  Reopen();
  EXPECT_EQ(Answer("SELECT count(*), min(\"a b\") FROM t"), Rows{R"([7,"v"])"});
}

TEST_F(WriteTest, ChangesNamesThroughTheProvider) {
  Answer("CREATE SCHEMA IF NOT EXISTS s");
  Answer("CREATE TABLE s.t (a INTEGER)");
  Answer("CREATE VIEW s.v AS SELECT a FROM s.t");
  EXPECT_EQ(Answer("SELECT count(*) FROM s.v"), Rows{"[0]"});
  Answer("DROP VIEW s.v");
  Answer("DROP TABLE IF EXISTS s.t");
  Answer("DROP SCHEMA s CASCADE");
  ASSERT_EQ(provider_->changes.size(), 5U);
  EXPECT_TRUE(provider_->changes[0].if_not_exists);
  EXPECT_TRUE(provider_->changes[3].if_exists);
  EXPECT_TRUE(provider_->changes[4].cascade);
}

}  // namespace
}  // namespace neurolake::engine::duckdb
