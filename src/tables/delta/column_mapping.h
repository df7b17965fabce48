#pragma once
#include <cstdint>

#include "common/result.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

inline constexpr const char* kColumnMappingId = "delta.columnMapping.id";
inline constexpr const char* kPhysicalName = "delta.columnMapping.physicalName";
inline constexpr const char* kColumnMappingMode = "delta.columnMapping.mode";
inline constexpr const char* kMaxColumnId = "delta.columnMapping.maxColumnId";

/// Checks names and types of a schema, or of a column's type. Tells if any name needs a mapping, since Parquet or other
/// readers of it do not take it. Errors: kInvalidArgument for names that clash, and digits out of range.
Result<bool> CheckColumns(const DataType& type);

/// Gives every field below `type`, nested ones too, an id above `last_id` and a physical name of its own.
/// Source: PROTOCOL.md, "Writer Requirements for Column Mapping".
void MapNewColumns(DataType& type, int64_t& last_id);
/// The same for a table that has files: they keep their columns' names, so these become the physical ones.
void MapExistingColumns(DataType& type, int64_t& last_id);
int64_t LargestMappingId(const DataType& type);

}  // namespace neurolake::tables::delta
