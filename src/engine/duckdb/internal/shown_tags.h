#pragma once
#include <string>
#include <vector>

#include "engine/duckdb/internal/information_schema.h"

namespace neurolake::engine::duckdb {

/// Whether relation `name` of `system` is made here, of what the server lists and of tables' own schemas.
bool MakesSystemRows(const std::string& name);

/// Rows of `system.tags`, as InformationRows makes rows: columns and fields are called what their tables call them now,
/// and where they are not there any more, or the table cannot be read, what they were called when they were tagged.
/// Without columns that the principal may not read.
std::vector<std::string> TagRows(native::ClientContext& context, native::TableCatalogEntry& own,
                                 const InformationScope& scope);

}  // namespace neurolake::engine::duckdb
