#include "engine/duckdb/internal/record_count.h"

#include "tables/delta/statistics.h"

namespace neurolake::engine::duckdb {

std::optional<int64_t> RecordCount(const tables::delta::AddFile& file) {
  return tables::delta::ReadRecordCount(file.stats);
}

std::optional<int64_t> LiveRecordCount(const tables::delta::AddFile& file) {
  auto count = RecordCount(file);
  if (!count.has_value() || !file.deletion_vector.has_value()) return count;
  return std::max<int64_t>(0, *count - file.deletion_vector->cardinality);
}

}  // namespace neurolake::engine::duckdb
