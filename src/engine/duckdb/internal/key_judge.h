#pragma once
#include <cstdint>
#include <vector>

#include "duckdb/common/types/column/column_data_collection.hpp"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// A row of a write that an expectation of keys leaves out.
struct LeftOutRow {
  int64_t position = 0;    ///< Among all rows of the write.
  size_t expectation = 0;  ///< Which of those given.
};

/// Finds the rows of a write that have to go so that each of `expectations` (of_keys(), judged in this order) holds for
/// what the write brings, given the rows that it leaves as they are. `rows` are as PlanExpectations has them; all that
/// the statement takes away otherwise stands in `job.deletions` by now.
///
/// A row that goes makes others go: an UPDATE that does not happen leaves its row's old key taken. So they are judged in
/// rounds, until no more go. Of rows with one key stays the least, compared by column, so that the same rows give the
/// same answer whichever thread brought them; an UPDATE that leaves the key of its row as it was is never left out for
/// a UNIQUE.
/// Ascending. Throws kNotFound for a foreign table that is not there any more; kNotSupported where there is no end of
/// it after a thousand rounds, or for an UPDATE of a table with a column named like a virtual one that is needed here.
/// Cost: a scan of the table's keys for each round, mostly one.
/// Source: docs/sql/expectations.md, "Of keys".
std::vector<LeftOutRow> JudgeKeys(native::ClientContext& context, WriteJob& job,
                                  const std::vector<const Expectation*>& expectations,
                                  native::ColumnDataCollection& rows);

}  // namespace neurolake::engine::duckdb
