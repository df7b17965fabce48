#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/result.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// The actions that make a table what it was at an older version.
struct RestorePlan {
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::vector<DomainMetadata> domains;
  int64_t added_bytes = 0;
  int64_t removed_bytes = 0;
  bool empty() const { return adds.empty() && removes.empty() && !protocol && !metadata && domains.empty(); }
};

/// What both need: everything that `current` supports, as older versions of the table may have used it, and everything
/// that `target` does. Pure.
Protocol MergeProtocols(const Protocol& current, const Protocol& target);

/// The difference of `current` and `target`, by data file and deletion vector. The protocol gets no smaller: what is
/// supported now stays, and what the old version used comes back. Kept from now: the table's id, the largest column
/// mapping id, how far identity columns have counted, and domains of the row tracking, all of which must never go
/// backwards. Applications' transactions are not touched. Pure; O(files). Whether the old files are still there is for
/// the caller to see (FindMissingFiles).
RestorePlan PlanRestore(const Snapshot& current, const Snapshot& target, int64_t deletion_timestamp_ms);

}  // namespace neurolake::tables::delta
