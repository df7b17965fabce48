#pragma once
#include <mutex>
#include <vector>

#include "engine/duckdb/internal/row_deletions.h"
#include "engine/duckdb/internal/written_file.h"

namespace neurolake::engine::duckdb {

/// What a statement on a table with a change data feed remembers while it runs. See change_data.h.
struct ChangeCapture {
  RowDeletions deleted;  ///< Of a MERGE: rows its DELETE clauses took; what else it takes away are updates.
  std::mutex mutex;
  std::vector<WrittenFile> files;  ///< New rows: inserted ones and what updates made; under `mutex`.
};

}  // namespace neurolake::engine::duckdb
