#pragma once
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/statement_state.h"

namespace neurolake::engine::duckdb {

/// What is due after the commit of `version`, whose success no longer depends on anything: at multiples of
/// delta.checkpointInterval (10 where not set) a checkpoint, a checksum file and the clean-up of the log; at multiples
/// of neurolake.log_compaction_interval, where it is set, a compacted log. A failure is logged, and the next interval
/// tries again.
void KeepUpLog(native::ClientContext& context, StatementState& statement, const TableEntry& table,
               int64_t version) noexcept;

/// A checkpoint of `version`, and nothing before it. Throws DuckDB's errors.
Result<void> CutLogAt(native::ClientContext& context, StatementState& statement, const TableEntry& table,
                      int64_t version);

}  // namespace neurolake::engine::duckdb
