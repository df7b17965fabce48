#include "tables/delta/log_cleanup.h"
#include "tables/delta/log_compaction.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

using std::chrono::hours;

/// Versions 0 to 9, one a day; "now" is the end of the tenth day.
class LogUpkeepTest : public ::testing::Test {
 protected:
  void Create(std::map<std::string, std::string> properties) {
    store_.SetNow(start_);
    ASSERT_TRUE(Commit(TestContext(), store_, CreateRequest("/t", std::move(properties))).has_value());
    for (int64_t version = 1; version < 10; ++version) {
      store_.SetNow(start_ + hours(24 * version));
      ASSERT_TRUE(
          Commit(TestContext(), store_, AppendRequest("/t", version - 1, fmt::format("f{}", version))).has_value());
    }
    clock_.Advance(start_ + hours(24 * 10) - clock_.Now());
  }
  /// A checkpoint in JSON, as v2 checkpoints may be.
  void Checkpoint(int64_t version, const std::string& more = "") {
    store_.SetNow(start_ + hours(24 * version));
    auto reader = NewSimpleLogReader(store_);
    const auto snapshot = LoadSnapshot(TestContext(), store_, *reader, "/t", version).value();
    std::string text = ToJsonLine(snapshot->protocol()) + "\n" + ToJsonLine(snapshot->metadata()) + "\n" + more;
    for (const AddFile& file : snapshot->files()) text += ToJsonLine(file) + "\n";
    ASSERT_TRUE(
        store_
            .Put(LogName(fmt::format("{:020d}.checkpoint.{}.json", version, "80a083e8-7026-4e79-81be-64bd76c43a11")),
                 text)
            .has_value());
  }
  std::shared_ptr<const Snapshot> Load(std::optional<int64_t> version = std::nullopt) {
    auto reader = NewSimpleLogReader(store_);
    auto snapshot = LoadSnapshot(TestContext(), store_, *reader, "/t", version);
    return snapshot.has_value() ? *snapshot : nullptr;
  }
  RequestContext Context() { return RequestContext(Principal{}, "r", "test", clock_, clock_.SteadyNow() + hours(1)); }
  int64_t Clean() { return CleanLog(Context(), store_, *Load()).value(); }

  const WallTime start_{std::chrono::seconds(1'600'000'000)};
  FakeClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
  MemoryStore store_;
};

const std::map<std::string, std::string> kThreeDays = {{"delta.logRetentionDuration", "interval 3 days"}};

TEST_F(LogUpkeepTest, OldVersionsGoOnceACheckpointHasThem) {
  Create(kThreeDays);
  EXPECT_EQ(Clean(), 0) << "without a checkpoint everything is needed";
  Checkpoint(3);
  Checkpoint(5);
  Checkpoint(8);
  // Versions of the last three days are 7, 8, 9, and 6 was the newest when they began: checkpoint 5 carries them.
  EXPECT_EQ(Clean(), 5 + 5 + 1) << "commits and checksums 0 to 4, checkpoint 3";
  EXPECT_EQ(Load()->files().size(), 9u);
  for (int64_t version = 5; version < 10; ++version) ASSERT_NE(Load(version), nullptr) << version;
  EXPECT_EQ(Load(5)->files().size(), 5u);
  EXPECT_EQ(Load(4), nullptr);
  EXPECT_EQ(Clean(), 0);
}

TEST_F(LogUpkeepTest, ALogThatIsCutBeginsWithItsCheckpointHoweverYoungTheRestIs) {
  Create({{"delta.logRetentionDuration", "interval 30 days"}, {"delta.enableExpiredLogCleanup", "false"}});
  EXPECT_EQ(CutLog(Context(), store_, *Load(7)).error().code(), ErrorCode::kInvalidArgument) << "no checkpoint";
  EXPECT_NE(Load(0), nullptr);
  Checkpoint(3);
  Checkpoint(7);
  EXPECT_EQ(CutLog(Context(), store_, *Load(7)).value(), 7 + 7 + 1) << "commits and checksums 0 to 6, checkpoint 3";
  EXPECT_EQ(Load(6), nullptr);
  for (int64_t version = 7; version < 10; ++version) ASSERT_NE(Load(version), nullptr) << version;
  EXPECT_EQ(CutLog(Context(), store_, *Load(7)).value(), 0) << "again";
}

TEST_F(LogUpkeepTest, NothingYoungGoes) {
  Create({{"delta.logRetentionDuration", "interval 30 days"}});
  Checkpoint(8);
  EXPECT_EQ(Clean(), 0);
}

TEST_F(LogUpkeepTest, TheTableMaySwitchItOff) {
  Create({{"delta.logRetentionDuration", "interval 3 days"}, {"delta.enableExpiredLogCleanup", "false"}});
  Checkpoint(5);
  EXPECT_EQ(Clean(), 0);
}

TEST_F(LogUpkeepTest, SidecarsGoWhenNoCheckpointNamesThem) {
  Create(kThreeDays);
  for (const char* name : {"named.parquet", "old.parquet", "young.parquet"}) {
    store_.SetNow(start_ + (std::string_view(name) == "young.parquet" ? hours(24 * 9) : hours(0)));
    ASSERT_TRUE(store_.Put(LogName("_sidecars/") + name, "x").has_value());
  }
  Checkpoint(5, R"({"sidecar":{"path":"named.parquet","sizeInBytes":1,"modificationTime":1}})"
                "\n");
  auto reader = NewSimpleLogReader(store_);
  auto snapshot = std::make_shared<const Snapshot>(*LoadSnapshot(TestContext(), store_, *reader, "/t", 4).value());
  ASSERT_TRUE(CleanLog(Context(), store_, *snapshot).has_value());
  EXPECT_TRUE(store_.Head(LogName("_sidecars/named.parquet")).has_value());
  EXPECT_TRUE(store_.Head(LogName("_sidecars/young.parquet")).has_value());
  EXPECT_FALSE(store_.Head(LogName("_sidecars/old.parquet")).has_value());
}

// Parquet is not read here, and by PROTOCOL.md a checkpoint with a classic name may follow the V2 spec.
TEST_F(LogUpkeepTest, SidecarsStayWhereAParquetCheckpointMayNameThem) {
  Create(kThreeDays);
  store_.SetNow(start_);
  ASSERT_TRUE(store_.Put(LogName("_sidecars/old.parquet"), "x").has_value());
  store_.SetNow(start_ + hours(24 * 5));
  ASSERT_TRUE(store_.Put(LogName(fmt::format("{:020d}.checkpoint.parquet", 5)), "PAR1").has_value());
  auto reader = NewSimpleLogReader(store_);
  const auto snapshot = LoadSnapshot(TestContext(), store_, *reader, "/t", 4).value();
  EXPECT_EQ(CleanLog(Context(), store_, *snapshot).value(), 5 + 5) << "commits and checksums 0 to 4";
  EXPECT_TRUE(store_.Head(LogName("_sidecars/old.parquet")).has_value());
}

TEST_F(LogUpkeepTest, ACompactedLogSaysWhatItsCommitsSay) {
  Create({});
  CommitRequest remove{.table_path = "/t", .read_version = 9, .operation = "DELETE"};
  remove.removes = {MakeRemove(TestAdd("f2"), 1, true), MakeRemove(TestAdd("f8"), 1, true)};
  ASSERT_TRUE(Commit(TestContext(), store_, remove).has_value());
  const auto before = Paths(*Load());
  ASSERT_TRUE(CompactLog(Context(), store_, "/t", 4, 10).has_value());
  ASSERT_TRUE(CompactLog(Context(), store_, "/t", 4, 10).has_value());  // It is there already.
  const auto segment = ListLog(store_, "/t", std::nullopt).value();
  EXPECT_EQ(segment.commit_files.size(), 5u) << "0 to 3, and the compacted one";
  EXPECT_EQ(Paths(*Load()), before);
  EXPECT_EQ(Paths(*Load(9)).size(), 9u) << "versions inside of it are still there";
  const std::string text = store_.Read(segment.commit_files.back()).value();
  EXPECT_FALSE(text.contains("commitInfo"));
  EXPECT_TRUE(text.contains(R"({"remove":{"path":"f2")")) << "a file of before is removed";
}

TEST_F(LogUpkeepTest, CompactionNeedsCommitsThatAreThere) {
  Create({});
  EXPECT_EQ(CompactLog(Context(), store_, "/t", 4, 4).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CompactLog(Context(), store_, "/t", 4, 40).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace neurolake::tables::delta
