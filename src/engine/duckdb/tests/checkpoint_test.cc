#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/foreign_table.h"

namespace neurolake::engine::duckdb {
namespace {

// Snapshots through checkpoints that other writers made. The commits before them are gone, so nothing else can be read.
class CheckpointTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    t_ = root_ + "/tables/t";
    log_ = t_ + "/_delta_log/";
    provider_->AddTable("t", t_);
    for (int i = 0; i < 4; ++i) {
      WriteParquetFile(fmt::format("{}/f{}.parquet", t_, i), fmt::format("SELECT {}::BIGINT AS id", i));
    }
    std::filesystem::create_directories(log_);
  }
  static std::string Add(int i, const std::string& more = "") {
    return fmt::format(
        "{{'path': 'f{0}.parquet', 'partitionValues': MAP {{'p': 'v{0}'}}, 'size': 100::BIGINT, "
        "'modificationTime': 1::BIGINT, 'dataChange': false, "
        "'stats': '{{\"numRecords\":1,\"minValues\":{{\"id\":{0}}},\"maxValues\":{{\"id\":{0}}}}}'{1}}}",
        i, more);
  }
  static std::string Metadata() {
    const std::string schema =
        R"({"type":"struct","fields":[)" + FieldJson("id", "long") + "," + FieldJson("p", "string") + "]}";
    return fmt::format(
        "{{'id': 'x', 'format': {{'provider': 'parquet'}}, 'schemaString': '{}', 'partitionColumns': ['p'], "
        "'configuration': MAP {{'k': 'v'}}, 'createdTime': 1::BIGINT}}",
        schema);
  }
  static std::string Protocol(bool v2) {
    if (!v2) return "{'minReaderVersion': 1, 'minWriterVersion': 2}";
    return "{'minReaderVersion': 3, 'minWriterVersion': 7, 'readerFeatures': ['v2Checkpoint'], "
           "'writerFeatures': ['v2Checkpoint']}";
  }
  void ExpectFourRows() {
    EXPECT_EQ(Answer("SELECT id, p FROM t ORDER BY id"),
              (Rows{R"([0,"v0"])", R"([1,"v1"])", R"([2,"v2"])", R"([3,"v3"])"}));
    EXPECT_EQ(Answer("SELECT p FROM t WHERE id = 2"), Rows{R"(["v2"])"});
    EXPECT_EQ(statistics_.files_kept, 1);
  }
  std::string t_, log_;
};

TEST_F(CheckpointTest, VersionOneInOneFile) {
  WriteParquetFile(log_ + "00000000000000000010.checkpoint.parquet",
                   "SELECT " + Protocol(false) +
                       " AS protocol, NULL AS \"metaData\", NULL AS \"add\", NULL AS remove "
                       "UNION ALL SELECT NULL, " +
                       Metadata() +
                       ", NULL, NULL "
                       "UNION ALL SELECT NULL, NULL, " +
                       Add(0) + ", NULL UNION ALL SELECT NULL, NULL, " + Add(1) +
                       ", NULL "
                       "UNION ALL SELECT NULL, NULL, " +
                       Add(2) +
                       ", NULL "
                       "UNION ALL SELECT NULL, NULL, NULL, {'path': 'old.parquet', 'deletionTimestamp': 1}");
  std::ofstream(log_ + "_last_checkpoint") << R"({"version":10,"size":6})";
  WriteLogFile(
      t_, 11,
      {AddLine("f3.parquet", R"({"p":"v3"})", R"({"numRecords":1,"minValues":{"id":3},"maxValues":{"id":3}})")});
  ExpectFourRows();
  EXPECT_EQ(digest_.scans.at(0).version, 11);
  EXPECT_EQ(Answer("SELECT count(*) FROM t AT (VERSION => 10)"), Rows{"[3]"});
}

TEST_F(CheckpointTest, VersionOneInParts) {
  WriteParquetFile(log_ + "00000000000000000010.checkpoint.0000000001.0000000002.parquet",
                   "SELECT " + Protocol(false) +
                       " AS protocol, NULL AS \"metaData\", NULL AS \"add\" "
                       "UNION ALL SELECT NULL, " +
                       Metadata() + ", NULL UNION ALL SELECT NULL, NULL, " + Add(0) +
                       " "
                       "UNION ALL SELECT NULL, NULL, " +
                       Add(1));
  WriteParquetFile(log_ + "00000000000000000010.checkpoint.0000000002.0000000002.parquet",
                   "SELECT NULL::STRUCT(\"minReaderVersion\" INTEGER, \"minWriterVersion\" INTEGER) AS protocol, "
                   "CASE WHEN false THEN " +
                       Metadata() + " END AS \"metaData\", " + Add(2) +
                       " AS \"add\" "
                       "UNION ALL SELECT NULL, NULL, " +
                       Add(3));
  std::ofstream(log_ + "_last_checkpoint") << R"({"version":10,"size":6,"parts":2})";
  ExpectFourRows();
}

TEST_F(CheckpointTest, VersionTwoWithSidecars) {
  WriteParquetFile(log_ + "_sidecars/a.parquet", "SELECT " + Add(0) + " AS \"add\" UNION ALL SELECT " + Add(1));
  WriteParquetFile(log_ + "_sidecars/b.parquet", "SELECT " + Add(2) + " AS \"add\" UNION ALL SELECT " + Add(3));
  WriteParquetFile(
      log_ + "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet",
      "SELECT {'version': 10} AS \"checkpointMetadata\", NULL AS sidecar, NULL AS protocol, NULL AS \"metaData\" "
      "UNION ALL SELECT NULL, {'path': 'a.parquet', 'sizeInBytes': 1, 'modificationTime': 1}, NULL, NULL "
      "UNION ALL SELECT NULL, {'path': 'b.parquet', 'sizeInBytes': 1, 'modificationTime': 1}, NULL, NULL "
      "UNION ALL SELECT NULL, NULL, " +
          Protocol(true) +
          ", NULL "
          "UNION ALL SELECT NULL, NULL, NULL, " +
          Metadata());
  ExpectFourRows();
}

TEST_F(CheckpointTest, VersionTwoInJsonWithSidecars) {
  WriteParquetFile(log_ + "_sidecars/a.parquet", "SELECT " + Add(0) + " AS \"add\" UNION ALL SELECT " + Add(1) +
                                                     " UNION ALL SELECT " + Add(2) + " UNION ALL SELECT " + Add(3));
  std::ofstream(log_ + "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json")
      << ProtocolLine({"v2Checkpoint"}) << "\n"
      << MetadataLine(FieldJson("id", "long") + "," + FieldJson("p", "string"), R"(["p"])") << "\n"
      << R"({"checkpointMetadata":{"version":10}})"
      << "\n"
      << R"({"sidecar":{"path":"a.parquet","sizeInBytes":1,"modificationTime":1}})"
      << "\n";
  ExpectFourRows();
}

TEST_F(CheckpointTest, StatisticsInTypedColumns) {
  WriteParquetFile(
      log_ + "00000000000000000010.checkpoint.parquet",
      "SELECT " + Protocol(false) +
          " AS protocol, NULL AS \"metaData\", NULL AS \"add\" "
          "UNION ALL SELECT NULL, " +
          Metadata() +
          ", NULL "
          "UNION ALL SELECT NULL, NULL, {'path': 'f' || i || '.parquet', 'partitionValues': MAP {'p': 'v' || i}, "
          "'size': 1::BIGINT, 'stats_parsed': {'numRecords': 1::BIGINT, 'minValues': {'id': i}, 'maxValues': "
          "{'id': i}, 'nullCount': {'id': 0::BIGINT}}} FROM range(4) r(i)");
  ExpectFourRows();
}

TEST_F(CheckpointTest, ABrokenCheckpointIsCorruption) {
  std::ofstream(log_ + "00000000000000000010.checkpoint.parquet") << "nonsense";
  auto rows = Run("SELECT * FROM t");
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().code(), ErrorCode::kCorruption) << rows.error().message();
  EXPECT_FALSE(engine_->broken());
}

// 100,000 files by one commit and by a checkpoint; the budget is for two slow cores and a build without optimisation.
TEST_F(CheckpointTest, ManyFilesAreListedQuickly) {
  WriteParquetFile(log_ + "00000000000000000010.checkpoint.parquet",
                   "SELECT " + Protocol(false) +
                       " AS protocol, NULL AS \"metaData\", NULL AS \"add\" "
                       "UNION ALL SELECT NULL, " +
                       Metadata() +
                       ", NULL "
                       "UNION ALL SELECT NULL, NULL, {'path': 'part-' || i || '-c000.snappy.parquet', "
                       "'partitionValues': MAP {'p': 'v' || i}, 'size': 1::BIGINT, 'modificationTime': 1::BIGINT, "
                       "'dataChange': true, "
                       "'stats': '{\"numRecords\":1,\"minValues\":{\"id\":' || i || '},\"maxValues\":{\"id\":' || i || "
                       "'},\"nullCount\":{\"id\":0}}'} "
                       "FROM range(100000) r(i)");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[100000]"});
  const auto from_checkpoint = std::chrono::steady_clock::now() - begin;
  std::vector<std::string> lines = {ProtocolLine(), MetadataLine(FieldJson("id", "long"))};
  for (int i = 0; i < 100'000; ++i) {
    lines.push_back(AddLine(fmt::format("part-{}-c000.snappy.parquet", i), "{}",
                            fmt::format(R"({{"numRecords":1,"minValues":{{"id":{0}}},"maxValues":{{"id":{0}}},)"
                                        R"("nullCount":{{"id":0}}}})",
                                        i)));
  }
  provider_->AddTable("j", root_ + "/tables/j");
  WriteLogFile(root_ + "/tables/j", 0, lines);
  const auto begin_json = std::chrono::steady_clock::now();
  EXPECT_EQ(Answer("SELECT count(*) FROM j"), Rows{"[100000]"});
  const auto from_json = std::chrono::steady_clock::now() - begin_json;
  const auto begin_again = std::chrono::steady_clock::now();
  EXPECT_EQ(Answer("SELECT count(*) FROM j"), Rows{"[100000]"});
  const auto again = std::chrono::steady_clock::now() - begin_again;
  auto milliseconds = [](auto duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  };
  RecordProperty("checkpoint_ms", static_cast<int>(milliseconds(from_checkpoint)));
  std::cout << "100,000 files: checkpoint " << milliseconds(from_checkpoint) << " ms, commit "
            << milliseconds(from_json) << " ms, cached " << milliseconds(again) << " ms\n";
  EXPECT_LT(from_checkpoint, std::chrono::seconds(5));
  EXPECT_LT(from_json, std::chrono::seconds(5));
}

}  // namespace
}  // namespace neurolake::engine::duckdb
