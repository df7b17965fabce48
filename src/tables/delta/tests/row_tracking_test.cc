#include "tables/delta/row_tracking.h"

#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

class RowTrackingTest : public ::testing::Test {
 protected:
  void Create(std::map<std::string, std::string> properties = {{"delta.enableRowTracking", "true"}}) {
    ASSERT_TRUE(Commit(TestContext(), store_, CreateRequest("/t", std::move(properties))).has_value());
  }
  std::shared_ptr<const Snapshot> Load() {
    auto reader = NewSimpleLogReader(store_);
    return LoadSnapshot(TestContext(), store_, *reader, "/t", std::nullopt).value();
  }
  CommitRequest Append(const Snapshot& snapshot, const std::string& path) {
    CommitRequest request = AppendRequest("/t", snapshot.version(), path);
    CompleteRowTracking(snapshot, request);
    return request;
  }
  AddFile File(const std::string& path) {
    const auto snapshot = Load();
    const auto found = std::ranges::find(snapshot->files(), path, &AddFile::path);
    return found == snapshot->files().end() ? AddFile{} : *found;
  }
  MemoryStore store_;
};

TEST_F(RowTrackingTest, NewFilesGetIdsAboveTheMark) {
  Create();
  ASSERT_TRUE(Commit(TestContext(), store_, Append(*Load(), "f1")).has_value());
  ASSERT_TRUE(Commit(TestContext(), store_, Append(*Load(), "f2")).has_value());
  EXPECT_EQ(File("f1").base_row_id, 0);
  EXPECT_EQ(File("f1").default_row_commit_version, 1);
  EXPECT_EQ(File("f2").base_row_id, 10);
  EXPECT_EQ(File("f2").default_row_commit_version, 2);
  EXPECT_EQ(RowIdMark(*Load()), 19);
  EXPECT_TRUE(Load()->protocol().HasWriterFeature("rowTracking"));
  EXPECT_TRUE(Load()->protocol().HasWriterFeature("domainMetadata"));
  EXPECT_NE(Load()->Property("delta.rowTracking.materializedRowIdColumnName"), "");
  EXPECT_TRUE(store_.Read(CommitName(2)).value().contains(R"("tags":{"delta.rowTracking.preserved":"true"})"));
}

TEST_F(RowTrackingTest, ALostRaceTakesTheWinnersIdsForTaken) {
  Create();
  const auto snapshot = Load();
  ASSERT_TRUE(Commit(TestContext(), store_, Append(*snapshot, "f1")).has_value());
  auto second = Commit(TestContext(), store_, Append(*snapshot, "f2"));
  ASSERT_TRUE(second.has_value()) << second.error().message();
  EXPECT_EQ(second->rebases, 1);
  EXPECT_EQ(File("f2").base_row_id, 10);
  EXPECT_EQ(File("f2").default_row_commit_version, 2);
  EXPECT_EQ(RowIdMark(*Load()), 19);
}

TEST_F(RowTrackingTest, DeletionVectorsKeepIdsAndMovedRowsAreRefused) {
  Create();
  ASSERT_TRUE(Commit(TestContext(), store_, Append(*Load(), "f1")).has_value());
  CommitRequest update{.table_path = "/t", .read_version = 1, .operation = "DELETE"};
  CompleteRowTracking(*Load(), update);
  update.removes = {MakeRemove(File("f1"), 1, true)};
  update.adds = {File("f1")};
  update.adds[0].deletion_vector =
      DeletionVectorDescriptor{.storage_type = "u", .path_or_inline_dv = "x", .cardinality = 1};
  ASSERT_TRUE(Commit(TestContext(), store_, update).has_value());
  EXPECT_EQ(File("f1").base_row_id, 0);
  EXPECT_EQ(File("f1").default_row_commit_version, 1);
  EXPECT_EQ(RowIdMark(*Load()), 9);

  // Rows that move keep their ids in the files, which are given new ones all the same.
  CommitRequest overwrite{.table_path = "/t", .read_version = 2, .operation = "WRITE"};
  CompleteRowTracking(*Load(), overwrite);
  overwrite.removes = {MakeRemove(File("f1"), 1, true)};
  overwrite.adds = {TestAdd("f2")};
  EXPECT_TRUE(Commit(TestContext(), store_, overwrite).has_value()) << "other files in the place of the old ones";
  EXPECT_EQ(File("f2").base_row_id, 10);
}

TEST_F(RowTrackingTest, SwitchingItOnGivesIdsToWhatIsThere) {
  Create({});
  ASSERT_TRUE(Commit(TestContext(), store_, AppendRequest("/t", 0, "f1")).has_value());
  const auto before = Load();
  CommitRequest alter{.table_path = "/t", .read_version = 1, .operation = "SET TBLPROPERTIES"};
  alter.protocol = before->protocol();
  alter.protocol->writer_features.insert(alter.protocol->writer_features.end(), {"rowTracking", "domainMetadata"});
  alter.metadata = before->metadata();
  alter.metadata->configuration["delta.enableRowTracking"] = "true";
  CompleteRowTracking(*before, alter);
  ASSERT_EQ(alter.adds.size(), 1u);
  EXPECT_FALSE(alter.adds[0].data_change);
  CommitRequest late = alter;
  ASSERT_TRUE(Commit(TestContext(), store_, alter).has_value());
  EXPECT_EQ(Paths(*Load()), std::vector<std::string>{"f1"});
  EXPECT_EQ(File("f1").base_row_id, 0);
  EXPECT_EQ(File("f1").default_row_commit_version, 2);
  EXPECT_EQ(RowIdMark(*Load()), 9);

  // An append that came first would have been left without ids.
  MemoryStore other;
  ASSERT_TRUE(Commit(TestContext(), other, CreateRequest("/t")).has_value());
  ASSERT_TRUE(Commit(TestContext(), other, AppendRequest("/t", 0, "f1")).has_value());
  ASSERT_TRUE(Commit(TestContext(), other, AppendRequest("/t", 1, "f2")).has_value());
  const auto outcome = Commit(TestContext(), other, late);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code(), ErrorCode::kConflict);
}

TEST_F(RowTrackingTest, WithoutTheMarkOrTheRowCountNothingIsWritten) {
  Create();
  EXPECT_EQ(Commit(TestContext(), store_, AppendRequest("/t", 0, "f1")).error().code(), ErrorCode::kInvalidArgument);
  CommitRequest uncounted = Append(*Load(), "f1");
  uncounted.adds[0].stats.clear();
  EXPECT_EQ(Commit(TestContext(), store_, uncounted).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_FALSE(store_.Head(CommitName(1)).has_value());
}

}  // namespace
}  // namespace neurolake::tables::delta
