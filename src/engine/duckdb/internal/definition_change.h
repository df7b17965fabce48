#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// lake_redefined(schema, table, version, definition), for the product's own transactions, before their first write:
/// the version that the transaction makes has this protocol and metadata, and what is written to the table is as files
/// hold it under them. `definition`: both actions as lines of a commit. Gives `version`, which the table still has to
/// be of. Throws kConflict where it is not; kCorruption.
native::ScalarFunctionSet RedefinedFunction();

}  // namespace neurolake::engine::duckdb
