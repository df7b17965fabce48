#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

class NamedFiles;

struct VacuumOptions {
  std::chrono::milliseconds retention{0};
  /// Looks at what the log removed and at its files of changes, instead of listing the directory.
  bool lite = false;
  /// Kept whatever the log says: files of shallow clones of the table. May be null; borrowed.
  const NamedFiles* kept = nullptr;
};

/// What may be deleted, with its size. Nothing has been done yet.
struct VacuumPlan {
  std::vector<storage::ObjectInfo> files;  ///< Absolute paths, ascending.
  int64_t bytes = 0;
};

/// How long files that are not needed any more are kept: delta.deletedFileRetentionDuration, else a week.
/// Errors: kCorruption for a value that is no interval.
Result<std::chrono::milliseconds> DeletedFileRetention(const Metadata& metadata);
/// The value of a table property such as 'interval 30 days', or `fallback` where it is not set. Errors: kCorruption.
Result<std::chrono::milliseconds> IntervalProperty(const Metadata& metadata, const std::string& property,
                                                   std::chrono::milliseconds fallback);

/// The files that some versions name: as data, as deletion vector, as change data.
class NamedFiles {
 public:
  explicit NamedFiles(std::string table_path, std::vector<ForeignRoot> foreign_roots = {})
      : table_path_(std::move(table_path)), foreign_roots_(std::move(foreign_roots)) {}
  /// Errors: kPermissionDenied for a path that leads out of the table and out of where its files may be.
  Result<void> Add(const FileTable& files);
  Result<void> Add(const CommitActions& actions);
  /// As far as they are the table's.
  Result<void> Add(const std::vector<RemoveFile>& removes);
  /// One path, as an action spells it. Errors: as above.
  Result<void> AddPath(const std::string& encoded);
  /// `path`: as a plan has it.
  bool Has(const std::string& path) const;

 private:
  Result<void> AddFiles(const auto& files);

  std::string table_path_;
  std::vector<ForeignRoot> foreign_roots_;
  std::unordered_set<std::string> paths_;
};

/// What commits made after a version name. A file that is about to be deleted may have come back (RESTORE).
class NamedSince {
 public:
  /// Borrows both, which must outlive this.
  NamedSince(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& snapshot)
      : ctx_(ctx),
        store_(store),
        table_path_(snapshot.table_path()),
        files_(snapshot.table_path(), snapshot.foreign_roots()),
        version_(snapshot.version()) {}
  /// Whether a commit made until now names `path`. Looks for new ones each time. Errors: those of reading the log.
  Result<bool> Has(const std::string& path);

 private:
  const RequestContext& ctx_;
  storage::ObjectStore& store_;
  std::string table_path_;
  NamedFiles files_;
  int64_t version_;  ///< The last one that was read.
};

/// Finds the files that no version of the last `retention` needs: neither as data nor as deletion vector nor as change
/// data. The versions are that which was the newest at the window's begin, and all after it. Files younger than the
/// window are kept whoever they belong to, as a statement under way may be about to commit them.
/// Never looked at: the log, names that begin with "_" or "." (but "_change_data" and partition directories), tables in
/// directories below this one. Everything else in the directory that is old and unknown is taken for left over, as
/// Delta does. `lite` looks at no more: what the log names outside of that, or behind a link, stays.
/// Reads the log of the window, one commit after the other, and lists the directory; O(files) memory.
/// Errors: kNotSupported for a protocol that asks for more than we do: then we cannot know what is needed;
///   kInvalidArgument for `lite` when the log no longer reaches back to the last VACUUM or the table's creation.
Result<VacuumPlan> PlanVacuum(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader,
                              const Snapshot& snapshot, const VacuumOptions& options);

}  // namespace neurolake::tables::delta
