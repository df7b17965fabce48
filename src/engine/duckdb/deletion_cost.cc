#include "engine/duckdb/internal/deletion_cost.h"

namespace neurolake::engine::duckdb {

bool RewritingPays(const ThinnedFile& file) {
  constexpr int64_t kSmallBytes = int64_t{1} << 20;
  constexpr double kScansExpected = 10;
  constexpr double kWriteCost = 4;  // Of a byte; reading one is 1.
  if (file.size_bytes < kSmallBytes || file.rows <= 0) return false;
  const double gone = static_cast<double>(file.rows_gone) / static_cast<double>(file.rows);
  return kScansExpected * gone > 1 + kWriteCost * (1 - gone);
}

}  // namespace neurolake::engine::duckdb
