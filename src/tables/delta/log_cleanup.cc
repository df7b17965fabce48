#include "tables/delta/log_cleanup.h"

#include <set>

#include "common/text.h"
#include "tables/delta/internal/log_files.h"
#include "tables/delta/vacuum.h"

namespace neurolake::tables::delta {
namespace {

constexpr std::chrono::hours kRetentionDefault{24 * 30};
constexpr size_t kVersionDigits = 20;

/// The version that the name of any file of the log begins with; nullopt for strangers and `_last_checkpoint`.
std::optional<int64_t> VersionOfName(std::string_view name) {
  if (name.size() <= kVersionDigits || name[kVersionDigits] != '.') return std::nullopt;
  if (!internal::ParseLogFileName(name).has_value() && !name.ends_with(".crc")) return std::nullopt;
  int64_t version = 0;
  for (const char c : name.substr(0, kVersionDigits)) {
    if (c < '0' || c > '9') return std::nullopt;
    version = version * 10 + (c - '0');
  }
  return version;
}

std::string_view NameOf(const storage::ObjectInfo& file) {
  return std::string_view(file.path).substr(file.path.rfind('/') + 1);
}

/// The first version that stays: that of the newest checkpoint which all versions younger than `cutoff` can do with.
int64_t FirstKept(const internal::LogListing& listing, WallTime cutoff) {
  int64_t first_young = listing.newest_version();
  for (const auto& [version, commit] : listing.commits) {
    if (commit.modified < cutoff) continue;
    first_young = version;
    break;
  }
  // The version before the first young one was the newest at the cut-off: time travel to there needs it.
  auto checkpoint = listing.checkpoints.upper_bound(first_young - 1);
  return checkpoint == listing.checkpoints.begin() ? 0 : std::prev(checkpoint)->first;
}

/// Sidecars that checkpoints from `first_kept` on name; nullopt if one of them cannot be read here.
Result<std::optional<std::set<std::string>>> NamedSidecars(storage::ObjectStore& store, const std::string& log_path,
                                                           int64_t first_kept) {
  std::set<std::string> named;
  NL_ASSIGN_OR_RETURN(const auto files, store.List(log_path, ""));
  for (const storage::ObjectInfo& file : files) {
    const auto parsed = internal::ParseLogFileName(NameOf(file));
    if (!parsed.has_value() || parsed->version < first_kept) continue;
    // A checkpoint with a classic name may follow the V2 spec too; one in parts cannot, and names none.
    if (parsed->kind != internal::LogFileName::Kind::kUuidCheckpoint &&
        parsed->kind != internal::LogFileName::Kind::kClassicCheckpoint) {
      continue;
    }
    if (!file.path.ends_with(".json")) return std::optional<std::set<std::string>>();
    NL_ASSIGN_OR_RETURN(const auto bytes, store.Read(file.path));
    NL_ASSIGN_OR_RETURN(const auto actions, ParseCommit(bytes, file.path));
    for (const std::string& sidecar : actions.sidecars) named.insert(sidecar.substr(sidecar.rfind('/') + 1));
  }
  return std::optional(std::move(named));
}

Result<int64_t> CleanSidecars(const RequestContext& ctx, storage::ObjectStore& store, const std::string& log_path,
                              int64_t first_kept, WallTime cutoff) {
  NL_ASSIGN_OR_RETURN(const auto sidecars, store.List(log_path + "/_sidecars", ""));
  if (sidecars.empty()) return 0;
  NL_ASSIGN_OR_RETURN(const auto named, NamedSidecars(store, log_path, first_kept));
  if (!named.has_value()) return 0;
  int64_t deleted = 0;
  for (const storage::ObjectInfo& file : sidecars) {
    // A young one may belong to a checkpoint that somebody is about to write.
    if (file.modified >= cutoff || named->contains(std::string(NameOf(file)))) continue;
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    NL_RETURN_IF_ERROR(store.Delete(file.path));
    ++deleted;
  }
  return deleted;
}

}  // namespace

Result<int64_t> CleanLog(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& snapshot) {
  if (EqualsIgnoringCase(snapshot.Property("delta.enableExpiredLogCleanup", "true"), "false")) return 0;
  NL_ASSIGN_OR_RETURN(const auto retention,
                      IntervalProperty(snapshot.metadata(), "delta.logRetentionDuration", kRetentionDefault));
  const WallTime cutoff = ctx.clock().Now() - retention;
  const std::string log_path = internal::LogPath(snapshot.table_path());
  NL_ASSIGN_OR_RETURN(const auto listing, internal::ListLogFiles(store, log_path));
  const int64_t first_kept = FirstKept(listing, cutoff);
  if (first_kept <= 0) return 0;
  NL_ASSIGN_OR_RETURN(const auto files, store.List(log_path, ""));
  int64_t deleted = 0;
  for (const storage::ObjectInfo& file : files) {
    const auto version = VersionOfName(NameOf(file));
    if (!version.has_value() || *version >= first_kept || file.modified >= cutoff) continue;
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    NL_RETURN_IF_ERROR(store.Delete(file.path));
    ++deleted;
  }
  NL_ASSIGN_OR_RETURN(const int64_t sidecars, CleanSidecars(ctx, store, log_path, first_kept, cutoff));
  return deleted + sidecars;
}

Result<int64_t> CutLog(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& snapshot) {
  const std::string log_path = internal::LogPath(snapshot.table_path());
  NL_ASSIGN_OR_RETURN(const auto listing, internal::ListLogFiles(store, log_path));
  if (!listing.checkpoints.contains(snapshot.version())) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the log has no checkpoint of the version that it is to begin with: {}", snapshot.version());
  }
  NL_ASSIGN_OR_RETURN(const auto files, store.List(log_path, ""));
  int64_t deleted = 0;
  for (const storage::ObjectInfo& file : files) {
    const auto version = VersionOfName(NameOf(file));
    if (!version.has_value() || *version >= snapshot.version()) continue;
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    NL_RETURN_IF_ERROR(store.Delete(file.path));
    ++deleted;
  }
  NL_ASSIGN_OR_RETURN(const int64_t sidecars,
                      CleanSidecars(ctx, store, log_path, snapshot.version(), ctx.clock().Now()));
  return deleted + sidecars;
}

}  // namespace neurolake::tables::delta
