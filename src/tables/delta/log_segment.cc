#include <simdjson.h>

#include "tables/delta/internal/json_object.h"
#include "tables/delta/internal/log_files.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {
namespace {

using internal::LogListing;

/// Version in `_last_checkpoint`, which is only ever a hint where to begin listing.
std::optional<int64_t> ReadCheckpointHint(storage::ObjectStore& store, const std::string& log_path) {
  auto bytes = store.Read(log_path + "/_last_checkpoint");
  if (!bytes.has_value()) return std::nullopt;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(*bytes).get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
  auto version = internal::JsonObject(object).OptionalNumber("version");
  if (!version.has_value() || *version < 0) return std::nullopt;
  return version;
}

/// Picks commits and compacted logs that lead from the checkpoint to the segment's version without a gap.
Result<void> ChainCommits(const LogListing& listing, LogSegment& segment) {
  const int64_t end = segment.version;
  int64_t next = segment.checkpoint_version + 1;
  while (next <= end) {
    const internal::CompactedLog* longest = nullptr;
    const auto [first, last] = listing.compacted.equal_range(next);
    for (auto entry = first; entry != last; ++entry) {
      const auto& compacted = entry->second;
      if (compacted.end_version > end || compacted.end_version <= next) continue;
      if (longest == nullptr || compacted.end_version > longest->end_version) longest = &compacted;
    }
    if (longest != nullptr) {
      segment.commit_files.push_back(longest->path);
      segment.commit_bytes.push_back(longest->size_bytes);
      next = longest->end_version + 1;
      continue;
    }
    auto commit = listing.commits.find(next);
    if (commit == listing.commits.end()) {
      return MakeError(ErrorCode::kCorruption, "the table's log has a gap, this version is missing: {}", next);
    }
    segment.commit_files.push_back(commit->second.path);
    segment.commit_bytes.push_back(commit->second.size_bytes);
    ++next;
  }
  return {};
}

Result<LogSegment> SelectSegment(const LogListing& listing, const std::string& log_path,
                                 std::optional<int64_t> version) {
  const int64_t target = version.value_or(listing.newest_version());
  if (target > listing.newest_version() || target < 0) return internal::VersionNotFound(target, listing);
  LogSegment segment{.log_path = log_path, .version = target};
  auto checkpoint = listing.checkpoints.upper_bound(target);
  if (checkpoint != listing.checkpoints.begin()) {
    --checkpoint;
    segment.checkpoint_version = checkpoint->first;
    segment.checkpoint_files = checkpoint->second;
  } else if (auto oldest = listing.oldest_version(); oldest.has_value() && target < *oldest) {
    return internal::VersionNotFound(target, listing);
  }
  NL_RETURN_IF_ERROR(ChainCommits(listing, segment));
  return segment;
}

}  // namespace

Result<LogSegment> ListLog(storage::ObjectStore& store, const std::string& table_path, std::optional<int64_t> version) {
  const std::string log_path = internal::LogPath(table_path);
  auto hint = ReadCheckpointHint(store, log_path);
  if (hint.has_value() && (!version.has_value() || *hint <= *version)) {
    NL_ASSIGN_OR_RETURN(auto tail, internal::ListLogFiles(store, log_path, fmt::format("{:020d}", *hint)));
    // Believed only if a checkpoint is really there; else the whole directory decides, errors included.
    if (!tail.checkpoints.empty()) {
      auto segment = SelectSegment(tail, log_path, version);
      if (segment.has_value() && segment->checkpoint_version >= 0) return segment;
    }
  }
  NL_ASSIGN_OR_RETURN(auto listing, internal::ListLogFiles(store, log_path));
  if (listing.empty()) return MakeError(ErrorCode::kNotFound, "there is no Delta table at this place: {}", table_path);
  return SelectSegment(listing, log_path, version);
}

}  // namespace neurolake::tables::delta
