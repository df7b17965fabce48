#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/foreign_table.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr int64_t kMiB = 1 << 20;

// What reading a log asks for before it reads.
class LogMemoryTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    t_ = root_ + "/tables/t";
    log_ = t_ + "/_delta_log/";
    provider_->AddTable("t", t_);
    std::filesystem::create_directories(log_);
    grants_.reserve_memory = [this](int64_t bytes) -> Result<void> {
      asked_.push_back(bytes);
      return refused_ ? Result<void>(MakeError(ErrorCode::kOutOfMemory, "no")) : Result<void>();
    };
  }
  /// A checkpoint's rows beside its files.
  std::string Head() const {
    return "SELECT {'minReaderVersion': 3, 'minWriterVersion': 7, 'readerFeatures': ['v2Checkpoint'], "
           "'writerFeatures': ['v2Checkpoint']} AS protocol, NULL AS \"metaData\", NULL AS sidecar, NULL AS \"add\" "
           "UNION ALL SELECT NULL, {'id': 'x', 'format': {'provider': 'parquet'}, 'schemaString': "
           "'{\"type\":\"struct\","
           "\"fields\":[" +
           FieldJson("id", "long") + "," + FieldJson("p", "string") +
           "]}', 'partitionColumns': ['p'], 'configuration': MAP {'k': 'v'}, 'createdTime': 1::BIGINT}, NULL, NULL ";
  }
  /// Files whose statistics say that none has the id 0.
  static std::string Adds(int count, const std::string& partition, const std::string& statistics) {
    return fmt::format(
        "SELECT {{'path': 'f' || i || '.parquet', 'partitionValues': MAP {{'p': {}}}, 'size': 1::BIGINT, "
        "'modificationTime': 1::BIGINT, 'dataChange': true, {}}} AS \"add\" FROM range({}) r(i)",
        partition, statistics, count);
  }
  static std::string TextStatistics() {
    return "'stats': '{\"numRecords\":1,\"minValues\":{\"id\":' || (i + 1) || '},\"maxValues\":{\"id\":' || (i + 1) || "
           "'}}'";
  }
  void WriteCheckpoint(const std::string& adds) {
    WriteParquetFile(log_ + "00000000000000000010.checkpoint.parquet",
                     Head() + "UNION ALL SELECT NULL, NULL, NULL, \"add\" FROM (" + adds + ")");
  }
  void WriteCommit(int version, int files) {
    std::ofstream file(log_ + fmt::format("{:020d}.json", version));
    if (version == 0) file << ProtocolLine() << "\n" << MetadataLine(FieldJson("id", "long")) << "\n";
    const std::string padding(900, 'x');
    for (int i = 0; i < files; ++i) {
      file << fmt::format(R"({{"add":{{"path":"{}-{}{}.parquet","partitionValues":{{}},"size":1,"modificationTime":0,)"
                          R"("dataChange":true,"stats":"{{\"numRecords\":1,\"minValues\":{{\"id\":1}}}}"}}}})",
                          version, i, padding)
           << "\n";
    }
  }
  Rows None() { return Answer("SELECT id FROM t WHERE id = 0"); }

  std::string t_, log_;
  std::vector<int64_t> asked_;
  bool refused_ = false;
};

TEST_F(LogMemoryTest, ASmallLogAsksForNothing) {
  WriteCheckpoint(Adds(1000, "'v'", TextStatistics()));
  EXPECT_EQ(None(), Rows{});
  EXPECT_TRUE(asked_.empty());
}

TEST_F(LogMemoryTest, SidecarsOfAParquetManifestAreAskedFor) {
  WriteParquetFile(log_ + "_sidecars/a.parquet", Adds(400'000, "'v'", TextStatistics()));
  WriteParquetFile(log_ + "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet",
                   Head() +
                       "UNION ALL SELECT NULL, NULL, {'path': 'a.parquet', 'sizeInBytes': 1, 'modificationTime': 1}, "
                       "NULL UNION ALL SELECT NULL, NULL, NULL, \"add\" FROM (" +
                       Adds(1, "'v'", TextStatistics()) + ") WHERE false");
  EXPECT_EQ(None(), Rows{});
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_GT(asked_[0], 100 * kMiB);

  Reopen();
  refused_ = true;
  EXPECT_EQ(None(), Rows{"OutOfMemory: no"});
}

TEST_F(LogMemoryTest, WhatRepeatsCountsForEachFile) {
  WriteCheckpoint(Adds(200'000, "repeat('v', 500)", TextStatistics()));
  EXPECT_EQ(None(), Rows{});
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_GT(asked_[0], 150 * kMiB);
}

TEST_F(LogMemoryTest, TypedStatisticsCountAsTheirText) {
  std::string columns;
  for (int i = 0; i < 8; ++i)
    columns += fmt::format("{}'a_column_with_a_long_name_{}': 1::BIGINT", i == 0 ? "" : ", ", i);
  WriteCheckpoint(Adds(200'000, "'v'", "'stats_parsed': {'numRecords': 1::BIGINT, 'minValues': {" + columns + "}}"));
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[200000]"});
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_GT(asked_[0], 130 * kMiB);
}

TEST_F(LogMemoryTest, CommitsSinceAKnownVersionAreAskedFor) {
  WriteCommit(0, 1);
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[1]"});
  WriteCommit(1, 1000);
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[1001]"});
  EXPECT_TRUE(asked_.empty());
  for (int version = 2; version < 12; ++version) WriteCommit(version, 4000);
  refused_ = true;
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"OutOfMemory: no"});
  refused_ = false;
  EXPECT_EQ(Answer("SELECT count(*) FROM t"), Rows{"[41001]"});
  ASSERT_EQ(asked_.size(), 2U);
  EXPECT_GT(asked_[1], 100 * kMiB);
}

}  // namespace
}  // namespace neurolake::engine::duckdb
