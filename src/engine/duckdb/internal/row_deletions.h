#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/parquet_output.h"
#include "tables/delta/deletion_vector.h"

namespace neurolake::engine::duckdb {

/// The rows that a DELETE, UPDATE or MERGE takes away, by file and position, in runs: a file that goes as a whole costs
/// a few bytes.
class RowDeletions {
 public:
  struct Run {
    uint64_t first = 0;
    uint64_t count = 0;
  };
  /// One thread's rows.
  struct Local {
    std::unordered_map<uint64_t, std::vector<Run>> files;
  };
  struct FileRows {
    uint64_t file_index = 0;
    std::vector<Run> runs;  ///< Ascending, not touching.
    uint64_t row_count = 0;
  };

  /// Adds `count` rows given by the virtual columns `file_index` (UBIGINT) and `file_row_number` (BIGINT). NULLs, from
  /// the optional side of an outer join, are no rows.
  static void Add(Local& local, native::Vector& file_index, native::Vector& row_number, native::idx_t count);
  /// Thread-safe.
  void Merge(Local&& local);
  /// What was given so far, in no order and maybe more than once. Not while others give more.
  void Visit(const std::function<void(uint64_t file_index, const Run& run)>& visit) const;
  /// Files in ascending order. `duplicates` tells whether a row was given more than once.
  std::vector<FileRows> Take(bool* duplicates);

 private:
  std::mutex mutex_;
  std::unordered_map<uint64_t, std::vector<Run>> files_;
};

/// True if a FLOAT or DOUBLE vector has a NaN; false for other types.
bool HasNan(native::Vector& vector, native::idx_t count);

struct DeletionOutcome {
  int64_t rows = 0;
  int64_t files_removed = 0;
  int64_t files_added = 0;  ///< Rewritten ones.
  int64_t rows_copied = 0;
  int64_t vectors_added = 0, vectors_updated = 0, vectors_removed = 0;
};

/// Puts into `write` what takes `files`' rows out of the table: a file of which nothing is left is removed; else it
/// gets a deletion vector where the table has them enabled and RewritingPays says no, or is rewritten without the rows.
/// Throws what reading or
/// writing files meets.
DeletionOutcome ApplyDeletions(native::ClientContext& context, const WriteTarget& target, LakeWrite& write,
                               const std::vector<RowDeletions::FileRows>& files, int64_t now_ms);

}  // namespace neurolake::engine::duckdb
