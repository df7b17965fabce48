#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Makes `system.queries` mean the lake's reserved schema: DuckDB has a catalogue of that name, and would find the two
/// ambiguous. Every table reference with the schema `system` and no catalogue gets the lake's, wherever it stands.
void QualifySystemNames(native::SQLStatement& statement);

}  // namespace neurolake::engine::duckdb
