#pragma once
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/statement_state.h"

namespace neurolake::engine::duckdb {

/// Writes a classic checkpoint (v1, one Parquet file) and `_last_checkpoint` when `version` is a multiple of the
/// table's delta.checkpointInterval (10 where not set). Called after the commit, whose success no longer depends on
/// anything: a failure is logged, and the next interval tries again. Source: PROTOCOL.md, "Checkpoints" and "Last
/// Checkpoint File".
void WriteCheckpointIfDue(native::ClientContext& context, StatementState& statement, const TableEntry& table,
                          int64_t version) noexcept;

}  // namespace neurolake::engine::duckdb
