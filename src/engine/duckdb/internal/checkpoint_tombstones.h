#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "engine/duckdb/internal/native.h"
#include "storage/object_store.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// Removed files that a vacuum must still know: those of the checkpoint before a version and of the commits since. They
/// can be as many as the table ever had files, so they are kept in temporary tables, which the engine spills. One
/// thread.
class CheckpointTombstones {
 public:
  /// The table with what was found, one column: `line` VARCHAR.
  static constexpr const char* kTable = "temp.main.checkpoint_tombstones";

  /// The tables are `connection`'s. Borrows all.
  CheckpointTombstones(native::Connection& connection, storage::ObjectStore& store,
                       const tables::delta::Snapshot& snapshot);
  ~CheckpointTombstones();

  /// Finds those that were removed since `oldest_ms` (Unix time). Returns their number; where it is 0 there is no
  /// table. Throws DuckDB's errors.
  Result<int64_t> Find(int64_t oldest_ms);

 private:
  Result<void> ReplayCheckpoint(const std::string& file);
  Result<void> ReplayParquet(const std::string& file);
  Result<void> ReplaySidecar(const std::string& name);
  Result<void> Replay(const std::string& text, const std::string& file);
  void Apply(tables::delta::CommitActions& actions);
  void Append(const std::string& key, const native::Value& removal);

  native::Connection& connection_;
  native::Connection reader_;  // Reads a checkpoint while the other writes.
  storage::ObjectStore& store_;
  const tables::delta::Snapshot& snapshot_;
  int64_t oldest_ms_ = 0;
  int64_t actions_ = 0;
  std::unique_ptr<native::Appender> appender_;  // From the first removal on.
};

}  // namespace neurolake::engine::duckdb
