#include "tables/delta/snapshot.h"

#include <list>
#include <mutex>

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
/// Bounds of so many bytes are kept of a snapshot: of four columns of a million files, or hundreds of few.
constexpr int64_t kBoundsBytesMax = 128LL << 20;
/// A commit larger than this is for the bulk reader, which reads it in parts.
constexpr int64_t kIncrementalBytesMax = 16LL << 20;

using SnapshotPointer = std::shared_ptr<const Snapshot>;

Result<CommitActions> ReadCommit(storage::ObjectStore& store, const std::string& path) {
  NL_ASSIGN_OR_RETURN(auto bytes, store.Read(path));
  if (bytes.empty()) return MakeError(ErrorCode::kCorruption, "the log file is empty: {}", path);
  return ParseCommit(bytes, path);
}

/// Checkpoints and compacted logs do not keep commitInfo; the commit itself does, as its first action.
std::optional<int64_t> ReadInCommitTimestamp(storage::ObjectStore& store, const std::string& path) {
  constexpr int64_t kFirstLineMax = 1 << 20;
  const auto bytes = store.ReadRange(path, 0, kFirstLineMax);
  if (!bytes.has_value()) return std::nullopt;
  const auto commit = ParseCommit(std::string_view(*bytes).substr(0, bytes->find('\n')), path);
  return commit.has_value() ? commit->in_commit_timestamp_ms : std::nullopt;
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
    log.in_commit_timestamp_ms = ReadInCommitTimestamp(store, internal::CommitPath(log_path, version));
  }
  RecordCommitFile(store, log_path, version, log);
  return std::make_shared<const Snapshot>(table_path, version, std::move(log), std::move(schema), foreign_roots);
}

/// The snapshot from `base` and the commits after it; nullptr where only the whole log can tell.
Result<SnapshotPointer> LoadIncrementally(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader,
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

  int64_t bytes = 0;
  for (int64_t next = target; next > base->version(); --next) {
    const auto commit = listing.commits.find(next);
    if (commit == listing.commits.end() || commit->second.size_bytes > kIncrementalBytesMax) return SnapshotPointer();
    bytes += commit->second.size_bytes;
  }
  NL_RETURN_IF_ERROR(reader.Reserve(bytes));
  Reconciler reconciler(Reconciler::Order::kNewestFirst);
  for (int64_t next = target; next > base->version(); --next) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    auto actions = ReadCommit(store, listing.commits.at(next).path);
    if (!actions.has_value() && actions.error().code() == ErrorCode::kNotFound) return SnapshotPointer();
    if (!actions.has_value()) return std::unexpected(std::move(actions).error());
    reconciler.Apply(std::move(*actions));
  }
  const auto positions = reconciler.ApplyBase(base->log());
  NL_ASSIGN_OR_RETURN(auto snapshot,
                      MakeSnapshot(store, table_path, target, std::move(reconciler).Finish(), base->foreign_roots()));
  snapshot->Inherit(*base, positions);
  return snapshot;
}

/// `vanished` tells that a file was listed and then not there: worth another look at the directory.
Result<SnapshotPointer> LoadOnce(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader,
                                 const std::string& table_path, std::optional<int64_t> version,
                                 const SnapshotPointer& base, const std::vector<ForeignRoot>& foreign_roots,
                                 bool& vanished) {
  vanished = false;
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  if (base != nullptr && base->table_path() == table_path && base->foreign_roots() == foreign_roots) {
    NL_ASSIGN_OR_RETURN(auto snapshot, LoadIncrementally(ctx, store, reader, table_path, version, base));
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

/// What was read from the statistics.
struct Snapshot::Kept {
  std::once_flag counted;
  std::vector<int64_t> record_counts;
  std::mutex mutex;
  std::list<std::pair<std::string, std::shared_ptr<const ColumnBounds>>> bounds;  // Last used first; by physical name.
  int64_t bytes = 0;                                                              // Of all that.

  /// Under the mutex.
  std::shared_ptr<const ColumnBounds> Find(const std::string& name) {
    const auto found = std::ranges::find(bounds, name, [](const auto& entry) { return entry.first; });
    if (found == bounds.end()) return nullptr;
    bounds.splice(bounds.begin(), bounds, found);
    return found->second;
  }

  /// Under the mutex: what all takes, less what is too much.
  void Count() {
    int64_t held = 0;
    for (auto entry = bounds.begin(); entry != bounds.end();) {
      const int64_t more = entry->second->memory_bytes();
      const bool drop = entry != bounds.begin() && held + more > kBoundsBytesMax;
      if (!drop) held += more;
      entry = drop ? bounds.erase(entry) : std::next(entry);
    }
    bytes = held + static_cast<int64_t>(record_counts.capacity() * sizeof(int64_t));
  }
};

namespace {

bool WasFloat(const StructField& field) {
  return field.type.kind == DataType::Kind::kDouble && WasOnce(field, DataType::Kind::kFloat);
}

}  // namespace

Snapshot::Snapshot(std::string table_path, int64_t version, ReplayedLog log, DataType schema,
                   std::vector<ForeignRoot> foreign_roots)
    : table_path_(std::move(table_path)),
      version_(version),
      log_(std::move(log)),
      schema_(std::move(schema)),
      foreign_roots_(std::move(foreign_roots)),
      kept_(std::make_shared<Kept>()) {}

const std::vector<int64_t>& Snapshot::record_counts() const {
  std::call_once(kept_->counted, [&] {
    auto counts = ReadRecordCounts(files());
    std::lock_guard lock(kept_->mutex);
    kept_->record_counts = std::move(counts);
    kept_->Count();
  });
  return kept_->record_counts;
}

std::optional<int64_t> Snapshot::LiveRows(size_t file) const {
  const int64_t count = record_counts()[file];
  if (count < 0) return std::nullopt;
  return std::max<int64_t>(0, count - files().deleted_rows(file));
}

bool Snapshot::HasBounds(const StructField& field) const {
  std::lock_guard lock(kept_->mutex);
  return kept_->Find(field.physical_name()) != nullptr;
}

std::shared_ptr<const ColumnBounds> Snapshot::Bounds(const StructField& field) const {
  const std::string name = field.physical_name();
  {
    std::lock_guard lock(kept_->mutex);
    if (auto known = kept_->Find(name)) return known;
  }
  auto read = std::make_shared<const ColumnBounds>(
      ReadColumnBounds(files(), field, {.partition = IsPartitionColumn(field), .was_float = WasFloat(field)}));
  std::lock_guard lock(kept_->mutex);
  // Another thread may have been faster.
  if (auto known = kept_->Find(name)) return known;
  kept_->bounds.emplace_front(name, read);
  kept_->Count();
  return read;
}

void Snapshot::Inherit(const Snapshot& base, const std::vector<uint32_t>& positions) const {
  const size_t fresh_count = files().size() - positions.size();
  if (fresh_count > positions.size()) return;
  decltype(kept_->bounds) known;
  std::vector<int64_t> counts;
  {
    std::lock_guard lock(base.kept_->mutex);
    known = base.kept_->bounds;
    counts = base.kept_->record_counts;
  }
  FileTable fresh;
  for (size_t i = 0; i < fresh_count; ++i) fresh.Add(files()[i]);
  if (!counts.empty()) {
    std::call_once(kept_->counted, [&] {
      kept_->record_counts = ReadRecordCounts(fresh);
      kept_->record_counts.reserve(files().size());
      for (const uint32_t position : positions) kept_->record_counts.push_back(counts[position]);
    });
  }
  for (const auto& [name, bounds] : known) {
    const auto same_name = [&](const StructField& field) { return field.physical_name() == name; };
    const auto field = std::ranges::find_if(schema_.fields, same_name);
    const auto before = std::ranges::find_if(base.schema_.fields, same_name);
    if (field == schema_.fields.end() || before == base.schema_.fields.end() || field->type.kind != before->type.kind ||
        field->type.precision != before->type.precision || field->type.scale != before->type.scale) {
      continue;
    }
    auto first =
        ReadColumnBounds(fresh, *field, {.partition = IsPartitionColumn(*field), .was_float = WasFloat(*field)});
    auto all = AppendBounds(std::move(first), *bounds, positions);
    if (all.has_value()) kept_->bounds.emplace_back(name, std::make_shared<const ColumnBounds>(*std::move(all)));
  }
  std::lock_guard lock(kept_->mutex);
  kept_->Count();
}

int64_t Snapshot::memory_bytes() const {
  std::lock_guard lock(kept_->mutex);
  return files().memory_bytes() + kept_->bytes;
}

bool Snapshot::IsPartitionColumn(const StructField& field) const {
  return std::ranges::find(metadata().partition_columns, field.name) != metadata().partition_columns.end();
}

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
