#pragma once
#include <string>

#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/parquet_output.h"
#include "tables/delta/row_tracking.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// Ids of rows where a table tracks them: the virtual columns that scans give, and what is written when rows move.
/// A row's id is that of the first column where it is not NULL, else of the second; so too the version it was last
/// changed in. Source: PROTOCOL.md, "Row Tracking".
struct RowIdentity {
  static constexpr native::column_t kKeptId = UINT64_C(9223372036854779904);  ///< As the file has it, or NULL.
  static constexpr native::column_t kPlaceId = kKeptId + 1;      ///< From the file's base and the row's place.
  static constexpr native::column_t kKeptVersion = kKeptId + 2;  ///< As the file has it, or NULL.
  static constexpr native::column_t kFileVersion = kKeptId + 3;  ///< The file's default.
  static constexpr const char* kNames[4] = {"__lake_kept_row_id", "__lake_place_row_id", "__lake_kept_row_version",
                                            "__lake_file_row_version"};
  static bool Has(native::column_t column) { return column >= kKeptId && column <= kFileVersion; }
};

/// The columns that keep ids in files, where rows of the version keep them. Throws kNotSupported where the table asks
/// for it and does not name them.
std::optional<tables::delta::RowTrackingColumns> KeptRowIds(const tables::delta::Snapshot& snapshot);

/// Adds the virtual columns above.
void AddRowIdentityColumns(native::virtual_column_map_t& columns);

/// The id of each row of an UPDATE or MERGE, NULL for new ones: `file_index` and `row_number` say where it was,
/// `kept` what the file has of it.
void FillRowIds(const tables::delta::Snapshot& base, native::Vector& file_index, native::Vector& row_number,
                native::Vector& kept, native::idx_t count, native::Vector& ids);

/// Fills NULLs in the last but one and the last column of rows of `file` that move, by their places in it.
void CompleteMovedRows(const tables::delta::AddFile& file, const int64_t* row_numbers, native::DataChunk& rows,
                       native::idx_t ids, native::idx_t versions);

/// table_rows('schema.table'[, version]): the table's rows, each with its `_row_id` and the `_row_commit_version` it
/// was last changed in. For every session.
void RegisterTableRows(native::ClientContext& context);

/// The unit of the AT clause that table_rows is replaced by.
inline constexpr const char* kRowsUnit = "rows";

}  // namespace neurolake::engine::duckdb
