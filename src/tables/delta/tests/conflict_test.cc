#include "tables/delta/commit.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

AddFile InPartition(const std::string& path, const std::string& name, int64_t min_id = 0, int64_t max_id = 9) {
  AddFile add = TestAdd(path);
  add.partition_values["name"] = name;
  add.stats = fmt::format(
      R"({{"numRecords":10,"minValues":{{"id":{}}},"maxValues":{{"id":{}}},"nullCount":{{"id":0}}}})", min_id, max_id);
  return add;
}

ReadPredicate Name(const std::string& name) { return {{.column = "name", .ranges = {{name, name}}}}; }
ReadPredicate Id(const std::string& min, const std::string& max) { return {{.column = "id", .ranges = {{min, max}}}}; }

/// A table partitioned by `name` with the files red-1, red-2 and blue-1 at version 1. Each test plays two statements
/// that both read version 1.
class ConflictTest : public ::testing::Test {
 protected:
  void SetUp() override { Create({}); }

  void Create(std::map<std::string, std::string> properties) {
    table_ = fmt::format("/t{}", ++tables_);
    NewTable made = MakeNewTable(TwoColumns(), {"name"}, std::move(properties), "", 1).value();
    CommitRequest create{.table_path = table_, .read_version = -1, .operation = "CREATE TABLE"};
    create.protocol = made.protocol;
    create.metadata = made.metadata;
    ASSERT_TRUE(Commit(TestContext(), store_, create).has_value());
    CommitRequest append = Append({});
    append.read_version = 0;
    append.adds = {InPartition("red-1", "red", 0, 9), InPartition("red-2", "red", 10, 19),
                   InPartition("blue-1", "blue", 0, 9)};
    ASSERT_TRUE(Commit(TestContext(), store_, append).has_value());
  }

  CommitRequest Append(std::vector<AddFile> adds) const {
    CommitRequest request{.table_path = table_, .read_version = 1, .operation = "WRITE", .blind_append = true};
    request.adds = std::move(adds);
    return request;
  }
  /// Rewrites `path`, of partition `name`, having looked for rows as `predicate` says.
  CommitRequest Update(const std::string& path, const std::string& name, ReadPredicate predicate,
                       std::vector<std::string> read = {}) const {
    CommitRequest request{.table_path = table_, .read_version = 1, .operation = "UPDATE"};
    request.removes = {MakeRemove(InPartition(path, name), 1, true)};
    request.adds = {InPartition(fmt::format("{}-{}", path, NewUuid()), name)};
    if (read.empty()) read = {path};
    request.read_scope = {.whole_table = false, .files = std::move(read), .predicates = {std::move(predicate)}};
    return request;
  }
  CommitRequest DeleteByVector(const std::string& path, const std::string& name, ReadPredicate predicate) const {
    CommitRequest request = Update(path, name, std::move(predicate));
    request.operation = "DELETE";
    request.adds = {InPartition(path, name)};
    request.adds[0].deletion_vector =
        DeletionVectorDescriptor{.storage_type = "u", .path_or_inline_dv = NewUuid(), .cardinality = 1};
    return request;
  }
  CommitRequest Optimize(const std::string& path, const std::string& name) const {
    CommitRequest request = Update(path, name, {});
    request.operation = "OPTIMIZE";
    request.read_scope = {};
    request.adds[0].data_change = false;
    request.removes[0].data_change = false;
    return request;
  }

  /// The rule that keeps `second` from following `first`, "" if it may.
  std::string Rule(const CommitRequest& first, const CommitRequest& second) {
    auto won = Commit(TestContext(), store_, first);
    EXPECT_TRUE(won.has_value()) << won.error().message();
    auto outcome = Commit(TestContext(), store_, second);
    if (outcome.has_value()) {
      EXPECT_EQ(outcome->version, 3);
      EXPECT_EQ(outcome->rebases, 1);
      return "";
    }
    EXPECT_EQ(outcome.error().code(), ErrorCode::kConflict);
    EXPECT_FALSE(store_.Head(fmt::format("{}/_delta_log/{:020d}.json", table_, 3)).has_value());
    const std::string message = outcome.error().message();
    const size_t begin = message.find('(') + 1;
    return message.substr(begin, message.find(':', begin) - begin);
  }

  MemoryStore store_;
  std::string table_;
  int tables_ = 0;
};

TEST_F(ConflictTest, UpdatesOfDifferentPartitionsBothSucceed) {
  EXPECT_EQ(Rule(Update("red-1", "red", Name("red"), {"red-1", "red-2"}), Update("blue-1", "blue", Name("blue"))), "");
}

TEST_F(ConflictTest, UpdatesOfDifferentFilesBothSucceedWhereStatisticsTellThemApart) {
  CommitRequest first = Update("red-1", "red", Id("0", "9"));
  CommitRequest second = Update("red-2", "red", Id("10", "19"));
  second.adds = {InPartition("red-2-new", "red", 10, 19)};
  EXPECT_EQ(Rule(first, second), "");
}

TEST_F(ConflictTest, UpdatesOfOnePartitionExcludeEachOther) {
  EXPECT_EQ(Rule(Update("red-1", "red", Name("red"), {"red-1", "red-2"}),
                 Update("red-2", "red", Name("red"), {"red-1", "red-2"})),
            "ConcurrentDeleteRead");
}

TEST_F(ConflictTest, UpdatesOfOneFileExcludeEachOther) {
  EXPECT_EQ(Rule(Update("red-1", "red", Id("1", "1")), Update("red-1", "red", Id("2", "2"))), "ConcurrentDeleteDelete");
}

TEST_F(ConflictTest, RewrittenRowsThatTheOtherWouldHaveReadAreAConflict) {
  // The winner moved rows into what the second looked for, from a file that it did not read.
  CommitRequest first = Update("red-1", "red", Id("0", "9"));
  first.adds = {InPartition("red-1-new", "red", 10, 19)};
  EXPECT_EQ(Rule(first, Update("red-2", "red", Id("10", "19"))), "ConcurrentAppend");
}

TEST_F(ConflictTest, BlindAppendCountsAsEarlierUnlessSerializable) {
  const AddFile red = InPartition("red-3", "red");
  EXPECT_EQ(Rule(Append({red}), Update("red-1", "red", Name("red"))), "");
  Create({{"delta.isolationLevel", "Serializable"}});
  EXPECT_EQ(Rule(Append({red}), Update("red-1", "red", Name("red"))), "ConcurrentAppend");
  Create({{"delta.isolationLevel", "Serializable"}});
  EXPECT_EQ(Rule(Append({red}), Update("blue-1", "blue", Name("blue"))), "");
}

TEST_F(ConflictTest, AppendThatReadTheTableIsNotABlindOne) {
  CommitRequest first = Append({InPartition("red-3", "red")});
  first.blind_append = false;
  EXPECT_EQ(Rule(first, Update("red-1", "red", Name("red"))), "ConcurrentAppend");
  Create({});
  first.table_path = table_;
  EXPECT_EQ(Rule(first, Update("blue-1", "blue", Name("blue"))), "");
  Create({});
  first.table_path = table_;
  EXPECT_EQ(Rule(first, Append({InPartition("red-4", "red")})), "");
}

TEST_F(ConflictTest, AWholeTableReadConflictsWithAnyChangedRow) {
  CommitRequest second = Update("blue-1", "blue", {});
  second.read_scope = {};
  EXPECT_EQ(Rule(Update("red-1", "red", Name("red")), second), "ConcurrentDeleteRead");
}

TEST_F(ConflictTest, OptimizeAndAppendsDoNotMeet) {
  EXPECT_EQ(Rule(Append({InPartition("red-3", "red")}), Optimize("red-1", "red")), "");
  Create({});
  CommitRequest reading = Append({InPartition("red-3", "red")});
  reading.blind_append = false;
  EXPECT_EQ(Rule(reading, Optimize("red-1", "red")), "");
  Create({});
  reading.table_path = table_;
  EXPECT_EQ(Rule(Optimize("red-1", "red"), reading), "") << "the same rows in other files";
}

TEST_F(ConflictTest, OptimizeAndDeletionVectorsOfOneFileExcludeEachOther) {
  EXPECT_EQ(Rule(DeleteByVector("red-1", "red", Name("red")), Optimize("red-1", "red")), "ConcurrentDeleteDelete");
  Create({});
  EXPECT_EQ(Rule(Optimize("red-1", "red"), DeleteByVector("red-1", "red", Name("red"))), "ConcurrentDeleteDelete");
  Create({});
  EXPECT_EQ(Rule(DeleteByVector("red-1", "red", Name("red")), Optimize("red-2", "red")), "");
}

TEST_F(ConflictTest, ADeletionVectorBringsNoRows) {
  // Its file is added anew, and by its statistics might have what the second looks for; it was read and had none.
  CommitRequest second = Update("red-2", "red", Id("5", "15"));
  EXPECT_EQ(Rule(DeleteByVector("red-1", "red", Id("1", "1")), second), "");
  Create({});
  CommitRequest restore = DeleteByVector("red-1", "red", Id("1", "1"));
  restore.operation = "RESTORE";
  std::swap(restore.adds[0].deletion_vector, restore.removes[0].deletion_vector);
  second.table_path = table_;
  EXPECT_EQ(Rule(restore, second), "ConcurrentAppend") << "taking one back does";
}

TEST_F(ConflictTest, ChangedMetadataAndProtocolConflictWithEverything) {
  CommitRequest alter{.table_path = table_, .read_version = 1, .operation = "SET TBLPROPERTIES"};
  alter.metadata = MakeNewTable(TwoColumns(), {"name"}, {}, "changed", 1)->metadata;
  EXPECT_EQ(Rule(alter, Append({InPartition("red-3", "red")})), "MetadataChanged");
  Create({});
  CommitRequest upgrade{.table_path = table_, .read_version = 1, .operation = "UPGRADE PROTOCOL"};
  upgrade.protocol =
      MakeNewTable(TwoColumns(), {"name"}, {{"delta.feature.domainMetadata", "supported"}}, "", 1)->protocol;
  EXPECT_EQ(Rule(upgrade, Append({InPartition("red-3", "red")})), "ProtocolChanged");
}

TEST_F(ConflictTest, AMetadataChangeThatReadNoRowsFollowsAppends) {
  CommitRequest alter{.table_path = table_, .read_version = 1, .operation = "SET TBLPROPERTIES"};
  alter.metadata = MakeNewTable(TwoColumns(), {"name"}, {}, "changed", 1)->metadata;
  alter.read_scope = ReadScope::Nothing();
  EXPECT_EQ(Rule(Append({InPartition("red-3", "red")}), alter), "");
  Create({});
  alter.table_path = table_;
  alter.read_scope = {};
  EXPECT_EQ(Rule(Append({InPartition("red-3", "red")}), alter), "ConcurrentAppend") << "a constraint was checked";
}

TEST_F(ConflictTest, AFileDescribedAnewDoesNotComeBackAfterOptimizeTookIt) {
  // As when row tracking is enabled: every file is added again without being removed.
  CommitRequest alter{.table_path = table_, .read_version = 1, .operation = "SET TBLPROPERTIES"};
  alter.metadata = MakeNewTable(TwoColumns(), {"name"}, {}, "changed", 1)->metadata;
  alter.adds = {InPartition("red-1", "red"), InPartition("blue-1", "blue")};
  alter.adds[0].data_change = alter.adds[1].data_change = false;
  EXPECT_EQ(Rule(Optimize("red-1", "red"), alter), "ConcurrentDeleteRead");
  Create({});
  alter.table_path = table_;
  EXPECT_EQ(Rule(Optimize("red-2", "red"), alter), "") << "of which it says nothing";
}

TEST_F(ConflictTest, OneApplicationAndOneDomainAtATime) {
  Create({{"delta.feature.domainMetadata", "supported"}});
  CommitRequest first = Append({InPartition("red-3", "red")});
  first.transactions = {{.app_id = "app", .version = 1}};
  CommitRequest second = Append({InPartition("red-4", "red")});
  second.transactions = {{.app_id = "app", .version = 1}};
  EXPECT_EQ(Rule(first, second), "ConcurrentTransaction");
  Create({{"delta.feature.domainMetadata", "supported"}});
  for (CommitRequest* request : {&first, &second}) {
    request->table_path = table_;
    request->transactions.clear();
    request->domains = {{.domain = "mine", .configuration = "{}"}};
  }
  EXPECT_EQ(Rule(first, second), "ConcurrentDomainMetadata");
  Create({{"delta.feature.domainMetadata", "supported"}});
  first.table_path = second.table_path = table_;
  second.domains[0].domain = "another";
  EXPECT_EQ(Rule(first, second), "");
}

TEST_F(ConflictTest, WhatMustHoldForAllRowsDoesNotFollowABlindAppend) {
  CommitRequest checked = Append({InPartition("blue-2", "blue")});
  checked.blind_append = false;
  checked.read_scope = {};
  EXPECT_EQ(Rule(Append({InPartition("red-3", "red")}), checked), "") << "the default lets it pass";
  Create({});
  checked.table_path = table_;
  checked.serializable = true;
  EXPECT_EQ(Rule(Append({InPartition("red-3", "red")}), checked), "ConcurrentAppend");
  Create({});
  checked.table_path = table_;
  EXPECT_EQ(Rule(Optimize("red-1", "red"), checked), "") << "the same rows";
}

TEST_F(ConflictTest, AnExclusiveCommitFollowsNone) {
  CommitRequest restore{.table_path = table_, .read_version = 1, .operation = "RESTORE", .exclusive = true};
  restore.removes = {MakeRemove(InPartition("red-1", "red"), 1, true)};
  EXPECT_EQ(Rule(Append({InPartition("red-3", "red")}), restore), "ConcurrentWrite");
  Create({});
  CommitRequest vacuum{.table_path = table_, .read_version = 1, .operation = "VACUUM START"};
  vacuum.read_scope = ReadScope::Nothing();
  restore.table_path = table_;
  EXPECT_EQ(Rule(vacuum, restore), "ConcurrentWrite");
  restore.read_version = 2;
  EXPECT_TRUE(Commit(TestContext(), store_, restore).has_value()) << "nobody came before";
}

TEST_F(ConflictTest, CommitInfoSaysWhichLevelDecided) {
  const auto level = [&](CommitRequest request) {
    const int64_t version = Commit(TestContext(), store_, request)->version;
    const std::string path = fmt::format("{}/_delta_log/{:020d}.json", table_, version);
    const std::string info = ParseCommit(store_.Read(path).value(), path)->commit_info;
    const size_t begin = info.find("\"isolationLevel\":\"") + 18;
    return info.substr(begin, info.find('"', begin) - begin);
  };
  EXPECT_EQ(level(Update("blue-1", "blue", Name("blue"))), "WriteSerializable");
  EXPECT_EQ(level(Optimize("red-1", "red")), "SnapshotIsolation");
  Create({{"delta.isolationLevel", "Serializable"}});
  EXPECT_EQ(level(Update("blue-1", "blue", Name("blue"))), "Serializable");
}

}  // namespace
}  // namespace neurolake::tables::delta
