#include "tables/delta/layout.h"

#include <numeric>

#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

AddFile Sized(std::string path, int64_t bytes, std::string partition = "") {
  AddFile add = TestAdd(std::move(path));
  add.size_bytes = bytes;
  if (!partition.empty()) add.partition_values["p"] = partition;
  return add;
}

AddFile WithDeletions(AddFile add, int64_t rows) {
  add.deletion_vector = DeletionVectorDescriptor{.storage_type = "u", .path_or_inline_dv = "x", .cardinality = rows};
  return add;
}

Snapshot Of(std::vector<AddFile> files) {
  ReplayedLog log;
  log.protocol = Protocol{};
  log.metadata = Metadata{};
  log.files = std::move(files);
  return {"/t", 1, std::move(log), TwoColumns()};
}

std::vector<uint32_t> All(const Snapshot& snapshot) {
  std::vector<uint32_t> all(snapshot.files().size());
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

std::vector<std::vector<uint32_t>> Bins(const Snapshot& snapshot, CompactionOptions options) {
  std::vector<std::vector<uint32_t>> bins;
  for (const auto& bin : PlanCompaction(snapshot, All(snapshot), options)) bins.push_back(bin.files);
  return bins;
}

using Lists = std::vector<std::vector<uint32_t>>;

TEST(CompactionTest, PacksSmallFilesOfAPartition) {
  const Snapshot table = Of({Sized("a", 40, "1"), Sized("b", 40, "1"), Sized("c", 40, "1"), Sized("d", 40, "2"),
                             Sized("e", 90, "1"), Sized("f", 10, "2")});
  EXPECT_EQ(Bins(table, {.target_bytes = 100}), (Lists{{0, 1}, {3, 5}}));
  EXPECT_EQ(Bins(table, {.target_bytes = 1000}), (Lists{{0, 1, 2, 4}, {3, 5}}));
}

TEST(CompactionTest, LeavesAloneWhatWouldGainNothing) {
  EXPECT_EQ(Bins(Of({Sized("a", 10)}), {.target_bytes = 100}), Lists{});
  EXPECT_EQ(Bins(Of({Sized("a", 80), Sized("b", 300)}), {.target_bytes = 100}), Lists{});
  EXPECT_EQ(Bins(Of({}), {.target_bytes = 100}), Lists{});
  // For compaction after writes: too few of them.
  EXPECT_EQ(Bins(Of({Sized("a", 1), Sized("b", 1)}), {.target_bytes = 100, .small_files_min = 3}), Lists{});
  EXPECT_EQ(Bins(Of({Sized("a", 1), Sized("b", 1), Sized("c", 1)}), {.target_bytes = 100, .small_files_min = 3}),
            (Lists{{0, 1, 2}}));
}

TEST(CompactionTest, RewritesFilesWithManyDeletedRows) {
  // Ten rows each.
  const Snapshot table = Of({WithDeletions(Sized("a", 500), 5), Sized("b", 500)});
  EXPECT_EQ(Bins(table, {.target_bytes = 100}), (Lists{{0}}));
  EXPECT_EQ(Bins(table, {.target_bytes = 100, .deleted_share_max = 0.5}), Lists{});
  EXPECT_DOUBLE_EQ(DeletedShare(table.files()[0]), 0.5);
}

TEST(ByteSizeTest, Spellings) {
  EXPECT_EQ(ParseByteSize("1024").value(), 1024);
  EXPECT_EQ(ParseByteSize("128mb").value(), 128LL << 20);
  EXPECT_EQ(ParseByteSize("1.5 GB").value(), 3LL << 29);
  EXPECT_EQ(ParseByteSize("10b").value(), 10);
  for (const char* wrong : {"", "mb", "1 elephant", "-1", "1e300"}) {
    EXPECT_EQ(ParseByteSize(wrong).error().code(), ErrorCode::kInvalidArgument) << wrong;
  }
  Metadata metadata;
  EXPECT_EQ(TargetFileBytes(metadata), 256LL << 20);
  metadata.configuration["delta.targetFileSize"] = "8mb";
  EXPECT_EQ(TargetFileBytes(metadata), 8LL << 20);
  metadata.configuration["delta.targetFileSize"] = "huge";
  EXPECT_EQ(TargetFileBytes(metadata), 256LL << 20);
}

AddFile Clustered(std::string path, int64_t bytes, std::string cube, std::string columns = "c") {
  AddFile add = Sized(std::move(path), bytes);
  add.clustering_provider = kClusteringProvider;
  add.tags = {{kCubeIdTag, std::move(cube)}, {kCubeColumnsTag, std::move(columns)}};
  return add;
}

TEST(ClusteringTest, TakesNewFilesAndCubesThatAreNotMuchLarger) {
  const Snapshot table = Of({Clustered("a", 1000, "1"), Clustered("b", 15, "2"), Sized("new", 10)});
  EXPECT_EQ(PlanClustering(table, All(table), "c", false), (std::vector<uint32_t>{1, 2}));
  const Snapshot done = Of({Clustered("a", 1000, "1"), Clustered("b", 15, "2")});
  EXPECT_EQ(PlanClustering(done, All(done), "c", false), std::vector<uint32_t>{});
  EXPECT_EQ(PlanClustering(done, All(done), "c", true), All(done));
  const Snapshot one = Of({Clustered("a", 1000, "1"), Clustered("b", 15, "1")});
  EXPECT_EQ(PlanClustering(one, All(one), "c", true), std::vector<uint32_t>{});
  // Clustered by other columns before: those stay as they are until FULL.
  EXPECT_EQ(PlanClustering(one, All(one), "d", false), std::vector<uint32_t>{});
  EXPECT_EQ(PlanClustering(one, All(one), "d", true), All(one));
}

TEST(OverlapTest, CountsFilesThatShareARange) {
  const auto ranged = [](std::string path, int64_t min, int64_t max) {
    AddFile add = TestAdd(std::move(path));
    add.stats = fmt::format(R"({{"numRecords":1,"minValues":{{"id":{}}},"maxValues":{{"id":{}}}}})", min, max);
    return add;
  };
  const StructField id = TwoColumns().fields[0];
  EXPECT_DOUBLE_EQ(*OverlapDepth(Of({ranged("a", 1, 9), ranged("b", 10, 20), ranged("c", 100, 200)}), id), 1.0);
  EXPECT_DOUBLE_EQ(*OverlapDepth(Of({ranged("a", 1, 100), ranged("b", 2, 99), ranged("c", 9, 200)}), id), 3.0);
  EXPECT_FALSE(OverlapDepth(Of({TestAdd("a")}), id).has_value());
  EXPECT_FALSE(OverlapDepth(Of({}), id).has_value());
}

}  // namespace
}  // namespace neurolake::tables::delta
