#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/actions.h"
#include "tables/delta/column_bounds.h"
#include "tables/delta/file_path.h"
#include "tables/delta/file_table.h"

namespace neurolake::tables::delta {

/// The files a snapshot is made of: which checkpoint, and the commits and compacted logs after it, in order.
struct LogSegment {
  std::string log_path;                       ///< "<table>/_delta_log".
  int64_t version = -1;                       ///< The snapshot's version.
  int64_t checkpoint_version = -1;            ///< -1: no checkpoint is used.
  std::vector<std::string> checkpoint_files;  ///< One file, or the parts of a multi-part v1 checkpoint; absolute.
  std::vector<std::string> commit_files;      ///< Commits and compacted logs after the checkpoint; absolute, ascending.
  std::vector<int64_t> commit_bytes;          ///< How large each of them is.
};

/// Lists the log and picks the files for `version` (newest when empty).
/// Errors: kNotFound - no Delta table there; kVersionNotFound - out of range, says which versions there are;
///   kCorruption - a gap in the commits.
Result<LogSegment> ListLog(storage::ObjectStore& store, const std::string& table_path, std::optional<int64_t> version);

/// What log replay gives. Source: PROTOCOL.md, "Action Reconciliation".
struct ReplayedLog {
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::map<std::string, SetTransaction> transactions;
  std::map<std::string, DomainMetadata> domains;
  FileTable files;
  std::optional<int64_t> in_commit_timestamp_ms;  ///< Of the newest commit.
  /// LoadSnapshot fills it: the newest commit's file, to notice that a table was replaced by another at its place.
  struct CommitFile {
    int64_t size_bytes = -1;
    WallTime modified;
  };
  CommitFile newest_commit;
};

/// Reads log files in bulk. engine/duckdb implements it with vectorised JSON and Parquet readers (sidecars included);
/// `NewSimpleLogReader` below reads JSON commits alone, for the server's commits and for tests.
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// Errors: kCorruption naming the file; kIoError.
  virtual Result<ReplayedLog> Replay(const RequestContext& ctx, const LogSegment& segment) = 0;
  /// Before commits of so many bytes are read without it: the memory for that. Errors: kOutOfMemory, kTooManyRequests.
  virtual Result<void> Reserve(int64_t log_bytes) {
    static_cast<void>(log_bytes);
    return {};
  }
};
std::unique_ptr<LogReader> NewSimpleLogReader(storage::ObjectStore& store);

/// One version of a table: immutable, shared by whoever reads it.
class Snapshot {
 public:
  Snapshot(std::string table_path, int64_t version, ReplayedLog log, DataType schema,
           std::vector<ForeignRoot> foreign_roots = {});
  const std::string& table_path() const { return table_path_; }
  /// Of a shallow clone: where else its files may be.
  const std::vector<ForeignRoot>& foreign_roots() const { return foreign_roots_; }
  /// Where the file of one of its actions is. Errors: as ResolvePath.
  Result<std::string> PathOf(std::string_view encoded) const {
    return ResolvePath(table_path_, encoded, foreign_roots_);
  }
  int64_t version() const { return version_; }
  const Protocol& protocol() const { return *log_.protocol; }
  const Metadata& metadata() const { return *log_.metadata; }
  const DataType& schema() const { return schema_; }  ///< A kStruct.
  const FileTable& files() const { return log_.files; }
  const ReplayedLog& log() const { return log_; }
  /// metadata().configuration[name], or `fallback`.
  std::string Property(const std::string& name, const std::string& fallback = "") const;
  bool ColumnMapped() const;  ///< delta.columnMapping.mode is name or id.
  bool IsPartitionColumn(const StructField& field) const;

  // Read from the files' statistics when first asked for, then kept. O(files) that once. Thread-safe.

  /// Rows of each file, deleted ones included; -1 where the log does not say.
  const std::vector<int64_t>& record_counts() const;
  /// Rows of a file that are not deleted; nullopt where the log does not say.
  std::optional<int64_t> LiveRows(size_t file) const;
  /// Of the top-level column `field` of the schema. Those least recently asked for go when many are kept.
  std::shared_ptr<const ColumnBounds> Bounds(const StructField& field) const;
  bool HasBounds(const StructField& field) const;  ///< They are at hand.
  /// Takes over what `base` has kept, if the files of this are some new ones, then those at `positions` of `base`.
  void Inherit(const Snapshot& base, const std::vector<uint32_t>& positions) const;
  /// Of files and what was kept of their statistics.
  int64_t memory_bytes() const;

 private:
  struct Kept;
  std::string table_path_;
  int64_t version_;
  ReplayedLog log_;
  DataType schema_;
  std::vector<ForeignRoot> foreign_roots_;
  std::shared_ptr<Kept> kept_;  // Copies have the same files.
};

/// Builds the snapshot of `version` (newest when empty); with `base`, an older snapshot of the same table, reads only
/// the commits after it. Errors: as ListLog, and kNotSupported naming each reader feature we lack; kCorruption if the
/// log has no protocol or metadata.
Result<std::shared_ptr<const Snapshot>> LoadSnapshot(const RequestContext& ctx, storage::ObjectStore& store,
                                                     LogReader& reader, const std::string& table_path,
                                                     std::optional<int64_t> version,
                                                     std::shared_ptr<const Snapshot> base = nullptr,
                                                     const std::vector<ForeignRoot>& foreign_roots = {});

/// The newest version committed at or before `timestamp`: by in-commit timestamps where enabled, else by file
/// modification times made monotonic. Errors: kVersionNotFound when before the first or after the last commit; the
/// message gives the range.
Result<int64_t> VersionAtTimestamp(storage::ObjectStore& store, const std::string& table_path, WallTime timestamp);

/// One row of DESCRIBE HISTORY.
struct HistoryEntry {
  int64_t version = 0;
  WallTime timestamp;
  std::string commit_info;  ///< JSON object of the commitInfo action, "" if none.
};
/// Newest first; at most `limit` commits. Commits cleaned away are not listed.
Result<std::vector<HistoryEntry>> ReadHistory(const RequestContext& ctx, storage::ObjectStore& store,
                                              const std::string& table_path, std::optional<int64_t> limit);

/// Refuses by name what the protocol asks and we do not do. Errors: kNotSupported.
Result<void> CheckReadable(const Protocol& protocol);
Result<void> CheckWritable(const Protocol& protocol, const Metadata& metadata);

}  // namespace neurolake::tables::delta
