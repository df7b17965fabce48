#pragma once
#include "duckdb/planner/table_filter.hpp"
#include "engine/duckdb/internal/native.h"
#include "tables/delta/snapshot.h"
#include "tables/delta/statistics.h"

namespace neurolake::engine::duckdb {

/// A typed value for the text of a partition value or a statistic; nullopt when it is not one of that type.
/// Source: PROTOCOL.md, "Partition Value Serialization".
std::optional<native::Value> ParseDeltaValue(const std::string& text, const tables::delta::DataType& type);

/// The value a partition column has in `file`: NULL for an absent, a null and an empty one.
/// Throws kCorruption for text that is not of the column's type.
native::Value PartitionValue(const tables::delta::AddFile& file, const tables::delta::StructField& field);

/// Says of each file of a snapshot whether it can hold a row for which a predicate is true. Answers "yes" whenever
/// statistics are missing or not to be relied on. Thread-safe.
class FilePruner {
 public:
  explicit FilePruner(std::shared_ptr<const tables::delta::Snapshot> snapshot);

  struct ColumnFilter {
    uint64_t column;  ///< Position in the schema.
    const native::TableFilter* filter;
  };
  /// Files of `candidates` that may match all of `filters`, whose column references are made of `table_index` and
  /// positions in `column_ids`.
  std::vector<uint32_t> Prune(const std::vector<uint32_t>& candidates,
                              const native::vector<native::unique_ptr<native::Expression>>& filters,
                              native::idx_t table_index, const native::vector<native::column_t>& column_ids);
  std::vector<uint32_t> Prune(const std::vector<uint32_t>& candidates, const std::vector<ColumnFilter>& filters);

 private:
  friend class FilePredicate;
  std::shared_ptr<const tables::delta::Snapshot> snapshot_;
  std::vector<bool> is_partition_;  // By position in the schema.
};

}  // namespace neurolake::engine::duckdb
