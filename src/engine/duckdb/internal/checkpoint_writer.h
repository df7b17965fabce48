#pragma once
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/statement_state.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// Writes the checkpoint of `snapshot` and then `_last_checkpoint`: one Parquet file (v1), or, where the table has
/// delta.checkpointPolicy = v2 and the feature, sidecars and a JSON manifest that names them. Throws DuckDB's errors.
/// Source: PROTOCOL.md, "Checkpoints" and "Last Checkpoint File".
Result<void> WriteCheckpoint(native::ClientContext& context, StatementState& statement,
                             const tables::delta::Snapshot& snapshot);

}  // namespace neurolake::engine::duckdb
