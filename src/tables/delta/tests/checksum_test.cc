#include "tables/delta/checksum.h"

#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

std::string ChecksumName(int64_t version) { return fmt::format("/t/_delta_log/{:020d}.crc", version); }

class ChecksumTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Commit(TestContext(), store_, CreateRequest("/t")).has_value()); }
  std::shared_ptr<const Snapshot> Load() {
    auto reader = NewSimpleLogReader(store_);
    return LoadSnapshot(TestContext(), store_, *reader, "/t", std::nullopt).value();
  }
  Checksum Read(int64_t version) { return ParseChecksum(store_.Read(ChecksumName(version)).value(), "c").value(); }
  MemoryStore store_;
};

TEST_F(ChecksumTest, EveryCommitIsFollowedByOne) {
  CommitRequest append = AppendRequest("/t", 0, "f1");
  append.adds.push_back(TestAdd("f2"));
  append.adds[1].size_bytes = 40;
  append.transactions = {{.app_id = "app", .version = 3}};
  ASSERT_TRUE(Commit(TestContext(), store_, append).has_value());
  CommitRequest remove{.table_path = "/t", .read_version = 1, .operation = "DELETE"};
  remove.removes = {MakeRemove(append.adds[1], 1, true)};
  ASSERT_TRUE(Commit(TestContext(), store_, remove).has_value());
  EXPECT_EQ(Read(0).file_count, 0);
  EXPECT_EQ(Read(1).file_count, 2);
  EXPECT_EQ(Read(1).table_size_bytes, 41);
  const Checksum last = Read(2);
  EXPECT_EQ(last.file_count, 1);
  EXPECT_EQ(last.table_size_bytes, 1);
  EXPECT_EQ(last.transactions.at("app").version, 3);
  EXPECT_EQ(last.transaction_id.size(), 36u);
  EXPECT_EQ(last.in_commit_timestamp_ms, Load()->log().in_commit_timestamp_ms);
  EXPECT_EQ(last.metadata.schema_string, Load()->metadata().schema_string);
  EXPECT_EQ(CompareWithChecksum(store_, *Load()), "");
}

TEST_F(ChecksumTest, ACreationReplacesTheOneThatATableOfBeforeLeft) {
  ASSERT_TRUE(store_.Delete(CommitName(0)).has_value());
  const std::string left = Read(0).metadata.id;
  ASSERT_TRUE(Commit(TestContext(), store_, CreateRequest("/t")).has_value());
  EXPECT_NE(Read(0).metadata.id, left);
  EXPECT_EQ(CompareWithChecksum(store_, *Load()), "");
}

TEST_F(ChecksumTest, ALostRaceIsCountedToo) {
  ASSERT_TRUE(Commit(TestContext(), store_, AppendRequest("/t", 0, "f1")).has_value());
  ASSERT_TRUE(Commit(TestContext(), store_, AppendRequest("/t", 0, "f2")).has_value());
  EXPECT_EQ(Read(2).file_count, 2);
}

TEST_F(ChecksumTest, AFileThatIsAddedAgainBreaksTheChainAndTheSnapshotMendsIt) {
  ASSERT_TRUE(Commit(TestContext(), store_, AppendRequest("/t", 0, "f1")).has_value());
  CommitRequest again{.table_path = "/t", .read_version = 1, .operation = "COMPUTE STATS"};
  again.adds = {TestAdd("f1")};
  again.adds[0].data_change = false;
  ASSERT_TRUE(Commit(TestContext(), store_, again).has_value());
  EXPECT_FALSE(store_.Head(ChecksumName(2)).has_value());
  ASSERT_TRUE(WriteChecksum(store_, *Load()).has_value());
  ASSERT_TRUE(WriteChecksum(store_, *Load()).has_value());  // It is there already.
  EXPECT_EQ(Read(2).file_count, 1);
  ASSERT_TRUE(Commit(TestContext(), store_, AppendRequest("/t", 2, "f2")).has_value());
  EXPECT_EQ(Read(3).file_count, 2);
}

TEST_F(ChecksumTest, MismatchesAreToldAndNeverFatal) {
  ASSERT_TRUE(Commit(TestContext(), store_, AppendRequest("/t", 0, "f1")).has_value());
  Checksum wrong = Read(1);
  wrong.file_count = 7;
  ASSERT_TRUE(store_.Put(ChecksumName(1), ToJson(wrong)).has_value());
  EXPECT_EQ(CompareWithChecksum(store_, *Load()), "files: 7 by the checksum, 1 by the log");
  for (const char* damaged : {"", "{", "[]", R"({"numFiles":1})", R"({"metadata":5,"protocol":[1]})", "nonsense"}) {
    ASSERT_TRUE(store_.Put(ChecksumName(1), damaged).has_value());
    EXPECT_NE(CompareWithChecksum(store_, *Load()), "") << damaged;
    EXPECT_EQ(Load()->files().size(), 1u);
  }
  ASSERT_TRUE(Commit(TestContext(), store_, AppendRequest("/t", 1, "f2")).has_value());
  EXPECT_FALSE(store_.Head(ChecksumName(2)).has_value()) << "nothing is built on damage";
}

TEST_F(ChecksumTest, ReadsWhatSparkWrites) {
  const auto checksum = ParseChecksum(
      R"({"txnId":"x","tableSizeBytes":452,"numFiles":1,"numMetadata":1,"numProtocol":1,"setTransactions":[],)"
      R"("domainMetadata":[{"domain":"d","configuration":"{}","removed":false}],)"
      R"("metadata":{"id":"i","format":{"provider":"parquet","options":{}},"schemaString":)"
      R"("{\"type\":\"struct\",\"fields\":[]}","partitionColumns":[],"configuration":{},"createdTime":1},)"
      R"("protocol":{"minReaderVersion":1,"minWriterVersion":2},"histogramOpt":{"fileCounts":[1]},"allFiles":[]})",
      "c");
  ASSERT_TRUE(checksum.has_value()) << checksum.error().message();
  EXPECT_EQ(checksum->table_size_bytes, 452);
  EXPECT_TRUE(checksum->domains.contains("d"));
  EXPECT_FALSE(checksum->in_commit_timestamp_ms.has_value());
}

}  // namespace
}  // namespace neurolake::tables::delta
