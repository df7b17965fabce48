#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "storage/object_store.h"

namespace neurolake::tables::delta::internal {

std::string LogPath(const std::string& table_path);
/// "<log_path>/00000000000000000012.json".
std::string CommitPath(const std::string& log_path, int64_t version);

/// What a name in the log directory means. Source: PROTOCOL.md, "File Types".
struct LogFileName {
  enum class Kind : uint8_t { kCommit, kClassicCheckpoint, kUuidCheckpoint, kCheckpointPart, kCompacted };
  Kind kind = Kind::kCommit;
  int64_t version = 0;
  int64_t end_version = 0;  ///< kCompacted: the last version inside.
  int64_t part = 0;         ///< kCheckpointPart: 1…parts.
  int64_t parts = 0;
};
/// nullopt for every name that is none of these (checksums, `_last_checkpoint`, strangers).
std::optional<LogFileName> ParseLogFileName(std::string_view name);

struct CompactedLog {
  int64_t end_version = 0;
  int64_t size_bytes = 0;
  std::string path;
};

/// The log directory, understood. Only complete, non-empty checkpoints are in it.
struct LogListing {
  std::map<int64_t, storage::ObjectInfo> commits;
  std::map<int64_t, std::vector<std::string>> checkpoints;  ///< Version to its file or its parts.
  std::multimap<int64_t, CompactedLog> compacted;           ///< By first version.

  bool empty() const { return commits.empty() && checkpoints.empty(); }
  int64_t newest_version() const;
  /// The oldest version a snapshot can be built of; nullopt if there is none.
  std::optional<int64_t> oldest_version() const;
};

/// Lists everything whose name sorts after `start_after`.
Result<LogListing> ListLogFiles(storage::ObjectStore& store, const std::string& log_path,
                                const std::string& start_after = "");

/// "version 7 is not there; the table has versions 2 to 5" as kVersionNotFound.
std::unexpected<Error> VersionNotFound(int64_t version, const LogListing& listing);

}  // namespace neurolake::tables::delta::internal
