#pragma once
#include "engine/duckdb/internal/native.h"
#include "tables/delta/actions.h"

namespace neurolake::engine::duckdb {

/// Reads Parquet checkpoints and sidecars by DuckDB on a connection of its own, which no gate watches and no user's
/// text reaches. Columns that a writer left out are taken as NULL.
class CheckpointReader {
 public:
  explicit CheckpointReader(native::DuckDB& database) : connection_(database) {}
  /// All actions of `files` but the tombstones, which say nothing about the state.
  /// Errors: kCorruption when they cannot be decoded; kIoError.
  Result<tables::delta::CommitActions> Read(const std::vector<std::string>& files);

 private:
  tables::delta::CommitActions ReadOrThrow(const std::vector<std::string>& files);
  void ReadAdds(const native::LogicalType& add, const std::string& source, tables::delta::CommitActions& actions);
  native::Connection connection_;
};

}  // namespace neurolake::engine::duckdb
