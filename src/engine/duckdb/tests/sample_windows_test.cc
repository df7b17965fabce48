#include "engine/duckdb/internal/sample_windows.h"

#include <gtest/gtest.h>

#include <set>

namespace neurolake::engine::duckdb {
namespace {

int64_t RowsOf(const std::vector<std::vector<RowWindow>>& sample) {
  int64_t rows = 0;
  for (const auto& windows : sample) {
    for (const RowWindow& window : windows) rows += window.end - window.begin;
  }
  return rows;
}

TEST(SampleWindowsTest, OfFewRowsAllAreTaken) {
  EXPECT_TRUE(SampleWindows(std::vector<int64_t>{}).empty());
  EXPECT_TRUE(SampleWindows(std::vector<int64_t>(1000, 31'000)).empty());
}

TEST(SampleWindowsTest, TwoMillionRowsWhateverTheTableHas) {
  for (const auto& files : {std::vector<int64_t>(1, 40'000'000), std::vector<int64_t>(1024, 40'000),
                            std::vector<int64_t>(1024, 1'000'000), std::vector<int64_t>(100'000, 100'000)}) {
    const auto sample = SampleWindows(files);
    ASSERT_EQ(sample.size(), files.size());
    EXPECT_NEAR(static_cast<double>(RowsOf(sample)), 1 << 21, 256);
    for (size_t i = 0; i < files.size(); ++i) {
      int64_t last = 0;
      for (const RowWindow& window : sample[i]) {
        EXPECT_LE(last, window.begin);
        EXPECT_LT(window.begin, window.end);
        EXPECT_LE(window.end, files[i]);
        last = window.end;
      }
    }
  }
}

// Files that are each in the same order: every tenth of a file is met, in some file, about equally often.
TEST(SampleWindowsTest, FilesAreMetAtDifferentPlaces) {
  for (const size_t count : {64U, 128U, 200U, 256U, 512U, 1024U}) {
    const std::vector<int64_t> files(count, 1'000'000);
    std::vector<int64_t> tenths(10);
    for (const auto& windows : SampleWindows(files)) {
      for (const RowWindow& window : windows) {
        for (int64_t row = window.begin; row < window.end; row += 64) tenths[static_cast<size_t>(row / 100'000)] += 64;
      }
    }
    for (const int64_t rows : tenths) {
      EXPECT_GT(rows, (1 << 21) / 10 / 2) << count << " files";
      EXPECT_LT(rows, (1 << 21) / 10 * 2) << count << " files";
    }
  }
}

TEST(SampleWindowsTest, EmptyFilesAreSteppedOver) {
  const auto sample = SampleWindows(std::vector<int64_t>{0, 20'000'000, 0, 0, 20'000'000, 0});
  ASSERT_EQ(sample.size(), 6U);
  EXPECT_TRUE(sample[0].empty() && sample[2].empty() && sample[3].empty() && sample[5].empty());
  EXPECT_NEAR(static_cast<double>(RowsOf({sample[1]})), 1 << 20, 20'000);
}

}  // namespace
}  // namespace neurolake::engine::duckdb
