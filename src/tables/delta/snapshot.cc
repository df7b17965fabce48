#include "tables/delta/snapshot.h"

#include "common/log.h"
#include "tables/delta/checksum.h"
#include "tables/delta/internal/log_files.h"
#include "tables/delta/reconciler.h"
#include "tables/delta/type_widening.h"

namespace neurolake::tables::delta {
namespace {

/// More commits than this since the base: the bulk reader is faster than one commit after the other.
constexpr int64_t kIncrementalCommitsMax = 200;
/// Listing and reading are two steps; log clean-up may come between them.
constexpr int kLoadAttemptsMax = 3;

using SnapshotPointer = std::shared_ptr<const Snapshot>;

Result<CommitActions> ReadCommit(storage::ObjectStore& store, const std::string& path) {
  NL_ASSIGN_OR_RETURN(auto bytes, store.Read(path));
  if (bytes.empty()) return MakeError(ErrorCode::kCorruption, "the log file is empty: {}", path);
  return ParseCommit(bytes, path);
}

bool UsesInCommitTimestamps(const Metadata& metadata) {
  auto found = metadata.configuration.find("delta.enableInCommitTimestamps");
  return found != metadata.configuration.end() && found->second == "true";
}

/// Notes which commit file the snapshot ends with, so that a later load sees if it was exchanged.
void RecordCommitFile(storage::ObjectStore& store, const std::string& log_path, int64_t version, ReplayedLog& log) {
  auto info = store.Head(internal::CommitPath(log_path, version));
  if (info.has_value()) log.newest_commit = {.size_bytes = info->size_bytes, .modified = info->modified};
}

Result<SnapshotPointer> MakeSnapshot(storage::ObjectStore& store, const std::string& table_path, int64_t version,
                                     ReplayedLog log, const std::vector<ForeignRoot>& foreign_roots) {
  const std::string log_path = internal::LogPath(table_path);
  if (!log.protocol.has_value()) return MakeError(ErrorCode::kCorruption, "the log has no protocol: {}", table_path);
  if (!log.metadata.has_value()) return MakeError(ErrorCode::kCorruption, "the log has no metadata: {}", table_path);
  NL_RETURN_IF_ERROR(CheckReadable(*log.protocol));
  NL_ASSIGN_OR_RETURN(auto schema, ParseSchema(log.metadata->schema_string));
  NL_RETURN_IF_ERROR(CheckTypeChanges(schema));
  for (const std::string& column : log.metadata->partition_columns) {
    if (std::ranges::find(schema.fields, column, &StructField::name) == schema.fields.end()) {
      return MakeError(ErrorCode::kCorruption, "a partition column is not in the schema: {}", column);
    }
  }
  if (!log.in_commit_timestamp_ms.has_value() && UsesInCommitTimestamps(*log.metadata)) {
    // Checkpoints and compacted logs do not keep commitInfo; the commit itself does.
    auto commit = ReadCommit(store, internal::CommitPath(log_path, version));
    if (commit.has_value()) log.in_commit_timestamp_ms = commit->in_commit_timestamp_ms;
  }
  RecordCommitFile(store, log_path, version, log);
  return std::make_shared<const Snapshot>(table_path, version, std::move(log), std::move(schema), foreign_roots);
}

/// The snapshot from `base` and the commits after it; nullptr where only the whole log can tell.
Result<SnapshotPointer> LoadIncrementally(const RequestContext& ctx, storage::ObjectStore& store,
                                          const std::string& table_path, std::optional<int64_t> version,
                                          const SnapshotPointer& base) {
  if (version.has_value() && *version < base->version()) return SnapshotPointer();
  const std::string log_path = internal::LogPath(table_path);
  // From just before the base's own commit: it must still be the file it was, or the table is another one.
  NL_ASSIGN_OR_RETURN(auto listing, internal::ListLogFiles(store, log_path, fmt::format("{:020d}", base->version())));
  auto base_commit = listing.commits.find(base->version());
  const auto& known = base->log().newest_commit;
  if (base_commit == listing.commits.end() || base_commit->second.size_bytes != known.size_bytes ||
      base_commit->second.modified != known.modified) {
    return SnapshotPointer();
  }
  const int64_t target = version.value_or(listing.newest_version());
  if (target == base->version()) return base;
  if (target > listing.newest_version() || target - base->version() > kIncrementalCommitsMax) return SnapshotPointer();

  Reconciler reconciler(Reconciler::Order::kNewestFirst);
  for (int64_t next = target; next > base->version(); --next) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    auto commit = listing.commits.find(next);
    if (commit == listing.commits.end()) return SnapshotPointer();
    auto actions = ReadCommit(store, commit->second.path);
    if (!actions.has_value() && actions.error().code() == ErrorCode::kNotFound) return SnapshotPointer();
    if (!actions.has_value()) return std::unexpected(std::move(actions).error());
    reconciler.Apply(std::move(*actions));
  }
  reconciler.ApplyBase(base->log());
  return MakeSnapshot(store, table_path, target, std::move(reconciler).Finish(), base->foreign_roots());
}

/// `vanished` tells that a file was listed and then not there: worth another look at the directory.
Result<SnapshotPointer> LoadOnce(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader,
                                 const std::string& table_path, std::optional<int64_t> version,
                                 const SnapshotPointer& base, const std::vector<ForeignRoot>& foreign_roots,
                                 bool& vanished) {
  vanished = false;
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  if (base != nullptr && base->table_path() == table_path && base->foreign_roots() == foreign_roots) {
    NL_ASSIGN_OR_RETURN(auto snapshot, LoadIncrementally(ctx, store, table_path, version, base));
    if (snapshot != nullptr) return snapshot;
  }
  NL_ASSIGN_OR_RETURN(auto segment, ListLog(store, table_path, version));
  auto log = reader.Replay(ctx, segment);
  if (!log.has_value() && log.error().code() == ErrorCode::kNotFound) {
    vanished = true;
    return MakeError(ErrorCode::kCorruption, "a file of the log is missing: {}", log.error().message());
  }
  if (!log.has_value()) return std::unexpected(std::move(log).error());
  NL_ASSIGN_OR_RETURN(auto snapshot, MakeSnapshot(store, table_path, segment.version, std::move(*log), foreign_roots));
  // The log is what counts; a checksum file that says something else is worth knowing of all the same.
  if (const std::string difference = CompareWithChecksum(store, *snapshot); !difference.empty()) {
    Log(LogLevel::kWarn, "a table's checksum file does not agree with its log", ctx.request_id(),
        {{"table", table_path}, {"version", fmt::format("{}", segment.version)}, {"difference", difference}});
  }
  return snapshot;
}

}  // namespace

std::string Snapshot::Property(const std::string& name, const std::string& fallback) const {
  auto found = metadata().configuration.find(name);
  return found == metadata().configuration.end() ? fallback : found->second;
}

bool Snapshot::ColumnMapped() const {
  const std::string mode = Property("delta.columnMapping.mode", "none");
  return mode == "name" || mode == "id";
}

Result<SnapshotPointer> LoadSnapshot(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader,
                                     const std::string& table_path, std::optional<int64_t> version,
                                     SnapshotPointer base, const std::vector<ForeignRoot>& foreign_roots) {
  for (int attempt = 1;; ++attempt) {
    bool vanished = false;
    auto snapshot = LoadOnce(ctx, store, reader, table_path, version, base, foreign_roots, vanished);
    if (!vanished || attempt == kLoadAttemptsMax) return snapshot;
  }
}

}  // namespace neurolake::tables::delta
