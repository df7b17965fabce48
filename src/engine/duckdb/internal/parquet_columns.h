#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/parquet_pages.h"

namespace neurolake::engine::duckdb::parquet {

/// Encodes a column's values into pages, row group by row group, and remembers its bounds. For one thread.
class ColumnEncoder {
 public:
  virtual ~ColumnEncoder() = default;

  struct Encoded {
    ColumnChunk chunk;
    std::unique_ptr<BloomFilter> bloom;  ///< Of chunks that have a dictionary; else null.
  };
  virtual Encoded Encode(std::span<const ValueRun> runs, PageWriter& pages) = 0;

  /// Of all row groups so far.
  int64_t null_count() const { return null_count_; }
  /// In the engine's spelling; nullopt where there are no values, or NaN is one.
  virtual std::optional<std::string> MinText() const = 0;
  virtual std::optional<std::string> MaxText() const = 0;

 protected:
  int64_t null_count_ = 0;
};

/// What the format calls a column of this type; nullopt: this writer does not take it.
std::optional<SchemaColumn> DescribeColumn(const native::LogicalType& type, std::string name);
std::unique_ptr<ColumnEncoder> NewColumnEncoder(const native::LogicalType& type);

}  // namespace neurolake::engine::duckdb::parquet
