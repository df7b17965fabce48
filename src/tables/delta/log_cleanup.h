#pragma once
#include <cstdint>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// Deletes what of the log is older than delta.logRetentionDuration (30 days): commits, checkpoints, compacted logs and
/// checksum files of the versions before the newest checkpoint from which every version that is to be kept can still be
/// built, and sidecars that no checkpoint names any more. Nothing where there is no such checkpoint, and nothing where
/// delta.enableExpiredLogCleanup is false. Called after a checkpoint.
/// Oldest versions go first, so that a crash leaves no gap behind a version that is there.
/// Returns how many files went. Errors: the store's; what was deleted stays so.
Result<int64_t> CleanLog(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& snapshot);

/// The table's log begins with the version of `snapshot` from now on, of which there has to be a checkpoint: whatever
/// says anything of older versions goes, however young it is and whatever the table's properties say. Oldest first.
/// Returns how many files went. Errors: kInvalidArgument where there is no such checkpoint; the store's, and what was
/// deleted stays so.
Result<int64_t> CutLog(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& snapshot);

}  // namespace neurolake::tables::delta
