#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/written_file.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::engine::duckdb {

/// A table that a statement writes data files for: one that exists, or one that is made with them.
struct WriteTarget {
  TableEntry table;
  SnapshotPointer base;    ///< Null for a new table.
  FileLayout layout;       ///< Of the version to be written.
  int64_t file_bytes = 0;  ///< Where a file ends and another begins.
  std::string codec = "snappy";
  bool by_partition =
      false;  ///< delta.autoOptimize.optimizeWrite: rows are sorted by partition before they are written.
  /// Two more columns at the end of the files, BIGINT: the ids of rows and the versions they were last changed in.
  std::optional<tables::delta::RowTrackingColumns> row_ids;
};
WriteTarget MakeWriteTarget(const TableEntry& table, SnapshotPointer base, const tables::delta::DataType& schema,
                            const tables::delta::Metadata& metadata);

/// Plans the writing of `rows`, whose columns are the table's in order (and those of `row_ids` where there are any),
/// to Parquet files of the table's target size named part-<uuid>.parquet: below Hive-style directories for a
/// partitioned table, partition columns left out, physical names and field ids where columns are mapped. The operator
/// returns one row of statistics for each file.
native::PhysicalOperator& PlanParquetFiles(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                           const WriteTarget& target, native::PhysicalOperator& rows);

/// Where the statement's data files go: the table's directory, or that of the partition its intent names.
std::string DataDirectory(native::ClientContext& context, const WriteTarget& target);

/// Rows of a row group in files of the target's size: small files have small ones, as they end where one does.
int64_t RowGroupRows(const WriteTarget& target);

/// One file of a row of what `PlanParquetFiles` returns.
WrittenFile ReadWrittenFile(native::DataChunk& chunk, native::idx_t row);

/// Writes one data file from the calling thread; for rewriting a file without its deleted rows. Partition columns are
/// not part of it.
class DataFileWriter {
 public:
  DataFileWriter(native::ClientContext& context, const WriteTarget& target, const std::string& path);
  ~DataFileWriter();
  /// Engine types of the columns that `Append` takes: all but the partition columns, names physical.
  static native::vector<native::LogicalType> Types(const WriteTarget& target);
  static native::vector<native::string> Names(const WriteTarget& target);
  void Append(native::DataChunk& chunk);
  /// Writes `rows` as one row group, without another copy of them. Not to be mixed with `Append`.
  void AppendRowGroup(native::unique_ptr<native::ColumnDataCollection> rows);
  WrittenFile Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace neurolake::engine::duckdb
