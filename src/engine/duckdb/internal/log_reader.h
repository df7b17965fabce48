#pragma once
#include "engine/duckdb/internal/native.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

struct LogReaderHooks {
  std::function<void()> before_checkpoint;  ///< Before DuckDB is asked to read one.
  /// Before a log that takes so much memory is read, beyond what planning has.
  std::function<Result<void>(int64_t bytes)> reserve_memory;
};

/// Replays logs in bulk: JSON commits by simdjson on `threads` threads, large ones in parts, checkpoints by DuckDB's
/// Parquet reader on a connection of the engine's own. Borrows database and store.
std::unique_ptr<tables::delta::LogReader> NewLogReader(native::DuckDB& database, storage::ObjectStore& store,
                                                       int threads, LogReaderHooks hooks);

}  // namespace neurolake::engine::duckdb
