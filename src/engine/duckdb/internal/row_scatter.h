#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "duckdb/common/types/column/column_data_collection.hpp"
#include "engine/duckdb/internal/flat_rows.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Rows that were dealt out: flat ones, or where a column is nested a collection of the engine's. Empty after a move.
class RowCollection {
 public:
  RowCollection() = default;
  explicit RowCollection(std::unique_ptr<FlatRows> rows) : flat_(std::move(rows)) {}
  explicit RowCollection(native::unique_ptr<native::ColumnDataCollection> rows) : collected_(std::move(rows)) {}

  int64_t Count() const;
  int64_t SizeInBytes() const;
  /// Of the last column, which is a UBIGINT.
  void VisitPlaces(const std::function<void(const uint64_t* places, size_t count)>& visit);

  /// One of them is null.
  std::unique_ptr<FlatRows> TakeFlat() { return std::move(flat_); }
  native::unique_ptr<native::ColumnDataCollection> TakeCollected() { return std::move(collected_); }
  const native::ColumnDataCollection* collected() const { return collected_.get(); }

 private:
  std::unique_ptr<FlatRows> flat_;
  native::unique_ptr<native::ColumnDataCollection> collected_;
};

/// Deals rows out to collections, which the engine may move to disk. For one thread.
class RowScatter {
 public:
  struct Options {
    native::vector<native::LogicalType> types;
    /// Of these types; null if they are not all flat.
    std::shared_ptr<const FlatLayout> layout = nullptr;
    size_t targets = 0;
    bool used_soon = false;  ///< Rows that the engine moves to disk after others. Else those of high targets go first.
  };
  RowScatter(native::ClientContext& context, Options options);

  /// Appends row i of `rows`, which has the collections' columns, to collection `target_of[i]`.
  void Add(native::DataChunk& rows, const std::vector<uint32_t>& target_of);

  /// No more rows come: none of them need stay in memory.
  void Close();

  const native::vector<native::LogicalType>& types() const { return options_.types; }

  /// What a collection has got, which may be nothing.
  RowCollection Take(size_t target);

 private:
  struct Target {
    std::unique_ptr<FlatRows> flat;
    native::unique_ptr<native::ColumnDataCollection> rows;
    native::unique_ptr<native::ColumnDataAppendState> state;
  };
  void AddFlat(native::DataChunk& rows);
  void AddCollected(native::DataChunk& rows);

  native::ClientContext& context_;
  const Options options_;
  std::vector<Target> targets_;
  std::vector<uint32_t> ends_;  // Of each target's rows in `order_`.
  native::SelectionVector order_;
  native::DataChunk part_;
  std::unique_ptr<FlatCopier> copier_;
  FlatRuns runs_;
};

/// Takes `rows` chunk by chunk and drops each when it was seen.
void Consume(RowCollection rows, const std::function<void(native::DataChunk&)>& visit);

}  // namespace neurolake::engine::duckdb
