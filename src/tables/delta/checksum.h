#pragma once
#include <optional>
#include <string>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/actions.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// What a version checksum file (`_delta_log/<version>.crc`) says of the table at its version.
/// Source: PROTOCOL.md, "Version Checksum File".
struct Checksum {
  int64_t table_size_bytes = 0;
  int64_t file_count = 0;
  std::string transaction_id;  ///< commitInfo's txnId, "" if it has none.
  std::optional<int64_t> in_commit_timestamp_ms;
  Protocol protocol;
  Metadata metadata;
  std::map<std::string, SetTransaction> transactions;
  std::map<std::string, DomainMetadata> domains;
};

std::string ToJson(const Checksum& checksum);
/// Errors: kCorruption naming `name`.
Result<Checksum> ParseChecksum(const std::string& json, const std::string& name);
Checksum ChecksumOf(const Snapshot& snapshot);

/// What one commit changes of it.
struct ChecksumStep {
  /// False where the commit alone does not tell: a removal without its size, a file that is there already and only gets
  /// new statistics.
  bool known = true;
  int64_t added_bytes = 0;
  int64_t added_files = 0;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::vector<SetTransaction> transactions;
  std::vector<DomainMetadata> domains;
  std::string transaction_id;
  std::optional<int64_t> in_commit_timestamp_ms;
};
ChecksumStep StepOf(const std::vector<AddFile>& adds, const std::vector<RemoveFile>& removes);
Checksum Advance(Checksum checksum, const ChecksumStep& step);

/// Writes the checksum of `version` from that of the version before; version 0 needs none. Quietly does nothing where
/// there is none: WriteChecksum of a snapshot begins the chain anew. Never replaces a file.
/// Costs one small read and one small write.
void WriteNextChecksum(storage::ObjectStore& store, const std::string& table_path, int64_t version,
                       const ChecksumStep& step);
/// Errors: the store's. A file that is there already stays.
Result<void> WriteChecksum(storage::ObjectStore& store, const Snapshot& snapshot);

/// What differs between the snapshot and its version's checksum file; "" if nothing does, or there is no such file.
std::string CompareWithChecksum(storage::ObjectStore& store, const Snapshot& snapshot);

}  // namespace neurolake::tables::delta
