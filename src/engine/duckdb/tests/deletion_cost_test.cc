#include "engine/duckdb/internal/deletion_cost.h"

#include <gtest/gtest.h>

namespace neurolake::engine::duckdb {
namespace {

constexpr int64_t kMebibyte = int64_t{1} << 20;

TEST(DeletionCostTest, FewRowsGetAVector) {
  EXPECT_FALSE(RewritingPays({.size_bytes = 256 * kMebibyte, .rows = 1'000'000, .rows_gone = 1}));
  EXPECT_FALSE(RewritingPays({.size_bytes = 256 * kMebibyte, .rows = 1'000'000, .rows_gone = 350'000}));
}

TEST(DeletionCostTest, MostlyDeadFilesAreWrittenAnew) {
  EXPECT_TRUE(RewritingPays({.size_bytes = 256 * kMebibyte, .rows = 1'000'000, .rows_gone = 360'000}));
  EXPECT_TRUE(RewritingPays({.size_bytes = kMebibyte, .rows = 100, .rows_gone = 99}));
}

TEST(DeletionCostTest, SmallFilesKeepTheirVector) {
  EXPECT_FALSE(RewritingPays({.size_bytes = kMebibyte - 1, .rows = 100, .rows_gone = 99}));
}

TEST(DeletionCostTest, NothingIsSaidOfFilesOfUnknownLength) {
  EXPECT_FALSE(RewritingPays({.size_bytes = 256 * kMebibyte, .rows = 0, .rows_gone = 50}));
}

}  // namespace
}  // namespace neurolake::engine::duckdb
