#pragma once
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/statement_state.h"

namespace neurolake::engine::duckdb {

/// WITH SCHEMA EVOLUTION: before a MERGE, or an INSERT … BY NAME, is bound, gives its table the columns that its source
/// has and the table lacks, and wider types where the table may have them. The change is part of the version that the
/// statement makes. A MERGE takes columns that its clauses name, or all where a clause says `*`.
/// Throws kNotSupported for other statements; what TableEditor::MergeSchema says.
void EvolveSchema(native::ClientContext& context, native::SQLStatement& statement,
                  native::BoundParameterMap& parameters);

}  // namespace neurolake::engine::duckdb
