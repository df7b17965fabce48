#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "tables/delta/actions.h"
#include "tables/delta/schema.h"
#include "tables/delta/statistics.h"

namespace neurolake::engine::duckdb {

/// What the Parquet writer says of a file it has written. Texts are in the engine's spelling.
struct WrittenFile {
  std::string path;  ///< Absolute.
  int64_t row_count = 0;
  int64_t size_bytes = 0;
  /// Quoted path ("a"."b") to statistic ("min", "max", "null_count") to text.
  std::map<std::string, std::map<std::string, std::string>> columns;
  /// Physical name to text, in directory order.
  std::vector<std::pair<std::string, std::optional<std::string>>> partition;
  bool partition_spelled = false;  ///< Its values are as the log spells them, not the engine's text.
};

/// How files of a table are described in its log.
struct FileLayout {
  std::string location;
  tables::delta::DataType schema;              ///< A kStruct, with all columns.
  std::vector<std::string> partition_columns;  ///< Logical names.
  int statistics_columns = 32;                 ///< delta.dataSkippingNumIndexedCols; -1 for all.
  /// delta.dataSkippingStatsColumns, by StatisticsPath: these alone, however many.
  std::optional<std::set<std::string>> statistics_leaves = {};

  bool IsPartition(const std::string& logical_name) const;
};

/// The add action for `file`, with statistics of the first leaf columns or of those named. `nan_columns` are the
/// physical names of columns in which NaN was seen: NaN is above every number, so they get no bounds. Bounds are never
/// tighter than the values: texts are cut to 32 characters with the upper one rounded up, timestamps are widened to
/// milliseconds, what JSON has no spelling for is left out. Source: PROTOCOL.md, "Per-file Statistics" and "Partition
/// Value Serialization".
Result<tables::delta::AddFile> DescribeFile(const WrittenFile& file, const FileLayout& layout,
                                            const std::set<std::string>& nan_columns, int64_t modification_time_ms);

enum class Bound : uint8_t { kMin, kMax };
/// A bound in the JSON spelling of the log, from the engine's text; nullopt if there is no safe one.
std::optional<std::string> BoundAsJson(const tables::delta::DataType& type, const std::string& text, Bound bound);
/// A partition value in the log's spelling; nullopt, which is NULL, for "" too, as the protocol asks, and for what the
/// log has no spelling for. Of bytes, each is a character (U+0000 to U+00FF).
std::optional<std::string> PartitionText(const tables::delta::DataType& type, const std::string& text);

}  // namespace neurolake::engine::duckdb
