#include "tables/delta/vacuum.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "common/text.h"
#include "storage/path.h"
#include "tables/delta/deletion_vector.h"
#include "tables/delta/file_path.h"
#include "tables/delta/internal/log_files.h"

namespace neurolake::tables::delta {
namespace {

using std::chrono::milliseconds;
using storage::ObjectInfo;

constexpr std::string_view kChangeData = "_change_data";

/// One spelling for one file, as the listing has it: a log may say "./a" or "b//c".
std::string Normal(const std::string& path) { return storage::NormalPath(path); }

/// Which versions the window holds, and every file that one of them names.
class Retained {
 public:
  Retained(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader, const Snapshot& snapshot)
      : ctx_(ctx),
        store_(store),
        reader_(reader),
        snapshot_(snapshot),
        log_path_(internal::LogPath(snapshot.table_path())),
        files_(snapshot.table_path(), snapshot.foreign_roots()) {}

  Result<void> Collect(WallTime cutoff) {
    NL_ASSIGN_OR_RETURN(listing_, internal::ListLogFiles(store_, log_path_));
    NL_ASSIGN_OR_RETURN(first_, VersionAt(cutoff));
    NL_RETURN_IF_ERROR(files_.Add(snapshot_.files()));
    if (!HasAllCommitsOfWindow()) {
      NL_ASSIGN_OR_RETURN(const auto base, LoadSnapshot(ctx_, store_, reader_, snapshot_.table_path(), first_, nullptr,
                                                        snapshot_.foreign_roots()));
      NL_RETURN_IF_ERROR(files_.Add(base->files()));
    }
    // Whatever was published since the snapshot was read is newer still.
    for (const auto& [version, commit] : listing_.commits) {
      if (version <= first_) continue;
      NL_ASSIGN_OR_RETURN(const CommitActions actions, Read(commit.path));
      NL_RETURN_IF_ERROR(files_.Add(actions));
      // What the window began with and does not have any more was taken away by one of them.
      NL_RETURN_IF_ERROR(files_.Add(actions.removes));
    }
    return {};
  }

  bool Has(const std::string& path) const { return files_.Has(path); }
  /// The oldest version of the window.
  int64_t first() const { return first_; }
  const internal::LogListing& listing() const { return listing_; }

  Result<CommitActions> Read(const std::string& path) {
    NL_RETURN_IF_ERROR(ctx_.CheckAlive());
    NL_ASSIGN_OR_RETURN(const std::string bytes, store_.Read(path));
    return ParseCommit(bytes, path);
  }

 private:
  /// Without them, the version that the window began with has to be read: a second time the memory of the newest one.
  bool HasAllCommitsOfWindow() const {
    for (int64_t version = first_ + 1; version <= snapshot_.version(); ++version) {
      if (!listing_.commits.contains(version)) return false;
    }
    return true;
  }

  /// The version that was the newest at `time`, or the oldest one that can be read.
  Result<int64_t> VersionAt(WallTime time) {
    NL_ASSIGN_OR_RETURN(const auto newest, ReadHistory(ctx_, store_, snapshot_.table_path(), 1));
    if (!newest.empty() && newest[0].timestamp <= time) return snapshot_.version();
    const int64_t oldest = listing_.oldest_version().value_or(snapshot_.version());
    const auto version = VersionAtTimestamp(store_, snapshot_.table_path(), time);
    if (version.has_value()) return std::min(std::max(*version, oldest), snapshot_.version());
    if (version.error().code() != ErrorCode::kVersionNotFound) return std::unexpected(version.error());
    return std::min(oldest, snapshot_.version());
  }

  const RequestContext& ctx_;
  storage::ObjectStore& store_;
  LogReader& reader_;
  const Snapshot& snapshot_;
  const std::string log_path_;
  internal::LogListing listing_;
  int64_t first_ = 0;
  NamedFiles files_;
};

/// Which names below a table's directory are VACUUM's business.
class Visibility {
 public:
  explicit Visibility(const Snapshot& snapshot) {
    for (const std::string& column : snapshot.metadata().partition_columns) {
      prefixes_.push_back(EncodePath(column) + "=");
      const auto field = std::ranges::find(snapshot.schema().fields, column, &StructField::name);
      if (field != snapshot.schema().fields.end()) prefixes_.push_back(EncodePath(field->physical_name()) + "=");
    }
  }

  /// `relative`: a directory's path below the table's.
  bool ShowsDirectory(const std::string& relative) const {
    const size_t slash = relative.rfind('/');
    const std::string_view name = std::string_view(relative).substr(slash == std::string::npos ? 0 : slash + 1);
    if (slash == std::string::npos && name == kChangeData) return true;
    return !Hidden(name) ||
           std::ranges::any_of(prefixes_, [&](const auto& prefix) { return name.starts_with(prefix); });
  }

  static bool Hidden(std::string_view name) { return name.starts_with('_') || name.starts_with('.'); }

 private:
  std::vector<std::string> prefixes_;
};

void AddTo(VacuumPlan& plan, const ObjectInfo& file) {
  plan.bytes += file.size_bytes;
  plan.files.push_back(file);
}

/// Another table may lie below this one; its files are none of this one's left-overs.
bool IsTable(storage::ObjectStore& store, const std::string& directory) {
  const auto log = store.List(directory + "/_delta_log");
  return !log.has_value() || !log->empty();
}

std::string RootOf(const Snapshot& snapshot) {
  std::string root = Normal(snapshot.table_path());
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  return root;
}

Result<void> FindByListing(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& snapshot,
                           const Retained& retained, WallTime cutoff, VacuumPlan& plan) {
  const Visibility visibility(snapshot);
  const std::string root = RootOf(snapshot);
  return store.Walk(
      root,
      [&](const std::string& relative) {
        return visibility.ShowsDirectory(relative) && !IsTable(store, root + "/" + relative);
      },
      [&](const ObjectInfo& file) -> Result<void> {
        NL_RETURN_IF_ERROR(ctx.CheckAlive());
        const std::string_view name = std::string_view(file.path).substr(file.path.rfind('/') + 1);
        if (Visibility::Hidden(name) || file.modified > cutoff || retained.Has(file.path)) return {};
        AddTo(plan, file);
        return {};
      });
}

/// What FULL would not look at, LITE must not delete: a log is written by whoever writes to the table, and names what
/// it likes.
class Deletable {
 public:
  Deletable(storage::ObjectStore& store, const Snapshot& snapshot)
      : store_(store), visibility_(snapshot), root_(RootOf(snapshot)) {}

  Result<bool> Has(const std::string& path) {
    if (!path.starts_with(root_ + "/")) return false;
    const std::string relative = path.substr(root_.size() + 1);
    for (size_t slash = relative.find('/'); slash != std::string::npos; slash = relative.find('/', slash + 1)) {
      if (!IsOwnDirectory(relative.substr(0, slash))) return false;
    }
    const std::string_view name = std::string_view(relative).substr(relative.rfind('/') + 1);
    if (name.empty() || name == ".." || Visibility::Hidden(name)) return false;
    NL_ASSIGN_OR_RETURN(const bool linked, store_.LeadsThroughLink(root_, path));
    return !linked;
  }

 private:
  bool IsOwnDirectory(const std::string& relative) {
    const auto [known, is_new] = directories_.try_emplace(relative, false);
    if (is_new) known->second = visibility_.ShowsDirectory(relative) && !IsTable(store_, root_ + "/" + relative);
    return known->second;
  }

  storage::ObjectStore& store_;
  const Visibility visibility_;
  const std::string root_;
  std::unordered_map<std::string, bool> directories_;
};

/// Every file that a commit took away, and those of changes, which no later one takes away: both go when the window has
/// moved on. `complete` tells whether the log knows of all that may be left over.
Result<std::unordered_set<std::string>> OutdatedByLog(const Snapshot& snapshot, Retained& retained, bool& complete) {
  const auto& commits = retained.listing().commits;
  complete = commits.contains(0);
  std::unordered_set<std::string> removed;
  for (const auto& [version, commit] : commits) {
    if (version > snapshot.version()) break;
    NL_ASSIGN_OR_RETURN(const CommitActions actions, retained.Read(commit.path));
    // Where an earlier VACUUM has been, nothing older is left over.
    complete = complete || actions.commit_info.contains("\"VACUUM END\"");
    for (const AddCdcFile& change : actions.changes) {
      NL_ASSIGN_OR_RETURN(const std::string path, snapshot.PathOf(change.path));
      removed.insert(Normal(path));
    }
    for (const RemoveFile& remove : actions.removes) {
      NL_ASSIGN_OR_RETURN(const std::string path, snapshot.PathOf(remove.path));
      removed.insert(Normal(path));
      if (!remove.deletion_vector) continue;
      NL_ASSIGN_OR_RETURN(const std::string vector,
                          DeletionVectorPath(snapshot.table_path(), *remove.deletion_vector, snapshot.foreign_roots()));
      if (!vector.empty()) removed.insert(Normal(vector));
    }
  }
  return removed;
}

/// The files that commits before the window took away, and those of their changes.
Result<void> FindInLog(storage::ObjectStore& store, const Snapshot& snapshot, Retained& retained, WallTime cutoff,
                       VacuumPlan& plan) {
  bool complete = false;
  NL_ASSIGN_OR_RETURN(const auto removed, OutdatedByLog(snapshot, retained, complete));
  if (!complete) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "VACUUM LITE needs a log that reaches back to the table's creation or the last VACUUM; use VACUUM "
                     "FULL: {}",
                     snapshot.table_path());
  }
  Deletable deletable(store, snapshot);
  for (const std::string& path : removed) {
    if (retained.Has(path)) continue;
    NL_ASSIGN_OR_RETURN(const bool own, deletable.Has(path));
    if (!own) continue;
    const auto info = store.Head(path);
    if (!info.has_value() && info.error().code() == ErrorCode::kNotFound) continue;
    if (!info.has_value()) return std::unexpected(info.error());
    if (info->modified <= cutoff) AddTo(plan, *info);
  }
  return {};
}

std::optional<milliseconds> UnitOf(std::string_view word) {
  if (word.ends_with('s')) word.remove_suffix(1);
  if (word == "millisecond") return milliseconds(1);
  if (word == "second") return std::chrono::seconds(1);
  if (word == "minute") return std::chrono::minutes(1);
  if (word == "hour") return std::chrono::hours(1);
  if (word == "day") return std::chrono::hours(24);
  if (word == "week") return std::chrono::hours(24 * 7);
  return std::nullopt;
}

}  // namespace

Result<milliseconds> DeletedFileRetention(const Metadata& metadata) {
  return IntervalProperty(metadata, "delta.deletedFileRetentionDuration", std::chrono::hours(24 * 7));
}

Result<milliseconds> IntervalProperty(const Metadata& metadata, const std::string& property, milliseconds fallback) {
  const auto found = metadata.configuration.find(property);
  if (found == metadata.configuration.end()) return fallback;
  std::string text = LowerAscii(found->second);
  std::erase(text, '\'');
  std::vector<std::string> words = Split(text, ' ');
  std::erase(words, "");
  if (!words.empty() && words[0] == "interval") words.erase(words.begin());
  milliseconds total{0};
  bool valid = !words.empty() && words.size() % 2 == 0;
  for (size_t i = 0; valid && i + 1 < words.size(); i += 2) {
    int64_t count = 0;
    const auto unit = UnitOf(words[i + 1]);
    valid = unit.has_value() &&
            std::from_chars(words[i].data(), words[i].data() + words[i].size(), count).ec == std::errc() &&
            count >= 0 && count < 1'000'000'000;
    if (valid) total += *unit * count;
  }
  if (valid) return total;
  return MakeError(ErrorCode::kCorruption, "a table property is no interval such as 'interval 7 days': {}", property);
}

Result<void> NamedFiles::AddPath(const std::string& encoded) {
  NL_ASSIGN_OR_RETURN(const std::string path, ResolvePath(table_path_, encoded, foreign_roots_));
  paths_.insert(Normal(path));
  return {};
}

Result<void> NamedFiles::AddFiles(const auto& files) {
  for (const auto& file : files) {
    NL_RETURN_IF_ERROR(AddPath(file.path));
    if (!file.deletion_vector) continue;
    NL_ASSIGN_OR_RETURN(const std::string vector,
                        DeletionVectorPath(table_path_, *file.deletion_vector, foreign_roots_));
    if (!vector.empty()) paths_.insert(Normal(vector));
  }
  return {};
}

Result<void> NamedFiles::Add(const FileTable& files) { return AddFiles(files); }

Result<void> NamedFiles::Add(const std::vector<RemoveFile>& removes) {
  for (const RemoveFile& remove : removes) {
    const auto added = AddFiles(std::span(&remove, 1));
    // What lies elsewhere is nothing that a plan could name.
    if (!added.has_value() && added.error().code() != ErrorCode::kPermissionDenied &&
        added.error().code() != ErrorCode::kNotSupported) {
      return added;
    }
  }
  return {};
}

Result<void> NamedFiles::Add(const CommitActions& actions) {
  NL_RETURN_IF_ERROR(AddFiles(actions.adds));
  for (const auto& change : actions.changes) NL_RETURN_IF_ERROR(AddPath(change.path));
  return {};
}

bool NamedFiles::Has(const std::string& path) const { return paths_.contains(Normal(path)); }

Result<bool> NamedSince::Has(const std::string& path) {
  for (;; ++version_) {
    NL_RETURN_IF_ERROR(ctx_.CheckAlive());
    const std::string next = internal::CommitPath(internal::LogPath(table_path_), version_ + 1);
    const auto bytes = store_.Read(next);
    if (!bytes.has_value() && bytes.error().code() == ErrorCode::kNotFound) return files_.Has(path);
    if (!bytes.has_value()) return std::unexpected(bytes.error());
    NL_ASSIGN_OR_RETURN(const CommitActions actions, ParseCommit(*bytes, next));
    NL_RETURN_IF_ERROR(files_.Add(actions));
  }
}

Result<VacuumPlan> PlanVacuum(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader,
                              const Snapshot& snapshot, const VacuumOptions& options) {
  NL_RETURN_IF_ERROR(CheckWritable(snapshot.protocol(), snapshot.metadata()));
  const WallTime cutoff = ctx.clock().Now() - options.retention;
  Retained retained(ctx, store, reader, snapshot);
  NL_RETURN_IF_ERROR(retained.Collect(cutoff));
  VacuumPlan plan;
  if (options.lite) {
    NL_RETURN_IF_ERROR(FindInLog(store, snapshot, retained, cutoff, plan));
  } else {
    NL_RETURN_IF_ERROR(FindByListing(ctx, store, snapshot, retained, cutoff, plan));
  }
  if (options.kept != nullptr) {
    std::erase_if(plan.files, [&](const ObjectInfo& file) {
      if (!options.kept->Has(file.path)) return false;
      plan.bytes -= file.size_bytes;
      return true;
    });
  }
  std::ranges::sort(plan.files, {}, &ObjectInfo::path);
  return plan;
}

}  // namespace neurolake::tables::delta
