#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/error.h"
#include "common/result.h"
#include "metastore/database.h"

namespace neurolake::orchestration {

enum class RunState : uint8_t { kRunning, kSucceeded, kFailed, kCancelled };

struct RunRecord {
  std::string id;
  std::string graph;
  int64_t graph_version = 0;
  std::string owner;  ///< Who may go on with it: an id of a principal's, or whatever tells owners apart.
  RunState state = RunState::kRunning;
  std::string error_code = {};     ///< "PermissionDenied".
  std::string error_message = {};  ///< Of ours: no data.
  WallTime started = {};
  WallTime updated = {};
  bool waits = false;  ///< For somebody. Of Take alone: before it was taken, as `updated` is.
};

/// The state after a step, and where the run goes on.
struct Checkpoint {
  int64_t step = 0;
  std::string value;       ///< JSON.
  std::string next;        ///< Node that comes next; empty: none.
  bool waits = false;      ///< Before it, somebody has to say something.
  std::string trace = {};  ///< JSON: what ran, when, for how long.
};

/// Who works on a run, and until when nobody else may.
struct Hold {
  std::string holder;
  WallTime until;
};

/// How states are kept from who reads the store; `about` binds a text to its place. Without: as they are.
struct Sealing {
  std::function<Result<std::string>(const std::string& text, const std::string& about)> seal = nullptr;
  std::function<Result<std::string>(const std::string& sealed, const std::string& about)> open = nullptr;
};

/// Runs and their checkpoints in the metadata store. One process works on a run at a time: it holds it, and has to say
/// so again before its time is over; one that waits for somebody is held by nobody. Thread-safe. Borrows the store.
class RunStore {
 public:
  /// What makes room when a run begins, of the same graph.
  struct Room {
    std::optional<WallTime> updated_since = std::nullopt;  ///< Older ones go.
    std::optional<int64_t> of_owner_max = std::nullopt;    ///< The owner's oldest go.
  };

  explicit RunStore(metastore::Store& store, Sealing sealing = {}) : store_(store), sealing_(std::move(sealing)) {}

  /// Errors: kAlreadyExists.
  Result<void> Begin(const RunRecord& run, const Checkpoint& first, const Hold& hold, const Room& room);
  /// Takes a run that nobody holds any more. Errors: kNotFound, also for another owner's; kConflict while it is held;
  /// kInvalidArgument for one that has ended.
  Result<RunRecord> Take(const std::string& id, const std::string& owner, const Hold& hold, WallTime now);
  Result<RunRecord> Find(const std::string& id, const std::string& owner);
  Result<std::vector<Checkpoint>> Checkpoints(const std::string& id);
  /// The newest checkpoint.
  Result<Checkpoint> Last(const std::string& id);
  /// Adds a checkpoint and holds the run for longer, or lets it go where it waits. Errors: kCancelled when the run was
  /// cancelled; kConflict when another holds it.
  Result<void> Advance(const std::string& id, const Checkpoint& checkpoint, const Hold& hold, WallTime now);
  /// Holds it no longer: it goes on from its last checkpoint. With `updated` nothing happened to it since then, though
  /// it was taken. Errors: as Advance's.
  Result<void> LetGo(const std::string& id, const std::string& holder, bool waits,
                     std::optional<WallTime> updated = std::nullopt);
  /// Lets go of what anybody but `holder` holds of a graph: for a process that knows it has the store to itself, so
  /// that whoever did is gone.
  Result<void> LetGoOfOthers(const std::string& graph, const std::string& holder);
  /// Errors: as Advance's.
  Result<void> End(const std::string& id, RunState state, const Error* error, const std::string& holder, WallTime now);
  /// Forgets a run. Errors: as Advance's.
  Result<void> Delete(const std::string& id, const std::string& holder);
  /// Forgets the runs of a graph that nobody works on and nothing happened to since; how many.
  Result<int64_t> DeleteOlder(const std::string& graph, WallTime updated_since, WallTime now);
  /// Whoever works on it learns so with its next checkpoint. Nothing happens to one that has ended. Errors: kNotFound.
  Result<void> Cancel(const std::string& id, const std::string& owner, WallTime now);
  /// Runs that nobody holds any more, that have not ended and wait for nobody: a process that worked on them is gone.
  Result<std::vector<RunRecord>> Abandoned(WallTime now, int64_t limit);

 private:
  Result<Checkpoint> Opened(const std::string& id, const metastore::Row& row);
  Result<std::string> Sealed(const std::string& id, const Checkpoint& checkpoint) const;

  metastore::Store& store_;
  const Sealing sealing_;
};

/// What a checkpoint's state is sealed as being about.
std::string AboutCheckpoint(const std::string& run_id, int64_t step);

}  // namespace neurolake::orchestration
