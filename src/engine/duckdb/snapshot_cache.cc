#include "engine/duckdb/internal/snapshot_cache.h"

namespace neurolake::engine::duckdb {

using SnapshotPointer = std::shared_ptr<const tables::delta::Snapshot>;

Result<SnapshotPointer> SnapshotCache::Load(const RequestContext& ctx, const TableEntry& table,
                                            std::optional<int64_t> version) {
  // The location is part of the key: an id restored from a backup may lie elsewhere with another history.
  std::string key = table.id.value() + "\n" + table.location;
  for (const auto& root : table.foreign_roots) key += "\n" + root.named + "\n" + root.location;
  SnapshotPointer base = Find(key, version);
  if (base != nullptr && version.has_value() && base->version() == *version) return base;
  NL_ASSIGN_OR_RETURN(SnapshotPointer snapshot, tables::delta::LoadSnapshot(ctx, store_, reader_, table.location,
                                                                            version, base, table.foreign_roots));
  if (snapshot != base) Remember(key, snapshot);
  return snapshot;
}

SnapshotPointer SnapshotCache::Find(const std::string& key, std::optional<int64_t> version) {
  std::lock_guard lock(mutex_);
  auto best = known_.end();
  for (auto known = known_.begin(); known != known_.end(); ++known) {
    if (known->key != key) continue;
    if (version.has_value() && known->snapshot->version() > *version) continue;
    if (best == known_.end() || known->snapshot->version() > best->snapshot->version()) best = known;
  }
  if (best == known_.end()) return nullptr;
  known_.splice(known_.begin(), known_, best);
  // Snapshots grow while they are used.
  Trim();
  return known_.front().snapshot;
}

void SnapshotCache::Remember(const std::string& key, SnapshotPointer snapshot) {
  std::lock_guard lock(mutex_);
  known_.push_front({key, std::move(snapshot)});
  Trim();
}

int64_t SnapshotCache::memory_bytes() {
  std::lock_guard lock(mutex_);
  int64_t bytes = 0;
  for (const Known& known : known_) bytes += known.snapshot->memory_bytes();
  return bytes;
}

void SnapshotCache::Trim() {
  int64_t bytes = 0;
  size_t kept = 0;
  for (auto known = known_.begin(); known != known_.end();) {
    bytes += known->snapshot->memory_bytes();
    ++kept;
    const bool drop = kept > 1 && (kept > kSnapshotsMax || bytes > kBytesMax);
    known = drop ? known_.erase(known) : std::next(known);
  }
}

}  // namespace neurolake::engine::duckdb
