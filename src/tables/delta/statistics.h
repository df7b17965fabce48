#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// Statistics of one column in one file, as text in the spelling of the JSON statistics (numbers, ISO dates,
/// timestamps, strings possibly cut); nullopt where unknown.
struct ColumnStatistics {
  std::optional<std::string> min;
  std::optional<std::string> max;
  std::optional<int64_t> null_count;
};

struct FileStatistics {
  std::optional<int64_t> record_count;
  bool tight_bounds = true;
  std::map<std::string, ColumnStatistics> columns;  ///< By physical path; nested fields joined with ".".
};

/// Parses `add.stats` for the columns asked for (all when empty). Malformed statistics give none, not an error:
/// pruning is an optimisation. Thread-safe.
FileStatistics ParseStatistics(std::string_view stats_json, const std::vector<std::string>& physical_columns);

/// numRecords alone, without parsing more than that takes: plans ask for every file of a table.
std::optional<int64_t> ReadRecordCount(std::string_view stats_json);

/// Builds `add.stats`. Values are JSON texts ready to embed.
std::string SerializeStatistics(const FileStatistics& statistics, const DataType& schema);

/// `stats_json` with tightBounds false, for a file that gets a deletion vector; numbers keep their text.
/// "" for statistics that are no JSON object.
std::string LoosenBounds(const std::string& stats_json);

}  // namespace neurolake::tables::delta
