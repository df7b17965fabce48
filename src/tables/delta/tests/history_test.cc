#include "common/text.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

class HistoryTest : public ::testing::Test {
 protected:
  static WallTime At(int64_t seconds) { return WallTime(std::chrono::seconds(1'700'000'000 + seconds)); }
  static int64_t Milliseconds(int64_t seconds) { return (1'700'000'000 + seconds) * 1000; }

  void PutAt(int64_t version, int64_t seconds, std::optional<int64_t> in_commit_seconds = {}) {
    store_.SetNow(At(seconds));
    std::string text = AddLine(fmt::format("f{}", version));
    if (version == 0) text = std::string(kPlainProtocol) + "\n" + MetadataLine() + "\n" + text;
    std::string info = R"({"commitInfo":{"operation":"WRITE"}})";
    if (in_commit_seconds.has_value()) {
      info = fmt::format(R"({{"commitInfo":{{"inCommitTimestamp":{}}}}})", Milliseconds(*in_commit_seconds));
    }
    ASSERT_TRUE(store_.Put(CommitName(version), info + "\n" + text).has_value());
  }
  Result<int64_t> Version(int64_t seconds) { return VersionAtTimestamp(store_, "/t", At(seconds)); }

  MemoryStore store_;
};

TEST_F(HistoryTest, ByFileTimes) {
  for (int64_t version = 0; version <= 5; ++version) PutAt(version, version * 10);
  EXPECT_EQ(Version(0).value(), 0);
  EXPECT_EQ(Version(9).value(), 0);
  EXPECT_EQ(Version(10).value(), 1);
  EXPECT_EQ(Version(49).value(), 4);
  EXPECT_EQ(Version(50).value(), 5);
  EXPECT_EQ(VersionAtTimestamp(store_, "/t", At(50) + std::chrono::microseconds(999)).value(), 5);
  for (int64_t outside : {-1, 51}) {
    auto error = Version(outside).error();
    EXPECT_EQ(error.code(), ErrorCode::kVersionNotFound);
    EXPECT_TRUE(error.message().contains(FormatTimestamp(At(0)))) << error.message();
    EXPECT_TRUE(error.message().contains(FormatTimestamp(At(50)))) << error.message();
  }
}

TEST_F(HistoryTest, FileTimesAreMadeMonotonic) {
  PutAt(0, 100);
  PutAt(1, 50);  // The clock went back.
  PutAt(2, 60);
  PutAt(3, 200);
  EXPECT_EQ(Version(100).value(), 0);
  EXPECT_EQ(VersionAtTimestamp(store_, "/t", At(100) + std::chrono::milliseconds(1)).value(), 1);
  EXPECT_EQ(Version(150).value(), 2);
  EXPECT_EQ(Version(60).error().code(), ErrorCode::kVersionNotFound);
}

TEST_F(HistoryTest, ByInCommitTimestamps) {
  for (int64_t version = 0; version <= 20; ++version) PutAt(version, 5, version * 10);
  for (int64_t version = 0; version <= 20; ++version) {
    EXPECT_EQ(Version(version * 10).value(), version);
    if (version < 20) {
      EXPECT_EQ(Version(version * 10 + 9).value(), version);
    }
  }
  EXPECT_EQ(Version(-1).error().code(), ErrorCode::kVersionNotFound);
  EXPECT_EQ(Version(201).error().code(), ErrorCode::kVersionNotFound);
}

TEST_F(HistoryTest, EnablementDecidesWhichKindOfTimeCounts) {
  for (int64_t version = 0; version <= 3; ++version) PutAt(version, version * 10);
  // From version 4 on; files copied about later than they were committed.
  for (int64_t version = 4; version <= 8; ++version) PutAt(version, 1000, version * 10);
  EXPECT_EQ(Version(0).value(), 0);
  EXPECT_EQ(Version(35).value(), 3);
  EXPECT_EQ(Version(39).value(), 3);
  EXPECT_EQ(Version(40).value(), 4);
  EXPECT_EQ(Version(79).value(), 7);
  EXPECT_EQ(Version(81).error().code(), ErrorCode::kVersionNotFound);
}

TEST_F(HistoryTest, SwitchedOffAndOnAgain) {
  for (int64_t version = 0; version <= 10; ++version) {
    const bool enabled = version <= 3 || version >= 7;
    PutAt(version, version * 10, enabled ? std::optional<int64_t>(version * 10) : std::nullopt);
  }
  for (int64_t version = 0; version <= 10; ++version) EXPECT_EQ(Version(version * 10).value(), version) << version;
}

TEST_F(HistoryTest, CleanedLogBeginsAtItsCheckpoint) {
  for (int64_t version = 4; version <= 8; ++version) PutAt(version, version * 10);
  ASSERT_TRUE(store_.Put(LogName("00000000000000000006.checkpoint.parquet"), "x").has_value());
  EXPECT_EQ(Version(60).value(), 6);
  EXPECT_EQ(Version(50).error().code(), ErrorCode::kVersionNotFound);
  EXPECT_EQ(VersionAtTimestamp(store_, "/none", At(0)).error().code(), ErrorCode::kNotFound);
}

TEST_F(HistoryTest, NewestFirstWithALimit) {
  for (int64_t version = 0; version <= 3; ++version) PutAt(version, version * 10);
  PutAt(4, 99, 40);
  ASSERT_TRUE(store_.Put(CommitName(5), AddLine("x") + "\n" + R"({"commitInfo":{"operation":"LAST"}})").has_value());
  auto history = ReadHistory(TestContext(), store_, "/t", std::nullopt).value();
  ASSERT_EQ(history.size(), 6u);
  EXPECT_EQ(history[0].version, 5);
  EXPECT_EQ(history[0].commit_info, R"({"operation":"LAST"})");
  EXPECT_EQ(history[1].timestamp, At(40));
  EXPECT_EQ(history[5].timestamp, At(0));
  EXPECT_EQ(history[5].commit_info, R"({"operation":"WRITE"})");
  EXPECT_EQ(ReadHistory(TestContext(), store_, "/t", 2)->size(), 2u);
  EXPECT_EQ(ReadHistory(TestContext(), store_, "/none", 2).error().code(), ErrorCode::kNotFound);
}

/// A log that is cleaned up while it is read: each file is there once.
class VanishingStore final : public storage::ObjectStore {
 public:
  explicit VanishingStore(MemoryStore& store) : store_(store) {}
  Result<std::string> Read(const std::string& path) override { return ReadRange(path, 0, INT64_MAX); }
  Result<std::string> ReadRange(const std::string& path, int64_t offset, int64_t length) override {
    if (!seen_.insert(path).second) return MakeError(ErrorCode::kNotFound, "no such object: {}", path);
    return store_.ReadRange(path, offset, length);
  }
  Result<storage::ObjectInfo> Head(const std::string& path) override { return store_.Head(path); }
  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override {
    return store_.PutIfAbsent(path, bytes);
  }
  Result<void> Put(const std::string& path, std::string_view bytes) override { return store_.Put(path, bytes); }
  Result<std::vector<storage::ObjectInfo>> List(const std::string& directory, const std::string& after) override {
    return store_.List(directory, after);
  }
  Result<void> Delete(const std::string& path) override { return store_.Delete(path); }
  Result<void> MakeDirectory(const std::string&) override { return {}; }

 private:
  MemoryStore& store_;
  std::set<std::string> seen_;
};

TEST_F(HistoryTest, ACommitThatGoesWhileItIsReadIsLeftOut) {
  for (int64_t version = 0; version <= 2; ++version) PutAt(version, version * 10);
  // Its commitInfo is not where it is looked for first.
  ASSERT_TRUE(store_.Put(CommitName(1), AddLine("x") + "\n" + R"({"commitInfo":{"operation":"LATE"}})").has_value());
  VanishingStore vanishing(store_);
  const auto history = ReadHistory(TestContext(), vanishing, "/t", std::nullopt);
  ASSERT_TRUE(history.has_value()) << history.error().message();
  ASSERT_EQ(history->size(), 2u);
  EXPECT_EQ(history->at(0).version, 2);
  EXPECT_EQ(history->at(1).version, 0);
}

TEST_F(HistoryTest, AFirstLineOfAnyLength) {
  const std::string info = fmt::format(R"({{"operation":"WRITE","note":"{}"}})", std::string(200'000, 'x'));
  ASSERT_TRUE(store_.Put(CommitName(0), fmt::format("{{\"commitInfo\":{}}}\n{}\n", info, AddLine("x"))).has_value());
  const auto history = ReadHistory(TestContext(), store_, "/t", std::nullopt);
  ASSERT_TRUE(history.has_value()) << history.error().message();
  EXPECT_EQ(history->at(0).commit_info, info);
}

}  // namespace
}  // namespace neurolake::tables::delta
