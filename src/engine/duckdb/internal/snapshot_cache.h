#pragma once
#include <list>

#include "engine/duckdb/lake_provider.h"
#include "storage/object_store.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// Snapshots this engine has seen, so that the next statement reads only the commits since. Thread-safe.
class SnapshotCache {
 public:
  SnapshotCache(storage::ObjectStore& store, tables::delta::LogReader& reader) : store_(store), reader_(reader) {}
  /// Newest version when `version` is empty: the log is looked at each time, so an answer is never stale.
  /// Errors: as tables::delta::LoadSnapshot.
  Result<std::shared_ptr<const tables::delta::Snapshot>> Load(const RequestContext& ctx, const TableEntry& table,
                                                              std::optional<int64_t> version);

  /// Of all that is kept.
  int64_t memory_bytes();

 private:
  static constexpr size_t kSnapshotsMax = 64;
  /// Of all that is kept. The newest stays however large it is: the next statement very likely wants it.
  static constexpr int64_t kBytesMax = 256LL << 20;
  struct Known {
    std::string key;
    std::shared_ptr<const tables::delta::Snapshot> snapshot;
  };
  std::shared_ptr<const tables::delta::Snapshot> Find(const std::string& key, std::optional<int64_t> version);
  void Remember(const std::string& key, std::shared_ptr<const tables::delta::Snapshot> snapshot);
  /// Under the mutex: lets go of the oldest until the rest fits.
  void Trim();

  storage::ObjectStore& store_;
  tables::delta::LogReader& reader_;
  std::mutex mutex_;
  std::list<Known> known_;  // Most recently used first.
};

}  // namespace neurolake::engine::duckdb
