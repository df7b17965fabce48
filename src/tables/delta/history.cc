#include "common/text.h"
#include "tables/delta/internal/log_files.h"
#include "tables/delta/log_file_parts.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {
namespace {

using internal::LogListing;
using std::chrono::milliseconds;
using MillisecondTime = std::chrono::sys_time<milliseconds>;

/// commitInfo comes first in a commit wherever in-commit timestamps are on, so this much of the file is enough.
constexpr int64_t kFirstLineBytesMax = 64 * 1024;

MillisecondTime FloorMilliseconds(WallTime time) { return std::chrono::floor<milliseconds>(time); }

Result<std::string> ReadFirstLine(storage::ObjectStore& store, const storage::ObjectInfo& info) {
  NL_ASSIGN_OR_RETURN(auto bytes, store.ReadRange(info.path, 0, kFirstLineBytesMax));
  if (const size_t newline = bytes.find('\n'); newline != std::string::npos) {
    bytes.resize(newline);
    return bytes;
  }
  if (static_cast<int64_t>(bytes.size()) < kFirstLineBytesMax) return bytes;
  // A long line, of what may be a file of gigabytes.
  NL_ASSIGN_OR_RETURN(auto part, LogFileParts(store, info.path, info.size_bytes).Next());
  if (!part.has_value()) return std::string();
  part->lines.resize(std::min(part->lines.find('\n'), part->lines.size()));
  return std::move(part->lines);
}

/// The line with commitInfo of a commit that does not begin with it: some writers put it last. Of what may be a million
/// lines of files no others are parsed.
Result<CommitActions> FindCommitInfo(storage::ObjectStore& store, const std::string& path, int64_t size_bytes) {
  LogFileParts parts(store, path, size_bytes);
  for (;;) {
    NL_ASSIGN_OR_RETURN(const auto part, parts.Next());
    if (!part.has_value()) return CommitActions();
    for (size_t place = 0; (place = part->lines.find("\"commitInfo\"", place)) != std::string::npos;) {
      const size_t before = part->lines.rfind('\n', place);
      const size_t begin = before == std::string::npos ? 0 : before + 1;
      place = std::min(part->lines.find('\n', place), part->lines.size());
      NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(std::string_view(part->lines).substr(begin, place - begin), path));
      if (!actions.commit_info.empty()) return actions;
    }
  }
}

/// The actions of the line with commitInfo, or of the first one where there is none.
Result<CommitActions> ReadCommitInfo(storage::ObjectStore& store, const storage::ObjectInfo& info) {
  NL_ASSIGN_OR_RETURN(const auto first_line, ReadFirstLine(store, info));
  NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(first_line, info.path));
  if (!actions.commit_info.empty()) return actions;
  return FindCommitInfo(store, info.path, info.size_bytes);
}

/// When each commit that is still there happened. File times are made strictly ascending, as clocks are not.
class CommitTimes {
 public:
  CommitTimes(storage::ObjectStore& store, const LogListing& listing) : store_(store), listing_(listing) {
    std::optional<MillisecondTime> previous;
    for (const auto& [version, info] : listing.commits) {
      MillisecondTime time = FloorMilliseconds(info.modified);
      if (previous.has_value() && time <= *previous) time = *previous + milliseconds(1);
      file_times_.emplace(version, time);
      previous = time;
    }
  }

  MillisecondTime FileTime(int64_t version) const { return file_times_.at(version); }

  /// nullopt if the commit has none.
  Result<std::optional<MillisecondTime>> InCommitTime(int64_t version) {
    if (auto known = in_commit_times_.find(version); known != in_commit_times_.end()) return known->second;
    const storage::ObjectInfo& info = listing_.commits.at(version);
    NL_ASSIGN_OR_RETURN(auto line, ReadFirstLine(store_, info));
    NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(line, info.path));
    std::optional<MillisecondTime> time;
    if (actions.in_commit_timestamp_ms.has_value()) {
      time = MillisecondTime(milliseconds(*actions.in_commit_timestamp_ms));
    }
    in_commit_times_.emplace(version, time);
    return time;
  }

 private:
  storage::ObjectStore& store_;
  const LogListing& listing_;
  std::map<int64_t, MillisecondTime> file_times_;
  std::map<int64_t, std::optional<MillisecondTime>> in_commit_times_;
};

/// First version of the run of commits with in-commit timestamps that ends at `newest` (which has one): what
/// delta.inCommitTimestampEnablementVersion says where older commits are still there. O(log n) reads.
Result<int64_t> FirstInCommitVersion(CommitTimes& times, int64_t low, int64_t newest) {
  int64_t high = newest;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    NL_ASSIGN_OR_RETURN(auto time, times.InCommitTime(middle));
    if (time.has_value()) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return high;
}

std::unexpected<Error> OutsideRange(MillisecondTime asked, MillisecondTime first, MillisecondTime last) {
  return MakeError(ErrorCode::kVersionNotFound, "the table has no version of {}, it has versions from {} to {}",
                   FormatTimestamp(asked), FormatTimestamp(first), FormatTimestamp(last));
}

/// The newest version in [first, last] whose file time is not after `asked`; the first one's is not.
int64_t SearchFileTimes(const CommitTimes& times, int64_t first, int64_t last, MillisecondTime asked) {
  while (first < last) {
    const int64_t middle = first + (last - first + 1) / 2;
    if (times.FileTime(middle) <= asked) {
      first = middle;
    } else {
      last = middle - 1;
    }
  }
  return first;
}

/// As SearchFileTimes by in-commit timestamps; gives the version of a commit without one, negated minus one, if met.
Result<int64_t> SearchInCommitTimes(CommitTimes& times, int64_t first, int64_t last, MillisecondTime asked) {
  while (first < last) {
    const int64_t middle = first + (last - first + 1) / 2;
    NL_ASSIGN_OR_RETURN(auto time, times.InCommitTime(middle));
    if (!time.has_value()) return -middle - 1;
    if (*time <= asked) {
      first = middle;
    } else {
      last = middle - 1;
    }
  }
  return first;
}

/// The first version that can be read and whose commit file is there, from which on no commit is missing.
Result<int64_t> FirstTimedVersion(const LogListing& listing) {
  const auto oldest = listing.oldest_version();
  auto commit = oldest.has_value() ? listing.commits.lower_bound(*oldest) : listing.commits.end();
  if (commit == listing.commits.end()) {
    return MakeError(ErrorCode::kVersionNotFound, "the table's log keeps no commit with a time");
  }
  const int64_t first = commit->first;
  const int64_t last = listing.commits.rbegin()->first;
  const auto count = std::distance(commit, listing.commits.end());
  if (count == last - first + 1) return first;
  for (int64_t version = last;; --version) {
    if (!listing.commits.contains(version - 1)) {
      if (listing.checkpoints.contains(version) || listing.checkpoints.contains(version - 1)) return version;
      return MakeError(ErrorCode::kCorruption, "the table's log has a gap, this version is missing: {}", version - 1);
    }
  }
}

}  // namespace

Result<int64_t> VersionAtTimestamp(storage::ObjectStore& store, const std::string& table_path, WallTime timestamp) {
  NL_ASSIGN_OR_RETURN(auto listing, internal::ListLogFiles(store, internal::LogPath(table_path)));
  if (listing.empty()) return MakeError(ErrorCode::kNotFound, "there is no Delta table at this place: {}", table_path);
  NL_ASSIGN_OR_RETURN(const int64_t first, FirstTimedVersion(listing));
  const int64_t last = listing.commits.rbegin()->first;
  const MillisecondTime asked = FloorMilliseconds(timestamp);
  CommitTimes times(store, listing);

  NL_ASSIGN_OR_RETURN(auto last_in_commit, times.InCommitTime(last));
  if (!last_in_commit.has_value()) {
    if (asked < times.FileTime(first) || asked > times.FileTime(last)) {
      return OutsideRange(asked, times.FileTime(first), times.FileTime(last));
    }
    return SearchFileTimes(times, first, last, asked);
  }

  // "If timestamp X >= inCommitTimestampEnablementTimestamp, only versions >= …EnablementVersion …; otherwise, only
  // versions less than it." Should the feature have been switched off and on again, the run is begun anew after the
  // hole, at most once per hole.
  int64_t low = first;
  while (true) {
    NL_ASSIGN_OR_RETURN(const int64_t enabled, FirstInCommitVersion(times, low, last));
    NL_ASSIGN_OR_RETURN(const auto enabled_time, times.InCommitTime(enabled));
    const MillisecondTime first_time = enabled == first ? *enabled_time : times.FileTime(first);
    if (asked > *last_in_commit || asked < first_time) return OutsideRange(asked, first_time, *last_in_commit);
    if (asked < *enabled_time) return SearchFileTimes(times, first, enabled - 1, asked);
    NL_ASSIGN_OR_RETURN(const int64_t found, SearchInCommitTimes(times, enabled, last, asked));
    if (found >= 0) return found;
    low = -(found + 1) + 1;
  }
}

Result<std::vector<HistoryEntry>> ReadHistory(const RequestContext& ctx, storage::ObjectStore& store,
                                              const std::string& table_path, std::optional<int64_t> limit) {
  NL_ASSIGN_OR_RETURN(auto listing, internal::ListLogFiles(store, internal::LogPath(table_path)));
  if (listing.empty()) return MakeError(ErrorCode::kNotFound, "there is no Delta table at this place: {}", table_path);
  const CommitTimes times(store, listing);
  std::vector<HistoryEntry> history;
  for (auto commit = listing.commits.rbegin(); commit != listing.commits.rend(); ++commit) {
    if (limit.has_value() && static_cast<int64_t>(history.size()) >= *limit) break;
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    const auto& [version, info] = *commit;
    auto read = ReadCommitInfo(store, info);
    if (!read.has_value() && read.error().code() == ErrorCode::kNotFound) continue;  // Just cleaned away.
    if (!read.has_value()) return std::unexpected(std::move(read).error());
    CommitActions actions = *std::move(read);
    HistoryEntry entry{.version = version, .timestamp = times.FileTime(version)};
    if (actions.in_commit_timestamp_ms.has_value()) {
      entry.timestamp = MillisecondTime(milliseconds(*actions.in_commit_timestamp_ms));
    }
    entry.commit_info = std::move(actions.commit_info);
    history.push_back(std::move(entry));
  }
  return history;
}

}  // namespace neurolake::tables::delta
