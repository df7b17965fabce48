#include "tables/delta/restore.h"

#include "tables/delta/file_presence.h"
#include "tables/delta/table_features.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

ReplayedLog Log(std::vector<AddFile> files, std::map<std::string, std::string> configuration = {}) {
  ReplayedLog log;
  log.protocol = Protocol{};
  log.metadata = Metadata{};
  log.metadata->id = "the id";
  log.metadata->schema_string = SerializeSchema(TwoColumns());
  log.metadata->configuration = std::move(configuration);
  log.files = std::move(files);
  return log;
}

Snapshot Of(ReplayedLog log) { return {"/t", 3, std::move(log), TwoColumns()}; }

AddFile WithVector(std::string path, std::string vector) {
  AddFile add = TestAdd(std::move(path));
  add.deletion_vector = DeletionVectorDescriptor{.storage_type = "u", .path_or_inline_dv = std::move(vector)};
  return add;
}

TEST(RestoreTest, TakesTheDifferenceByFileAndDeletionVector) {
  const Snapshot current = Of(Log({TestAdd("same"), WithVector("changed", "b"), TestAdd("new")}));
  const Snapshot target = Of(Log({TestAdd("same"), WithVector("changed", "a"), TestAdd("old")}));
  const RestorePlan plan = PlanRestore(current, target, 77);
  ASSERT_EQ(plan.adds.size(), 2U);
  EXPECT_EQ(plan.adds[0].path, "changed");
  EXPECT_EQ(plan.adds[0].deletion_vector->path_or_inline_dv, "a");
  EXPECT_EQ(plan.adds[1].path, "old");
  ASSERT_EQ(plan.removes.size(), 2U);
  EXPECT_EQ(plan.removes[0].deletion_vector->path_or_inline_dv, "b");
  EXPECT_EQ(plan.removes[1].path, "new");
  EXPECT_EQ(plan.removes[1].deletion_timestamp_ms, 77);
  EXPECT_FALSE(plan.protocol.has_value());
  EXPECT_FALSE(plan.metadata.has_value());
  EXPECT_TRUE(PlanRestore(current, current, 77).empty());
}

TEST(RestoreTest, NothingGoesBackThatMustNot) {
  ReplayedLog now = Log({}, {{"delta.columnMapping.maxColumnId", "9"},
                             {"delta.enableInCommitTimestamps", "true"},
                             {"delta.inCommitTimestampEnablementVersion", "2"},
                             {"mine", "new"}});
  now.protocol->min_reader_version = 3;
  now.protocol->min_writer_version = 7;
  now.protocol->writer_features = {"appendOnly", "invariants", "inCommitTimestamp"};
  now.domains["delta.rowTracking"] = {.domain = "delta.rowTracking", .configuration = "high"};
  now.domains["delta.clustering"] = {.domain = "delta.clustering", .configuration = "new"};
  ReplayedLog then = Log({}, {{"delta.columnMapping.maxColumnId", "5"}, {"mine", "old"}});
  then.metadata->id = "another";
  then.domains["delta.rowTracking"] = {.domain = "delta.rowTracking", .configuration = "low"};
  const RestorePlan plan = PlanRestore(Of(now), Of(then), 0);
  EXPECT_FALSE(plan.protocol.has_value());
  ASSERT_TRUE(plan.metadata.has_value());
  EXPECT_EQ(plan.metadata->id, "the id");
  const std::map<std::string, std::string> expected = {{"delta.columnMapping.maxColumnId", "9"},
                                                       {"delta.enableInCommitTimestamps", "true"},
                                                       {"delta.inCommitTimestampEnablementVersion", "2"},
                                                       {"mine", "old"}};
  EXPECT_EQ(plan.metadata->configuration, expected);
  ASSERT_EQ(plan.domains.size(), 1U);
  EXPECT_EQ(plan.domains[0].domain, "delta.clustering");
  EXPECT_TRUE(plan.domains[0].removed);
}

TEST(RestoreTest, FeaturesOfTheOldVersionComeBack) {
  ReplayedLog now = Log({});
  ReplayedLog then = Log({});
  then.protocol = Protocol{3, 7, {"deletionVectors"}, {"deletionVectors", "appendOnly"}};
  now.protocol = Protocol{1, 7, {}, {"appendOnly"}};
  const RestorePlan plan = PlanRestore(Of(now), Of(then), 0);
  ASSERT_TRUE(plan.protocol.has_value());
  EXPECT_EQ(plan.protocol->min_reader_version, 3);
  EXPECT_EQ(plan.protocol->reader_features, std::vector<std::string>{"deletionVectors"});
  EXPECT_EQ(plan.protocol->writer_features, (std::vector<std::string>{"appendOnly", "deletionVectors"}));
}

TEST(RestoreTest, LegacyVersionsBecomeNamesBesideNames) {
  ReplayedLog now = Log({});
  ReplayedLog then = Log({});
  now.protocol = Protocol{1, 7, {}, {"appendOnly"}};
  then.protocol = Protocol{2, 5, {}, {}};
  const RestorePlan plan = PlanRestore(Of(now), Of(then), 0);
  ASSERT_TRUE(plan.protocol.has_value());
  EXPECT_EQ(plan.protocol->min_writer_version, 7);
  EXPECT_TRUE(SupportedFeatures(*plan.protocol).contains("columnMapping"));
}

TEST(RestoreTest, IdentityColumnsCountOn) {
  const auto with_mark = [](std::string mark, std::string step) {
    DataType schema = TwoColumns();
    schema.fields[0].metadata["delta.identity.step"] = std::move(step);
    if (!mark.empty()) schema.fields[0].metadata["delta.identity.highWaterMark"] = std::move(mark);
    ReplayedLog log = Log({});
    log.metadata->schema_string = SerializeSchema(schema);
    return Snapshot("/t", 3, std::move(log), std::move(schema));
  };
  const auto restored = [&](std::string now, std::string then, std::string step) -> std::string {
    const RestorePlan plan = PlanRestore(with_mark(now, step), with_mark(then, step), 0);
    if (!plan.metadata) return now;
    return ParseSchema(plan.metadata->schema_string)->fields[0].metadata["delta.identity.highWaterMark"];
  };
  EXPECT_EQ(restored("7", "3", "1"), "7");
  EXPECT_EQ(restored("3", "7", "1"), "7");
  EXPECT_EQ(restored("7", "", "1"), "7");
  EXPECT_EQ(restored("", "7", "1"), "7");
  EXPECT_EQ(restored("-7", "-3", "-1"), "-7");
  EXPECT_EQ(restored("-3", "-7", "-1"), "-7");
}

TEST(FilePresenceTest, NamesWhatIsGone) {
  MemoryStore store;
  ASSERT_TRUE(store.Put("/t/a b", "x").has_value());
  ASSERT_TRUE(store.Put("/t/c", "x").has_value());
  const std::vector<AddFile> files = {TestAdd("a%20b"), TestAdd("gone"), WithVector("c", "ab^-aqEH.-t@S}K{vb[*k^")};
  const Snapshot table("/t", 0, ReplayedLog{}, DataType{});
  const auto missing = FindMissingFiles(TestContext(), store, table, files).value();
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].path, "gone");
  EXPECT_FALSE(missing[0].deletion_vector);
  EXPECT_EQ(missing[1].index, 2U);
  EXPECT_TRUE(missing[1].deletion_vector);
  EXPECT_EQ(FindMissingFiles(TestContext(), store, table, std::vector{TestAdd("../x")}).error().code(),
            ErrorCode::kPermissionDenied);
}

}  // namespace
}  // namespace neurolake::tables::delta
