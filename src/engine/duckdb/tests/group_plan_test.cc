#include "engine/duckdb/internal/group_plan.h"

#include <gtest/gtest.h>

namespace neurolake::engine::duckdb {
namespace {

std::vector<int64_t> FileRows(const GroupPlan& plan) {
  std::vector<int64_t> rows;
  for (const auto& file : plan.files) rows.push_back(file.rows);
  return rows;
}

constexpr int kShift = 60;

TEST(GroupPlanTest, AStretchOfOneFileIsNotCut) {
  const auto plan = PlanGroups(std::vector<int64_t>(16, 10), kShift, 0, {.file_rows = 100, .group_rows = 1000});
  EXPECT_EQ(FileRows(plan), std::vector<int64_t>{160});
  EXPECT_EQ(plan.group_of_cell, std::vector<uint32_t>(16, 0));
}

TEST(GroupPlanTest, FilesAreBoxesAndRowGroupsPartsOfThem) {
  const auto plan = PlanGroups(std::vector<int64_t>(16, 10), kShift, 0, {.file_rows = 40, .group_rows = 20});
  EXPECT_EQ(FileRows(plan), (std::vector<int64_t>{40, 40, 40, 40}));
  EXPECT_EQ(plan.file_of_group, (std::vector<uint32_t>{0, 0, 1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(plan.group_of_cell, (std::vector<uint32_t>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7}));
  EXPECT_EQ(plan.files[1].first_place, uint64_t{4} << kShift);
}

TEST(GroupPlanTest, AStretchThatBeginsElsewhereCountsFromThere) {
  const uint64_t begin = uint64_t{6} << kShift;
  const auto plan = PlanGroups(std::vector<int64_t>(10, 10), kShift, begin, {.file_rows = 40, .group_rows = 1000});
  EXPECT_EQ(FileRows(plan), (std::vector<int64_t>{20, 40, 40}));
  EXPECT_EQ(plan.files[0].first_place, begin);
  EXPECT_EQ(plan.files[1].first_place, uint64_t{8} << kShift);
  EXPECT_EQ(plan.group_of_cell[plan.Cell(uint64_t{8} << kShift)], 1U);
  EXPECT_EQ(plan.group_of_cell[plan.Cell(~uint64_t{0})], 2U);
}

TEST(GroupPlanTest, RowGroupsOfAFileAreBoundAndGrowInstead) {
  const GroupLimits limits{.file_rows = 1000, .group_rows = 10, .file_groups = 4};
  const auto plan = PlanGroups(std::vector<int64_t>(16, 10), kShift, 0, limits);
  EXPECT_EQ(plan.groups(), 4U);
  EXPECT_EQ(plan.group_of_cell[15], 3U);
}

// The rows of one cell are one group of one file in the plan, whatever their number; they are cut where they are
// written.
TEST(GroupPlanTest, ACellIsNotCut) {
  const std::vector<int64_t> rows = {0, 5, 900, 0, 0, 5, 0, 0};
  const auto plan = PlanGroups(rows, 61, 0, {.file_rows = 100, .group_rows = 10});
  EXPECT_EQ(FileRows(plan), (std::vector<int64_t>{5, 900, 5}));
  EXPECT_EQ(plan.file_of_group, (std::vector<uint32_t>{0, 1, 2}));
}

TEST(GroupPlanTest, WhatNoPlaceTellsApartGoesIntoFilesOfOneSize) {
  EXPECT_EQ(PiecesOf(100, 100), 1);
  EXPECT_EQ(PiecesOf(160, 100), 1);
  EXPECT_EQ(PiecesOf(161, 100), 2);
  EXPECT_EQ(PiecesOf(1000, 100), 8);
}

}  // namespace
}  // namespace neurolake::engine::duckdb
