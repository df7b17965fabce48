#pragma once
#include "engine/duckdb/internal/native.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// Replays logs in bulk: JSON commits by simdjson on `threads` threads, checkpoints by DuckDB's Parquet reader on a
/// connection of the engine's own, after a call of `before_checkpoint`. Borrows database and store.
std::unique_ptr<tables::delta::LogReader> NewLogReader(native::DuckDB& database, storage::ObjectStore& store,
                                                       int threads, std::function<void()> before_checkpoint);

}  // namespace neurolake::engine::duckdb
