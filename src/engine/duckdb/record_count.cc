#include "engine/duckdb/internal/record_count.h"

#include <charconv>

#include "tables/delta/statistics.h"

namespace neurolake::engine::duckdb {

std::optional<int64_t> RecordCount(const tables::delta::AddFile& file) {
  // All common writers put it first. (Further in, a column could have that name.)
  constexpr std::string_view kFirst = "{\"numRecords\":";
  if (file.stats.starts_with(kFirst)) {
    int64_t count = 0;
    const char* end = file.stats.data() + file.stats.size();
    auto [stop, problem] = std::from_chars(file.stats.data() + kFirst.size(), end, count);
    if (problem == std::errc() && count >= 0 && stop != end && (*stop == ',' || *stop == '}')) return count;
  }
  // A name that no column has, so that none is parsed.
  return tables::delta::ParseStatistics(file.stats, {"\n"}).record_count;
}

std::optional<int64_t> LiveRecordCount(const tables::delta::AddFile& file) {
  auto count = RecordCount(file);
  if (!count.has_value() || !file.deletion_vector.has_value()) return count;
  return std::max<int64_t>(0, *count - file.deletion_vector->cardinality);
}

}  // namespace neurolake::engine::duckdb
