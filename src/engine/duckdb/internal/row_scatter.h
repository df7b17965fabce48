#pragma once
#include <functional>
#include <vector>

#include "duckdb/common/types/column/column_data_collection.hpp"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

using RowCollection = native::unique_ptr<native::ColumnDataCollection>;

/// Deals rows out to collections, which the engine may move to disk. For one thread.
class RowScatter {
 public:
  struct Options {
    native::vector<native::LogicalType> types;
    size_t targets = 0;
    bool used_soon = false;  ///< Rows that the engine moves to disk after others. Else those of high targets go first.
  };
  RowScatter(native::ClientContext& context, Options options);

  /// Appends row i of `rows`, which has the collections' columns, to collection `target_of[i]`.
  void Add(native::DataChunk& rows, const std::vector<uint32_t>& target_of);

  /// No more rows come: none of them need stay in memory.
  void Close();

  const native::vector<native::LogicalType>& types() const { return options_.types; }

  /// What a collection has got; null for one that got nothing.
  RowCollection Take(size_t target);

 private:
  struct Target {
    RowCollection rows;
    native::unique_ptr<native::ColumnDataAppendState> state;
  };

  native::ClientContext& context_;
  const Options options_;
  std::vector<Target> targets_;
  std::vector<uint32_t> ends_;  // Of each target's rows in `order_`.
  native::SelectionVector order_;
  native::DataChunk part_;
};

/// Scans `rows` chunk by chunk and drops each when it was seen.
void Consume(RowCollection rows, const std::function<void(native::DataChunk&)>& visit);

}  // namespace neurolake::engine::duckdb
