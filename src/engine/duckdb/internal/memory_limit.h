#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// The engine's memory limit. Setting it makes DuckDB return all free memory to the system, which the next statement
/// then has to fault in again, a tenth of the time of TPC-H at scale factor 1: so it is set only where it differs, and
/// only before something that fills buffers. Not thread-safe.
class MemoryLimit {
 public:
  explicit MemoryLimit(native::DuckDB& database);
  /// What the statement may use in all from here on, buffers and what is taken beside them; nothing changes for values
  /// below 1.
  void Want(int64_t bytes);
  /// Holds the engine to what is wanted. Throws DuckDB's OutOfMemoryException if blocks in use are more.
  void Apply();
  /// After a statement: returns its memory to the system if it is much, not counting `cached_bytes` that are meant to
  /// stay.
  void GiveBack(int64_t cached_bytes);

 private:
  void Set(int64_t buffer_bytes);

  native::DuckDB& database_;
  int64_t fresh_resident_bytes_;
  int64_t wanted_buffer_bytes_ = 0;
  int64_t buffer_bytes_ = 0;  ///< In force; 0 before it was ever set.
};

}  // namespace neurolake::engine::duckdb
