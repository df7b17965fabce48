#pragma once
#include <cstdint>
#include <optional>

#include "tables/delta/actions.h"

namespace neurolake::engine::duckdb {

/// Rows in the file by its statistics, deleted ones included; nullopt if unknown. Parses nothing more than it must:
/// plans ask for every file of a table.
std::optional<int64_t> RecordCount(const tables::delta::AddFile& file);

/// The same without the deleted ones.
std::optional<int64_t> LiveRecordCount(const tables::delta::AddFile& file);

}  // namespace neurolake::engine::duckdb
