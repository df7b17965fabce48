#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"

namespace neurolake::metastore {

/// What one table's log held when a backup was made. The copy of the metastore says nothing about data files: these
/// versions say which state of each table it matches.
struct ManifestEntry {
  TableId table_id;
  std::string schema_name;
  std::string name;
  std::string location;        ///< Absolute when the backup was made.
  int64_t version = -1;        ///< Newest version of the log before the metastore was copied; -1: no log was there.
  int64_t version_after = -1;  ///< And after: greater than `version` when somebody committed during the backup.

  bool operator==(const ManifestEntry&) const = default;
};

/// Writes `entries` into the table `backup_manifest` of a file that `Store::BackupTo` made, in place of any before.
/// Durable when it returns. Errors: kNotFound, kCorruption, kReadOnly, kDiskFull.
Result<void> WriteManifest(const std::string& path, const std::vector<ManifestEntry>& entries);

/// By schema and name. Errors: kNotFound when there is no file or it has no manifest; kCorruption.
Result<std::vector<ManifestEntry>> ReadManifest(const std::string& path);

}  // namespace neurolake::metastore
