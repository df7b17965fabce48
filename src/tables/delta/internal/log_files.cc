#include "tables/delta/internal/log_files.h"

#include <charconv>

#include "common/text.h"

namespace neurolake::tables::delta::internal {
namespace {

constexpr size_t kVersionDigits = 20;
constexpr size_t kPartDigits = 10;

/// Exactly `digits` decimal digits that fit an int64.
std::optional<int64_t> ParseNumber(std::string_view text, size_t digits) {
  if (text.size() != digits) return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

using Kind = LogFileName::Kind;

std::optional<LogFileName> ParseCheckpointName(int64_t version, const std::vector<std::string>& pieces) {
  const std::string& extension = pieces.back();
  if (pieces.size() == 3 && extension == "parquet") {
    return LogFileName{.kind = Kind::kClassicCheckpoint, .version = version};
  }
  if (pieces.size() == 4 && IsUuid(pieces[2]) && (extension == "parquet" || extension == "json")) {
    return LogFileName{.kind = Kind::kUuidCheckpoint, .version = version};
  }
  if (pieces.size() == 5 && extension == "parquet") {
    auto part = ParseNumber(pieces[2], kPartDigits);
    auto parts = ParseNumber(pieces[3], kPartDigits);
    if (part.has_value() && parts.has_value() && *part >= 1 && *part <= *parts) {
      return LogFileName{.kind = Kind::kCheckpointPart, .version = version, .part = *part, .parts = *parts};
    }
  }
  return std::nullopt;
}

/// Checkpoints of one version as found, before it is known which are complete.
struct CheckpointCandidates {
  std::optional<std::string> classic;
  std::optional<std::string> uuid_parquet;
  std::optional<std::string> uuid_json;
  std::map<int64_t, std::map<int64_t, std::string>> parts;  ///< Number of parts, then part, to path.

  /// The one to read: single files before parts, which cannot be written atomically; none if nothing is complete.
  std::vector<std::string> Choose() const {
    if (classic.has_value()) return {*classic};
    if (uuid_parquet.has_value()) return {*uuid_parquet};
    if (uuid_json.has_value()) return {*uuid_json};
    for (const auto& [count, paths] : parts) {
      if (static_cast<int64_t>(paths.size()) != count) continue;
      std::vector<std::string> chosen;
      for (const auto& [part, path] : paths) chosen.push_back(path);
      return chosen;
    }
    return {};
  }
};

void AddCheckpoint(CheckpointCandidates& candidates, const LogFileName& name, const std::string& path) {
  if (name.kind == Kind::kClassicCheckpoint) {
    candidates.classic = path;
  } else if (name.kind == Kind::kCheckpointPart) {
    candidates.parts[name.parts][name.part] = path;
  } else if (path.ends_with(".json")) {
    candidates.uuid_json = path;
  } else {
    candidates.uuid_parquet = path;
  }
}

}  // namespace

std::string LogPath(const std::string& table_path) {
  return table_path.ends_with('/') ? table_path + "_delta_log" : table_path + "/_delta_log";
}

std::string CommitPath(const std::string& log_path, int64_t version) {
  return fmt::format("{}/{:020d}.json", log_path, version);
}

std::optional<LogFileName> ParseLogFileName(std::string_view name) {
  const std::vector<std::string> pieces = Split(name, '.');
  if (pieces.size() < 2) return std::nullopt;
  auto version = ParseNumber(pieces[0], kVersionDigits);
  if (!version.has_value()) return std::nullopt;
  if (pieces.size() == 2) {
    if (pieces[1] != "json") return std::nullopt;
    return LogFileName{.kind = Kind::kCommit, .version = *version};
  }
  if (pieces[1] == "checkpoint") return ParseCheckpointName(*version, pieces);
  if (pieces.size() == 4 && pieces[2] == "compacted" && pieces[3] == "json") {
    auto end = ParseNumber(pieces[1], kVersionDigits);
    if (!end.has_value() || *end < *version) return std::nullopt;
    return LogFileName{.kind = Kind::kCompacted, .version = *version, .end_version = *end};
  }
  return std::nullopt;
}

int64_t LogListing::newest_version() const {
  int64_t newest = -1;
  if (!commits.empty()) newest = commits.rbegin()->first;
  if (!checkpoints.empty()) newest = std::max(newest, checkpoints.rbegin()->first);
  return newest;
}

std::optional<int64_t> LogListing::oldest_version() const {
  if (commits.contains(0)) return 0;
  if (!checkpoints.empty()) return checkpoints.begin()->first;
  return std::nullopt;
}

Result<LogListing> ListLogFiles(storage::ObjectStore& store, const std::string& log_path,
                                const std::string& start_after) {
  NL_ASSIGN_OR_RETURN(auto objects, store.List(log_path, start_after));
  LogListing listing;
  std::map<int64_t, CheckpointCandidates> candidates;
  for (storage::ObjectInfo& object : objects) {
    const std::string_view name = std::string_view(object.path).substr(object.path.rfind('/') + 1);
    auto parsed = ParseLogFileName(name);
    if (!parsed.has_value()) continue;
    if (parsed->kind == Kind::kCommit) {
      listing.commits.emplace(parsed->version, std::move(object));
    } else if (object.size_bytes == 0) {
      continue;  // Left by a writer that died: the commits are still there, and say the same.
    } else if (parsed->kind == Kind::kCompacted) {
      listing.compacted.emplace(parsed->version,
                                CompactedLog{.end_version = parsed->end_version,
                                             .size_bytes = object.size_bytes,
                                             .path = std::move(object.path)});
    } else {
      AddCheckpoint(candidates[parsed->version], *parsed, object.path);
    }
  }
  for (const auto& [version, candidate] : candidates) {
    auto chosen = candidate.Choose();
    if (!chosen.empty()) listing.checkpoints.emplace(version, std::move(chosen));
  }
  return listing;
}

std::unexpected<Error> VersionNotFound(int64_t version, const LogListing& listing) {
  return MakeError(ErrorCode::kVersionNotFound, "version {} of the table is not there, it has versions {} to {}",
                   version, listing.oldest_version().value_or(0), listing.newest_version());
}

}  // namespace neurolake::tables::delta::internal
