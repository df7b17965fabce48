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

/// The key of a column's statistics: that of the struct it is in ("" at the top) and its physical name, joined so that
/// no two columns share one, whatever dots their names have.
std::string StatisticsPath(std::string_view parent, std::string_view physical_name);

struct FileStatistics {
  std::optional<int64_t> record_count;
  bool tight_bounds = true;
  std::map<std::string, ColumnStatistics> columns;  ///< By StatisticsPath.
};

/// Parses `add.stats` for the columns asked for, by StatisticsPath (all when empty). Malformed ones give none, not an
/// error: pruning is an optimisation. Thread-safe.
FileStatistics ParseStatistics(std::string_view stats_json, const std::vector<std::string>& paths);

/// Whether `text`, a bound in the statistics of a column of `type`, is the bound itself. Some writers make numbers
/// floating point on the way into JSON, where 10000000000.0 may stand for 10000000000.0000001: believed are whole numbers
/// spelt as such, decimals that a double holds exactly in the type's scale or that no double is spelt like, and other
/// types' bounds.
bool IsExactBound(std::string_view text, const DataType& type);

/// numRecords alone, without parsing more than that takes: plans ask for every file of a table.
std::optional<int64_t> ReadRecordCount(std::string_view stats_json);

/// Builds `add.stats`. Values are JSON texts ready to embed.
std::string SerializeStatistics(const FileStatistics& statistics, const DataType& schema);

/// `stats_json` with tightBounds false, for a file that gets a deletion vector; numbers keep their text.
/// "" for statistics that are no JSON object.
std::string LoosenBounds(const std::string& stats_json);

}  // namespace neurolake::tables::delta
