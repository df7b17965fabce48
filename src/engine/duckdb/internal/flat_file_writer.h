#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/duckdb/internal/data_file_output.h"
#include "engine/duckdb/internal/flat_rows.h"
#include "engine/duckdb/internal/parquet_columns.h"
#include "engine/duckdb/internal/parquet_output.h"

namespace neurolake::engine::duckdb {

/// Writes one data file of flat columns, for rows that are there as flat rows: `DataFileWriter` writes any. Pages are
/// of about a megabyte. A column chunk has a dictionary and a Bloom filter where it has few different values, and is
/// compressed where that pays. For one thread.
class FlatFileWriter {
 public:
  /// Whether it writes such files of the table: their types and its codec are among those that it knows.
  static bool Takes(const WriteTarget& target, const native::vector<native::LogicalType>& types);

  /// `types`: of the files' columns, as DataFileWriter::Types. Opens the file.
  FlatFileWriter(native::ClientContext& context, const WriteTarget& target,
                 const native::vector<native::LogicalType>& types, const std::string& path);

  FlatFileWriter(const FlatFileWriter&) = delete;
  FlatFileWriter& operator=(const FlatFileWriter&) = delete;

  /// Columns of `rows` beyond those of the file are left out.
  void AppendRowGroup(std::unique_ptr<FlatRows> rows);
  WrittenFile Finish();

 private:
  std::vector<parquet::SchemaColumn> schema_;
  std::vector<std::unique_ptr<parquet::ColumnEncoder>> encoders_;
  std::vector<parquet::RowGroup> groups_;
  DataFileOutput file_;
  parquet::PageWriter pages_;
  int64_t row_count_ = 0;
};

}  // namespace neurolake::engine::duckdb
