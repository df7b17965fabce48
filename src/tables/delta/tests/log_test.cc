#include <gtest/gtest.h>

#include "tables/delta/reconciler.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void Put(const std::string& path, const std::string& text) { ASSERT_TRUE(store_.Put(path, text).has_value()); }
  void PutCommits(int64_t first, int64_t last) {
    for (int64_t version = first; version <= last; ++version) {
      std::string text = AddLine(fmt::format("f{}", version));
      if (version == 0) text = std::string(kPlainProtocol) + "\n" + MetadataLine() + "\n" + text;
      Put(CommitName(version), text);
    }
  }
  Result<std::shared_ptr<const Snapshot>> Load(std::optional<int64_t> version = {},
                                               std::shared_ptr<const Snapshot> base = nullptr) {
    auto reader = NewSimpleLogReader(store_);
    return LoadSnapshot(TestContext(), store_, *reader, "/t", version, std::move(base));
  }
  std::vector<std::string> Names(const LogSegment& segment) {
    std::vector<std::string> names;
    for (const auto& path : segment.commit_files) names.push_back(path.substr(path.rfind('/') + 1));
    return names;
  }

  MemoryStore store_;
};

TEST_F(LogTest, CommitsOnly) {
  PutCommits(0, 3);
  Put(LogName("00000000000000000003.crc"), "{}");
  Put(LogName("stranger.json"), "");
  auto segment = ListLog(store_, "/t", std::nullopt).value();
  EXPECT_EQ(segment.version, 3);
  EXPECT_EQ(segment.checkpoint_version, -1);
  EXPECT_EQ(segment.commit_files.size(), 4u);
  EXPECT_EQ(ListLog(store_, "/t", 1)->commit_files.size(), 2u);
}

TEST_F(LogTest, NoTableAndVersionsOutOfRange) {
  EXPECT_EQ(ListLog(store_, "/t", std::nullopt).error().code(), ErrorCode::kNotFound);
  PutCommits(0, 3);
  for (int64_t version : {int64_t{4}, int64_t{-2}, std::numeric_limits<int64_t>::max()}) {
    auto error = ListLog(store_, "/t", version).error();
    EXPECT_EQ(error.code(), ErrorCode::kVersionNotFound);
    EXPECT_TRUE(error.message().contains("0 to 3")) << error.message();
  }
}

TEST_F(LogTest, GapIsCorruptionNamingTheVersion) {
  PutCommits(0, 3);
  ASSERT_TRUE(store_.Delete(CommitName(2)).has_value());
  auto error = ListLog(store_, "/t", std::nullopt).error();
  EXPECT_EQ(error.code(), ErrorCode::kCorruption);
  EXPECT_TRUE(error.message().contains("2")) << error.message();
  EXPECT_TRUE(ListLog(store_, "/t", 1).has_value());
}

TEST_F(LogTest, CheckpointsOfEveryKind) {
  PutCommits(0, 30);
  Put(LogName("00000000000000000005.checkpoint.parquet"), "x");
  Put(LogName("00000000000000000010.checkpoint.0000000001.0000000002.parquet"), "x");
  Put(LogName("00000000000000000010.checkpoint.0000000002.0000000002.parquet"), "x");
  Put(LogName("00000000000000000015.checkpoint.0000000001.0000000002.parquet"), "a part is missing");
  Put(LogName("00000000000000000020.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"), "x");
  Put(LogName("00000000000000000025.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet"), "x");
  Put(LogName("00000000000000000028.checkpoint.parquet"), "");  // A writer died.
  EXPECT_EQ(ListLog(store_, "/t", std::nullopt)->checkpoint_version, 25);
  EXPECT_EQ(ListLog(store_, "/t", std::nullopt)->commit_files.size(), 5u);
  EXPECT_EQ(ListLog(store_, "/t", 24)->checkpoint_version, 20);
  EXPECT_EQ(ListLog(store_, "/t", 19)->checkpoint_version, 10);
  EXPECT_EQ(ListLog(store_, "/t", 19)->checkpoint_files.size(), 2u);
  EXPECT_EQ(ListLog(store_, "/t", 5)->checkpoint_version, 5);
  EXPECT_TRUE(ListLog(store_, "/t", 5)->commit_files.empty());
  EXPECT_EQ(ListLog(store_, "/t", 4)->checkpoint_version, -1);
}

TEST_F(LogTest, CleanedLogHasItsOldestVersionAtTheCheckpoint) {
  PutCommits(4, 7);
  Put(LogName("00000000000000000005.checkpoint.parquet"), "x");
  EXPECT_EQ(ListLog(store_, "/t", std::nullopt)->commit_files.size(), 2u);
  auto error = ListLog(store_, "/t", 4).error();
  EXPECT_EQ(error.code(), ErrorCode::kVersionNotFound);
  EXPECT_TRUE(error.message().contains("5 to 7")) << error.message();
}

TEST_F(LogTest, LastCheckpointIsOnlyAHint) {
  PutCommits(0, 12);
  Put(LogName("00000000000000000010.checkpoint.parquet"), "x");
  for (const char* hint : {R"({"version":10,"size":3})", R"({"version":5})", R"({"version":999999})", "{\"ver", "",
                           R"({"version":"10"})", R"({"version":-1})", "null"}) {
    Put(LogName("_last_checkpoint"), hint);
    auto segment = ListLog(store_, "/t", std::nullopt);
    ASSERT_TRUE(segment.has_value()) << hint;
    EXPECT_EQ(segment->version, 12) << hint;
    EXPECT_EQ(segment->checkpoint_version, 10) << hint;
    EXPECT_EQ(ListLog(store_, "/t", 3)->commit_files.size(), 4u) << hint;
  }
  ASSERT_TRUE(store_.Delete(LogName("00000000000000000010.checkpoint.parquet")).has_value());
  Put(LogName("_last_checkpoint"), R"({"version":10})");
  EXPECT_EQ(ListLog(store_, "/t", std::nullopt)->commit_files.size(), 13u);
}

TEST_F(LogTest, CompactedLogsReplaceTheirCommits) {
  PutCommits(0, 9);
  Put(LogName("00000000000000000002.00000000000000000004.compacted.json"), "x");
  Put(LogName("00000000000000000002.00000000000000000006.compacted.json"), "x");
  Put(LogName("00000000000000000008.00000000000000000020.compacted.json"), "beyond the end");
  auto names = Names(ListLog(store_, "/t", std::nullopt).value());
  EXPECT_EQ(names.size(), 6u);
  EXPECT_EQ(names[2], "00000000000000000002.00000000000000000006.compacted.json");
  EXPECT_EQ(Names(ListLog(store_, "/t", 5).value()).size(), 4u);
}

TEST_F(LogTest, SnapshotOfReplacedRemovedAndVectoredFiles) {
  Put(CommitName(0),
      std::string(kPlainProtocol) + "\n" + MetadataLine() + "\n" + AddLine("a") + "\n" + AddLine("b%20c"));
  Put(CommitName(1), RemoveLine("a") + "\n" + AddLine("d") + "\n" + R"({"txn":{"appId":"x","version":1}})");
  Put(CommitName(2), RemoveLine("b c") + "\n" + R"({"txn":{"appId":"x","version":2}})" + "\n" +
                         R"({"remove":{"path":"d","dataChange":true}})" + "\n" +
                         R"({"add":{"path":"d","partitionValues":{},"size":1,"deletionVector":)"
                         R"({"storageType":"i","pathOrInlineDv":"wi5b=","sizeInBytes":4,"cardinality":1}}})");
  auto snapshot = Load();
  ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message();
  EXPECT_EQ(Paths(**snapshot), std::vector<std::string>{"d"});
  EXPECT_TRUE((*snapshot)->files()[0].deletion_vector.has_value());
  EXPECT_EQ((*snapshot)->log().transactions.at("x").version, 2);
  EXPECT_EQ(Paths(**Load(1)), (std::vector<std::string>{"b%20c", "d"}));
  EXPECT_EQ((*snapshot)->schema().fields.size(), 2u);
}

TEST_F(LogTest, IncrementalLoadEqualsFullLoad) {
  PutCommits(0, 5);
  auto base = Load(2).value();
  EXPECT_EQ(Load(2, base).value(), base);
  auto next = Load({}, base).value();
  EXPECT_EQ(Paths(*next), Paths(**Load()));
  EXPECT_EQ(next->version(), 5);
  EXPECT_EQ(Load(1, next).value()->version(), 1);
  EXPECT_EQ(Load(6, next).error().code(), ErrorCode::kVersionNotFound);
  Put(CommitName(6), RemoveLine("f0") + "\n" + RemoveLine("f4") + "\n" + AddLine("f6"));
  EXPECT_EQ(Paths(**Load({}, next)), Paths(**Load()));
  EXPECT_EQ(Load({}, next).value()->files().size(), 5u);
}

TEST_F(LogTest, IncrementalLoadNoticesAnotherTableAtThePlace) {
  PutCommits(0, 5);
  auto base = Load(3).value();
  store_.SetNow(WallTime(std::chrono::seconds(1'700'000'000)));
  for (int64_t version = 0; version <= 5; ++version) ASSERT_TRUE(store_.Delete(CommitName(version)).has_value());
  Put(CommitName(0), std::string(kPlainProtocol) + "\n" + MetadataLine() + "\n" + AddLine("other"));
  EXPECT_EQ(Paths(**Load({}, base)), std::vector<std::string>{"other"});
  PutCommits(1, 4);
  EXPECT_EQ(Paths(**Load({}, base)).size(), 5u);
}

TEST_F(LogTest, JsonCheckpointWithoutSidecarsIsRead) {
  PutCommits(0, 2);
  Put(LogName("00000000000000000002.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"),
      "{\"checkpointMetadata\":{\"version\":2}}\n" + std::string(kPlainProtocol) + "\n" + MetadataLine() + "\n" +
          AddLine("from checkpoint") + "\n" +
          R"({"domainMetadata":{"domain":"d","configuration":"c","removed":false}})");
  PutCommits(3, 3);
  EXPECT_EQ(Paths(**Load()), (std::vector<std::string>{"f3", "from checkpoint"}));
  EXPECT_EQ((*Load())->log().domains.size(), 1u);
  Put(LogName("00000000000000000003.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"),
      R"({"sidecar":{"path":"s.parquet","sizeInBytes":1,"modificationTime":1}})");
  EXPECT_EQ(Load().error().code(), ErrorCode::kNotSupported);
}

TEST_F(LogTest, DamagedLogsAreCorruption) {
  PutCommits(0, 2);
  Put(CommitName(1), "");
  EXPECT_EQ(Load().error().code(), ErrorCode::kCorruption);
  Put(CommitName(1), AddLine("x").substr(0, 20));
  EXPECT_EQ(Load().error().code(), ErrorCode::kCorruption);
  EXPECT_TRUE(Load().error().message().contains(CommitName(1)));
  PutCommits(1, 1);
  Put(CommitName(0), MetadataLine());
  EXPECT_EQ(Load().error().code(), ErrorCode::kCorruption);
  Put(CommitName(0), std::string(kPlainProtocol));
  EXPECT_EQ(Load().error().code(), ErrorCode::kCorruption);
}

TEST_F(LogTest, VanishedFileIsLookedForAgainAndThenCorruption) {
  PutCommits(0, 2);
  storage::FaultInjectingStore faulty(store_);
  auto reader = NewSimpleLogReader(faulty);
  faulty.Inject({.operation = storage::StoreOperation::kRead,
                 .path_contains = "0001.json",
                 .times = 2,
                 .code = ErrorCode::kNotFound});
  EXPECT_TRUE(LoadSnapshot(TestContext(), faulty, *reader, "/t", std::nullopt).has_value());
  faulty.Inject({.operation = storage::StoreOperation::kRead,
                 .path_contains = "0001.json",
                 .times = 100,
                 .code = ErrorCode::kNotFound});
  auto error = LoadSnapshot(TestContext(), faulty, *reader, "/t", std::nullopt).error();
  EXPECT_EQ(error.code(), ErrorCode::kCorruption);
  EXPECT_TRUE(error.message().contains("0001.json")) << error.message();
}

TEST_F(LogTest, ReaderFeaturesWeLackAreNamed) {
  Put(CommitName(0), R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors",)"
                     R"("variantType","catalogManaged"],"writerFeatures":["deletionVectors","variantType"]}})"
                     "\n" +
                         MetadataLine());
  auto error = Load().error();
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_TRUE(error.message().contains("variantType, catalogManaged")) << error.message();
}

TEST(ReconcilerTest, BothDirectionsGiveTheSame) {
  // A pseudo-random history over few keys, so that everything happens to every key.
  std::vector<std::string> commits;
  uint32_t seed = 12345;
  auto next = [&] { return seed = seed * 1664525 + 1013904223, seed >> 16; };
  for (int version = 0; version < 200; ++version) {
    std::map<std::string, std::string> lines;
    for (int i = 0; i < 4; ++i) {
      const std::string path = fmt::format("f{}", next() % 20);
      lines[path] = next() % 2 == 0 ? AddLine(path) : RemoveLine(path);
    }
    std::string text;
    for (const auto& [path, line] : lines) text += line + "\n";
    text += fmt::format(R"({{"domainMetadata":{{"domain":"d{}","configuration":"{}","removed":{}}}}})", next() % 3,
                        version, next() % 2 == 0) +
            "\n";
    commits.push_back(text);
  }
  auto replay = [&](Reconciler::Order order) {
    Reconciler reconciler(order);
    reconciler.Reserve(10);
    for (size_t i = 0; i < commits.size(); ++i) {
      const size_t index = order == Reconciler::Order::kOldestFirst ? i : commits.size() - 1 - i;
      reconciler.Apply(ParseCommit(commits[index], "c").value());
    }
    ReplayedLog log = std::move(reconciler).Finish();
    std::vector<std::string> result;
    for (const AddFile& add : log.files) result.push_back(add.path);
    for (const auto& [name, domain] : log.domains) result.push_back(name + domain.configuration);
    std::ranges::sort(result);
    return result;
  };
  EXPECT_EQ(replay(Reconciler::Order::kNewestFirst), replay(Reconciler::Order::kOldestFirst));
  EXPECT_FALSE(replay(Reconciler::Order::kNewestFirst).empty());
}

}  // namespace
}  // namespace neurolake::tables::delta
