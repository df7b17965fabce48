#include "optimizer/memory_model.h"

#include <gtest/gtest.h>

#include <limits>

namespace neurolake::optimizer {
namespace {

constexpr int64_t kGigabyte = 1'000'000'000;

plan::OperatorDigest Node(std::string name, int parent) { return {.name = std::move(name), .parent = parent}; }

/// Scans of the given files' bytes, as children of the operators before them.
class MemoryModelTest : public testing::Test {
 protected:
  int Add(std::string name, int parent = -1) {
    digest_.tree.push_back(Node(std::move(name), parent));
    return static_cast<int>(digest_.tree.size()) - 1;
  }
  void AddScan(int64_t bytes, int parent) {
    const int at = Add("GET", parent);
    digest_.tree[static_cast<size_t>(at)].scan = static_cast<int>(digest_.scans.size());
    plan::ScanDigest scan;
    scan.bytes_kept = bytes;
    digest_.scans.push_back(std::move(scan));
  }
  void AddFunction(int64_t rows, int64_t row_bytes, int parent) {
    auto& node = digest_.tree[static_cast<size_t>(Add("GET", parent))];
    node.rows = rows;
    node.row_bytes = row_bytes;
  }
  plan::PlanDigest digest_;
};

TEST_F(MemoryModelTest, StreamingTakesBuffersOnly) {
  AddScan(kGigabyte, Add("PROJECTION"));
  EXPECT_EQ(EstimateMemory(digest_), kScanBufferBytesMax);
}

TEST_F(MemoryModelTest, NothingToReadTakesTheFloor) {
  EXPECT_EQ(EstimateMemory(digest_), kMemoryFloorBytes);
  AddScan(10, Add("ORDER_BY"));
  EXPECT_EQ(EstimateMemory(digest_), kMemoryFloorBytes);
}

TEST_F(MemoryModelTest, SortsHoldTheirInput) {
  AddScan(kGigabyte, Add("ORDER_BY"));
  EXPECT_EQ(EstimateMemory(digest_), 3 * kGigabyte + kScanBufferBytesMax);
}

TEST_F(MemoryModelTest, WritesHoldTheWritersBuffersAndRowsThatWaitOnTheirKeys) {
  AddScan(kGigabyte, Add("INSERT"));
  const int64_t streaming = kWriteBufferBytesMax + kScanBufferBytesMax;
  EXPECT_EQ(EstimateMemory(digest_), streaming);
  digest_.tree[0].keeps_rows = true;
  EXPECT_GE(EstimateMemory(digest_), streaming + 3 * kGigabyte);
}

TEST_F(MemoryModelTest, RowsThatWaitAreAsWideAsWhatIsWritten) {
  const int insert = Add("INSERT");
  digest_.tree[0].keeps_rows = true;
  const int projection = Add("PROJECTION", insert);
  digest_.tree[static_cast<size_t>(projection)].vector_row_bytes = 24;
  AddFunction(2'000'000, 8, projection);
  EXPECT_GE(EstimateMemory(digest_), int64_t{3} * 2'000'000 * 56);
}

TEST_F(MemoryModelTest, JoinsHoldAllButTheLargestSide) {
  const int join = Add("COMPARISON_JOIN");
  AddScan(kGigabyte, join);
  AddScan(4 * kGigabyte, join);
  EXPECT_EQ(EstimateMemory(digest_), 3 * kGigabyte + 2 * kScanBufferBytesMax);
}

TEST_F(MemoryModelTest, AggregatesHoldOnlyGroupsAndCollectedValues) {
  const int aggregate = Add("AGGREGATE");
  AddScan(kGigabyte, aggregate);
  digest_.functions = {{"sum", "aggregate"}, {"lower", "scalar"}};
  EXPECT_EQ(EstimateMemory(digest_), kScanBufferBytesMax);
  digest_.functions.push_back({"string_agg", "aggregate"});
  EXPECT_EQ(EstimateMemory(digest_), 3 * kGigabyte + kScanBufferBytesMax);
  digest_.functions.pop_back();
  digest_.tree[0].keeps_rows = true;
  EXPECT_EQ(EstimateMemory(digest_), 3 * kGigabyte + kScanBufferBytesMax);
}

TEST_F(MemoryModelTest, RowsOfFunctionsCountByTheirWidth) {
  AddFunction(kGigabyte, 8, Add("ORDER_BY"));
  EXPECT_EQ(EstimateMemory(digest_), 8 * kGigabyte);
}

TEST_F(MemoryModelTest, WideRowsTakeVectors) {
  const int projection = Add("PROJECTION");
  AddScan(10, projection);
  digest_.tree[0].vector_row_bytes = 20 * 16;
  EXPECT_EQ(EstimateMemory(digest_), kMemoryFloorBytes) << "few columns are part of the floor";
  digest_.tree[1].vector_row_bytes = 3000 * 16;
  EXPECT_EQ(EstimateMemory(digest_), kMemoryFloorBytes + 3000 * 16 * kVectorRows * kVectorsHeld);
}

TEST_F(MemoryModelTest, WhatNoRuleBoundsIsUnknown) {
  AddFunction(-1, 8, Add("PROJECTION"));
  EXPECT_EQ(EstimateMemory(digest_), kMemoryFloorBytes) << "rows that stream through are not held";
  AddFunction(-1, 8, Add("WINDOW"));
  EXPECT_EQ(EstimateMemory(digest_), kMemoryUnknown);
  digest_ = {};
  Add("REC_CTE");
  EXPECT_EQ(EstimateMemory(digest_), kMemoryUnknown);
}

TEST_F(MemoryModelTest, HugeTablesDoNotOverflow) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const int join = Add("CROSS_PRODUCT", Add("ORDER_BY"));
  AddScan(kMost, join);
  AddScan(kMost, join);
  EXPECT_GT(EstimateMemory(digest_), kGigabyte);
}

}  // namespace
}  // namespace neurolake::optimizer
