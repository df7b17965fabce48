#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Registers the product's own table functions lake_history('schema', 'table') and lake_detail('schema', 'table'),
/// which the front parser writes for DESCRIBE HISTORY and DESCRIBE DETAIL, and lake_files (lake_files.h).
void RegisterLakeFunctions(native::ClientContext& context);

}  // namespace neurolake::engine::duckdb
