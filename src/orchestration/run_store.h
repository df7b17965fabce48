#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/error.h"
#include "common/ids.h"
#include "common/result.h"
#include "metastore/database.h"

namespace neurolake::orchestration {

enum class RunState : uint8_t { kRunning, kSucceeded, kFailed, kCancelled };

struct RunRecord {
  std::string id;
  std::string graph;
  int64_t graph_version = 0;
  PrincipalId principal;
  RunState state = RunState::kRunning;
  std::string error_code;     ///< "PermissionDenied".
  std::string error_message;  ///< Of ours: no data.
  WallTime started;
  WallTime updated;
};

/// The state after a step, and where the run goes on.
struct Checkpoint {
  int64_t step = 0;
  std::string value;  ///< JSON.
  std::string next;   ///< Node that comes next; empty: none.
  std::string trace;  ///< JSON: what ran, when, for how long.
};

/// Runs and their checkpoints in the metadata store. One process works on a run at a time: it holds it, and has to say
/// so again before its time is over. Thread-safe. Borrows the store.
class RunStore {
 public:
  explicit RunStore(metastore::Store& store) : store_(store) {}

  /// Errors: kAlreadyExists.
  Result<void> Begin(const RunRecord& run, const Checkpoint& first, const std::string& holder, WallTime held_until);
  /// Takes a run that nobody holds any more. Errors: kNotFound, also for another principal's; kConflict while it is
  /// held; kInvalidArgument for one that has ended.
  Result<RunRecord> Take(const std::string& id, const PrincipalId& principal, const std::string& holder, WallTime now,
                         WallTime held_until);
  Result<RunRecord> Find(const std::string& id, const PrincipalId& principal);
  Result<std::vector<Checkpoint>> Checkpoints(const std::string& id);
  /// The newest checkpoint.
  Result<Checkpoint> Last(const std::string& id);
  /// Adds a checkpoint and holds the run for longer. Errors: kCancelled when the run was cancelled; kConflict when
  /// another holds it.
  Result<void> Advance(const std::string& id, const Checkpoint& checkpoint, const std::string& holder, WallTime now,
                       WallTime held_until);
  /// Errors: as Advance's.
  Result<void> End(const std::string& id, RunState state, const Error* error, const std::string& holder, WallTime now);
  /// Whoever works on it learns so with its next checkpoint. Nothing happens to one that has ended. Errors: kNotFound.
  Result<void> Cancel(const std::string& id, const PrincipalId& principal, WallTime now);
  /// Runs that nobody holds any more and that have not ended: a process that worked on them is gone.
  Result<std::vector<RunRecord>> Abandoned(WallTime now, int64_t limit);

 private:
  metastore::Store& store_;
};

}  // namespace neurolake::orchestration
