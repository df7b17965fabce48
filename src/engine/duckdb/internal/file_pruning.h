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

bool IsNan(const native::Value& value);
/// Whether a filter of a column keeps NaN away.
bool ExcludesNan(const native::TableFilter& filter);

/// The column of the scan `table_index` that `expression` is, as its position in the schema; nullopt if it is not just
/// that.
std::optional<uint64_t> ColumnOf(const native::Expression& expression, native::idx_t table_index,
                                 const native::vector<native::column_t>& column_ids);
/// The value of a constant, or of casts of one that the optimiser has not folded yet; nullopt for casts that depend on
/// the session's time zone.
std::optional<native::Value> ConstantOf(const native::Expression& expression);

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
  /// Files of `candidates` for which `ask` does not say that no row can match.
  template <typename AskAll>
  std::vector<uint32_t> PruneBy(const std::vector<uint32_t>& candidates, const AskAll& ask);

  std::shared_ptr<const tables::delta::Snapshot> snapshot_;
  std::vector<bool> is_partition_;   // By position in the schema.
  std::set<std::string> was_float_;  // Physical names of DOUBLE columns that were FLOAT once.
};

}  // namespace neurolake::engine::duckdb
