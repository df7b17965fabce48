#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/duckdb/engine.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/written_file.h"

namespace neurolake::engine::duckdb {

/// Refuses a statement whose table is no longer at the version its intent is about. Throws kConflict.
void CheckReadVersion(const WriteIntent& intent, const TableEntry& table, const SnapshotPointer& base);

/// The add action of a file that a statement wrote; `intent` may be null. Errors: as DescribeFile.
Result<tables::delta::AddFile> DescribeIntended(const WriteIntent* intent, const WrittenFile& file,
                                                const FileLayout& layout, const std::set<std::string>& nan_columns,
                                                int64_t now_ms);

/// Completes what a statement has staged in `write` by what its intent says: retires the files that the new ones stand
/// for, names the operation, and marks actions that change no rows. `base` is what the statement reads and `files` what
/// it added, which end in `write.adds`; `layout` is the table's. Throws kConflict for a file to retire that is not
/// there.
void ApplyWriteIntent(const WriteIntent& intent, const SnapshotPointer& base, const FileLayout& layout,
                      const std::vector<tables::delta::AddFile>& files, int64_t now_ms, LakeWrite& write);

}  // namespace neurolake::engine::duckdb
