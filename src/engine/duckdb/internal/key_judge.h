#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "duckdb/common/types/column/column_data_collection.hpp"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// The rows of a write that expectations of keys leave out, by their place among all of its rows. Takes a bit of memory
/// for each row and each expectation that leaves some out, as the rows may be more than fit. For one thread, or for
/// several that only read.
class LeftOutRows {
 public:
  LeftOutRows() = default;
  LeftOutRows(size_t expectations, int64_t rows) : rows_(static_cast<size_t>(rows)), left_out_(expectations) {}

  bool empty() const { return !any_; }
  void Add(size_t expectation, int64_t position);
  /// The one that leaves the row out, of those given; nullopt: it stays.
  std::optional<size_t> At(int64_t position) const;

 private:
  bool any_ = false;
  size_t rows_ = 0;
  std::vector<std::vector<bool>> left_out_;  ///< By expectation; empty: none of the rows.
};

/// Finds the rows of a write that have to go so that each of `expectations` (of_keys(), judged in this order) holds for
/// what the write brings, given the rows that it leaves as they are. `rows` are as PlanExpectations has them; all that
/// the statement takes away otherwise stands in `job.deletions` by now.
///
/// A row that goes makes others go: an UPDATE that does not happen leaves its row's old key taken. So they are judged
/// in rounds, until no more go. Of rows with one key stays the least, compared by column, so that the same rows give
/// the same answer whichever thread brought them; an UPDATE that leaves the key of its row as it was is never left out
/// for a UNIQUE. Throws kNotFound for a foreign table that is not there any more; kNotSupported where there is no end
/// of it after a thousand rounds, or for an UPDATE of a table with a column named like a virtual one that is needed
/// here. Cost: a scan of the table's keys for each round, mostly one. Source: docs/sql/expectations.md, "Of keys".
LeftOutRows JudgeKeys(native::ClientContext& context, WriteJob& job,
                      const std::vector<const Expectation*>& expectations, native::ColumnDataCollection& rows);

}  // namespace neurolake::engine::duckdb
