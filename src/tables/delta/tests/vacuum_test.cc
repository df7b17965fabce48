#include "tables/delta/vacuum.h"

#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

using std::chrono::hours;

class VacuumTest : public ::testing::Test {
 protected:
  static WallTime DaysAgo(int64_t days) { return TestClock().Now() - hours(24 * days); }

  void Put(int64_t days_ago, const std::string& path, const std::string& text = "x") {
    store_.SetNow(DaysAgo(days_ago));
    ASSERT_TRUE(store_.Put("/t/" + path, text).has_value());
  }
  void Commit(int64_t version, int64_t days_ago, const std::vector<std::string>& lines) {
    std::string text = R"({"commitInfo":{"operation":"WRITE"}})";
    if (version == 0) text += "\n" + std::string(kPlainProtocol) + "\n" + MetadataLine(configuration_);
    for (const std::string& line : lines) text += "\n" + line;
    Put(days_ago, fmt::format("_delta_log/{:020d}.json", version), text);
  }
  Result<std::vector<std::string>> Plan(hours retention, bool lite = false) {
    const auto reader = NewSimpleLogReader(store_);
    NL_ASSIGN_OR_RETURN(const auto snapshot, LoadSnapshot(TestContext(), store_, *reader, "/t", std::nullopt));
    NL_ASSIGN_OR_RETURN(const auto plan,
                        PlanVacuum(TestContext(), store_, *reader, *snapshot, {.retention = retention, .lite = lite}));
    std::vector<std::string> paths;
    for (const auto& file : plan.files) paths.push_back(file.path.substr(3));
    return paths;
  }
  using Paths = std::vector<std::string>;

  MemoryStore store_;
  std::string configuration_ = "{}";
};

TEST_F(VacuumTest, KeepsWhatVersionsOfTheWindowNeed) {
  Put(10, "f0");
  Put(9, "f1");
  Put(3, "f2");
  Commit(0, 10, {AddLine("f0")});
  Commit(1, 9, {RemoveLine("f0"), AddLine("f1")});
  Commit(2, 3, {RemoveLine("f1"), AddLine("f2")});
  // Seven days ago version 1 was the newest.
  EXPECT_EQ(Plan(hours(24 * 7)).value(), Paths{"f0"});
  EXPECT_EQ(Plan(hours(24 * 7), /*lite=*/true).value(), Paths{"f0"});
  EXPECT_EQ(Plan(hours(24 * 2)).value(), (Paths{"f0", "f1"}));
  EXPECT_EQ(Plan(hours(0)).value(), (Paths{"f0", "f1"}));
  EXPECT_EQ(Plan(hours(24 * 20)).value(), Paths{});
  EXPECT_EQ(Plan(hours(24 * 20), /*lite=*/true).value(), Paths{});
}

TEST_F(VacuumTest, FilesOfChangesGoWithTheVersionsOfTheirTime) {
  const auto changes = [](const std::string& path) {
    return R"({"cdc":{"path":")" + path + R"(","partitionValues":{},"size":1,"dataChange":false}})";
  };
  for (const char* path : {"f0", "f1", "_change_data/c1", "_change_data/day=1/c1"}) Put(20, path);
  Put(10, "_change_data/c2");
  Put(3, "_change_data/c3");
  Commit(0, 20, {AddLine("f0")});
  Commit(1, 20, {RemoveLine("f0"), AddLine("f1"), changes("_change_data/c1"), changes("_change_data/day=1/c1")});
  Commit(2, 10, {changes("_change_data/c2")});
  Commit(3, 3, {changes("_change_data/c3")});
  for (const bool lite : {false, true}) {
    EXPECT_EQ(Plan(hours(24 * 30), lite).value(), Paths{}) << lite;
    EXPECT_EQ(Plan(hours(24 * 15), lite).value(), (Paths{"_change_data/c1", "_change_data/day=1/c1", "f0"})) << lite;
    EXPECT_EQ(Plan(hours(24 * 7), lite).value(),
              (Paths{"_change_data/c1", "_change_data/c2", "_change_data/day=1/c1", "f0"}))
        << lite;
  }
}

TEST_F(VacuumTest, AFileThatCameBackIsKept) {
  Put(30, "f0");
  Commit(0, 30, {AddLine("f0")});
  Commit(1, 20, {RemoveLine("f0")});
  Commit(2, 1, {AddLine("f0")});  // RESTORE
  Put(30, "f1");
  EXPECT_EQ(Plan(hours(0)).value(), Paths{"f1"});
  EXPECT_EQ(Plan(hours(0), /*lite=*/true).value(), Paths{});
}

TEST_F(VacuumTest, SeesFilesComeBackAfterThePlan) {
  Commit(0, 30, {AddLine("f0")});
  const RequestContext ctx = TestContext();
  const Snapshot at_zero("/t", 0, ReplayedLog{}, DataType{});
  NamedSince since(ctx, store_, at_zero);
  EXPECT_FALSE(since.Has("/t/f0").value()) << "what was known when the plan was made is its business";
  EXPECT_FALSE(since.Has("/t/p=1/f1").value());
  Commit(1, 0, {AddLine("f2")});
  Commit(2, 0, {AddLine("./p=1//f1")});
  EXPECT_TRUE(since.Has("/t/p=1/f1").value());
  EXPECT_TRUE(since.Has("/t/f2").value());
  EXPECT_FALSE(since.Has("/t/f3").value());
  Commit(3, 0, {"{"});
  EXPECT_EQ(since.Has("/t/f3").error().code(), ErrorCode::kCorruption) << "nothing is deleted on a guess";
}

TEST_F(VacuumTest, KnowsAFileByAnySpellingOfItsPath) {
  for (const char* path : {"a b", "p=1/c", "d"}) Put(30, path);
  Commit(0, 30, {AddLine("a%20b"), AddLine("./p=1//c"), AddLine("file:///t/d")});
  EXPECT_EQ(Plan(hours(0)).value(), Paths{});
}

TEST_F(VacuumTest, LooksAtVisibleOldFilesOfThisTableAlone) {
  Commit(0, 30, {AddLine("day%3D1/f0")});
  Put(30, "day=1/f0");
  for (const char* path : {"day=1/orphan", "deep/er/orphan", "orphan", "_change_data/old"}) Put(20, path);
  for (const char* path : {"young", "_change_data/young"}) Put(1, path);
  for (const char* path :
       {"_hidden/x", ".hidden/x", "_SUCCESS", ".part.crc", "_delta_log/_last_checkpoint",
        "_delta_log/_sidecars/x.parquet", "other/_delta_log/00000000000000000000.json", "other/data"}) {
    Put(20, path);
  }
  EXPECT_EQ(Plan(hours(24 * 7)).value(), (Paths{"_change_data/old", "day=1/orphan", "deep/er/orphan", "orphan"}));
}

TEST_F(VacuumTest, KeepsDeletionVectorsAndChangesOfTheWindow) {
  const std::string protocol =
      R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],)"
      R"("writerFeatures":["deletionVectors"]}})";
  const auto with_vector = [](const std::string& encoded) {
    return R"({"add":{"path":"f0","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true,)"
           R"("stats":"{\"numRecords\":10}","deletionVector":{"storageType":"u","pathOrInlineDv":")" +
           encoded + R"(","offset":1,"sizeInBytes":36,"cardinality":2}}})";
  };
  const std::string old_vector = "ab^-aqEH.-t@S}K{vb[*k^";
  const std::string new_vector = "cd^-aqEH.-t@S}K{vb[*k^";
  const std::string name = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";
  Put(30, "f0");
  Put(20, "ab/" + name);
  Put(10, "cd/" + name);
  Commit(0, 30, {AddLine("f0"), protocol});
  Commit(1, 20, {RemoveLine("f0"), with_vector(old_vector)});
  Commit(2, 10,
         {R"({"remove":{"path":"f0","deletionTimestamp":1,"dataChange":true,"deletionVector":{"storageType":"u",)"
          R"("pathOrInlineDv":")" +
              old_vector + R"(","offset":1,"sizeInBytes":36,"cardinality":2}}})",
          with_vector(new_vector)});
  EXPECT_EQ(Plan(hours(24 * 15)).value(), Paths{});
  EXPECT_EQ(Plan(hours(24 * 5)).value(), Paths{"ab/" + name});
}

TEST_F(VacuumTest, RetentionIsAnInterval) {
  Metadata metadata;
  EXPECT_EQ(DeletedFileRetention(metadata).value(), hours(24 * 7));
  const auto parsed = [&](const std::string& text) {
    metadata.configuration["delta.deletedFileRetentionDuration"] = text;
    return DeletedFileRetention(metadata);
  };
  EXPECT_EQ(parsed("interval 1 week").value(), hours(24 * 7));
  EXPECT_EQ(parsed("INTERVAL '36' HOURS").value(), hours(36));
  EXPECT_EQ(parsed("interval 2 days 3 hours").value(), hours(51));
  for (const char* wrong : {"", "interval", "interval x days", "interval 3 moons", "interval -1 days"}) {
    EXPECT_EQ(parsed(wrong).error().code(), ErrorCode::kCorruption) << wrong;
  }
}

}  // namespace
}  // namespace neurolake::tables::delta
