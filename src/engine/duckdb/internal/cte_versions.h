#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Refuses an AT clause on a name that WITH defines: DuckDB's binder would read the name as it is and leave the clause
/// unsaid. A table of the same name is none of these, as inside of the definition itself.
/// Throws kNotSupported.
void RefuseVersionsOfCtes(native::SQLStatement& statement);

}  // namespace neurolake::engine::duckdb
