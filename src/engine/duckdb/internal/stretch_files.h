#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/internal/flat_file_writer.h"
#include "engine/duckdb/internal/group_plan.h"
#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/row_scatter.h"

namespace neurolake::engine::duckdb {

/// Throws if the statement has been cancelled: for loops that the engine does not see.
void ThrowIfInterrupted(native::ClientContext& context);

/// Writes row groups to data files, one after the other; what it finished is in `job.written`. For one thread.
class StretchFiles {
 public:
  /// `types`: of the columns that are in files. `flat`: as FlatFileWriter::Takes says, and so are the rows.
  struct Options {
    std::string directory;
    native::vector<native::LogicalType> types;
    GroupLimits limits;
    bool flat = false;
  };
  StretchFiles(native::ClientContext& context, WriteJob& job, Options options);

  /// Ends the file under way and begins another, of `rows` rows that come next; or several of one size, if these are
  /// more than a file may have.
  void Begin(int64_t rows);
  /// Writes collections as one row group, or several where they hold too much for one. Columns that they have beyond
  /// those of files are left out.
  void Append(std::vector<RowCollection> groups);
  /// Ends the file under way.
  void Finish();

 private:
  void Cut(RowCollection rows, int64_t group_rows);
  void AppendCutRows();
  void AppendGroup(RowCollection group);
  void OpenFile();

  native::ClientContext& context_;
  WriteJob& job_;
  const Options options_;
  int64_t piece_rows_ = 0;                     ///< After so many rows a file ends.
  int64_t file_rows_ = 0;                      ///< In the file under way.
  std::optional<FlatFileWriter> flat_writer_;  ///< Of the file under way; one of the two.
  std::optional<DataFileWriter> writer_;
  std::optional<RowScatter> cut_rows_;  ///< Of a row group that is being filled.
  int64_t cut_row_count_ = 0;
};

}  // namespace neurolake::engine::duckdb
