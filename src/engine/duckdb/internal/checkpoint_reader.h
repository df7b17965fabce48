#pragma once
#include "engine/duckdb/internal/native.h"
#include "tables/delta/actions.h"

namespace neurolake::engine::duckdb {

/// Reads Parquet checkpoints and sidecars by DuckDB on a connection of its own, which no gate watches and no user's
/// text reaches. Columns that a writer left out are taken as NULL.
class CheckpointReader {
 public:
  explicit CheckpointReader(native::DuckDB& database) : connection_(database) {}
  using AddSink = std::function<void(std::vector<tables::delta::AddFile>)>;
  /// All actions of `files` but the tombstones, which say nothing about the state; data files go to `sink`, some
  /// thousands at a time, as there may be millions.
  /// Errors: kCorruption when they cannot be decoded; kIoError.
  Result<tables::delta::CommitActions> Read(const std::vector<std::string>& files, const AddSink& sink);
  /// About what the data files of `files` take in memory. Errors: as Read.
  Result<int64_t> BytesOf(const std::vector<std::string>& files);

 private:
  template <typename Body>
  auto Guarded(const std::vector<std::string>& files, Body&& body) -> Result<std::invoke_result_t<Body>>;
  tables::delta::CommitActions ReadOrThrow(const std::vector<std::string>& files, const AddSink& sink);
  void ReadAdds(const native::LogicalType& add, const std::string& source, const AddSink& sink);
  native::Connection connection_;
};

}  // namespace neurolake::engine::duckdb
