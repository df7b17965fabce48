#include "orchestration/run_store.h"

#include "metastore/stored_text.h"

namespace neurolake::orchestration {
namespace {

using metastore::Row;
using metastore::Session;

constexpr std::string_view kColumns =
    "id, graph, graph_version, principal_id, state, error_code, error_message, started, updated";

int64_t Micros(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

WallTime TimeAt(const Row& row, size_t at) {
  return WallTime(std::chrono::microseconds(std::get<int64_t>(row.at(at))));
}
std::string TextAt(const Row& row, size_t at) { return std::get<std::string>(row.at(at)); }

std::string_view NameOf(RunState state) {
  switch (state) {
    case RunState::kRunning: return "running";
    case RunState::kSucceeded: return "succeeded";
    case RunState::kFailed: return "failed";
    case RunState::kCancelled: return "cancelled";
  }
  NL_UNREACHABLE();
}

RunState StateOf(std::string_view name) {
  if (name == "running") return RunState::kRunning;
  if (name == "succeeded") return RunState::kSucceeded;
  return name == "failed" ? RunState::kFailed : RunState::kCancelled;
}

/// In the place of a holder: the run waits for somebody.
constexpr std::string_view kWaits = "waits";
/// Before the next node's name: the same, of the checkpoint.
constexpr char kWaitsMark = '?';
constexpr size_t kDeletedAtOnce = 100;  ///< In one transaction.

RunRecord FromRow(const Row& row) {
  return {.id = TextAt(row, 0),
          .graph = TextAt(row, 1),
          .graph_version = std::get<int64_t>(row.at(2)),
          .owner = TextAt(row, 3),
          .state = StateOf(TextAt(row, 4)),
          .error_code = TextAt(row, 5),
          .error_message = TextAt(row, 6),
          .started = TimeAt(row, 7),
          .updated = TimeAt(row, 8)};
}

std::unexpected<Error> NoRun() { return MakeError(ErrorCode::kNotFound, "there is no such run"); }

Result<RunRecord> Read(Session& session, const std::string& id, const std::string& owner) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      session.Query(fmt::format("SELECT {} FROM runs WHERE id = ? AND principal_id = ?", kColumns),
                                    {metastore::MakeStorable(id), owner}));
  if (rows.empty()) return NoRun();
  return FromRow(rows[0]);
}

Result<void> Insert(Session& session, const std::string& id, const Checkpoint& checkpoint, const std::string& sealed,
                    WallTime now) {
  const std::string next = checkpoint.waits ? kWaitsMark + checkpoint.next : checkpoint.next;
  NL_RETURN_IF_ERROR(
      session.Execute("INSERT INTO run_steps (run_id, step, value, next, trace, made) VALUES (?, ?, ?, ?, ?, ?)",
                      {id, checkpoint.step, sealed, next, checkpoint.trace, Micros(now)}));
  return {};
}

Result<void> DeleteRun(Session& session, const std::string& id) {
  NL_RETURN_IF_ERROR(session.Execute("DELETE FROM run_steps WHERE run_id = ?", {id}));
  NL_RETURN_IF_ERROR(session.Execute("DELETE FROM runs WHERE id = ?", {id}));
  return {};
}

/// Runs that nothing happened to for long; those that are worked on stay.
Result<std::vector<Row>> OlderThan(Session& session, const std::string& graph, WallTime since, WallTime now) {
  return session.Query(
      fmt::format("SELECT id FROM runs WHERE graph = ? AND updated < ? AND held_until <= ? LIMIT {}", kDeletedAtOnce),
      {graph, Micros(since), Micros(now)});
}

Result<void> MakeRoom(Session& session, const RunRecord& run, const RunStore::Room& room) {
  std::vector<Row> old;
  if (room.updated_since.has_value()) {
    NL_ASSIGN_OR_RETURN(old, OlderThan(session, run.graph, *room.updated_since, run.updated));
  }
  if (room.of_owner_max.has_value()) {
    NL_ASSIGN_OR_RETURN(const auto many,
                        session.Query("SELECT id FROM runs WHERE graph = ? AND principal_id = ? AND held_until <= ? "
                                      "ORDER BY updated DESC, id LIMIT 100 OFFSET ?",
                                      {run.graph, run.owner, Micros(run.updated), *room.of_owner_max - 1}));
    old.insert(old.end(), many.begin(), many.end());
  }
  for (const Row& row : old) NL_RETURN_IF_ERROR(DeleteRun(session, TextAt(row, 0)));
  return {};
}

/// Whether `holder` still works on the run.
Result<void> CheckHeld(Session& session, const std::string& id, const std::string& holder) {
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT state, holder FROM runs WHERE id = ?", {id}));
  if (rows.empty()) return NoRun();
  if (TextAt(rows[0], 0) == "cancelled") return MakeError(ErrorCode::kCancelled, "the run was cancelled");
  if (TextAt(rows[0], 0) == "running" && TextAt(rows[0], 1) == holder) return {};
  return MakeError(ErrorCode::kConflict, "another process goes on with the run");
}

/// As what and until when a run is held after a checkpoint.
std::pair<std::string, int64_t> HoldAfter(const Checkpoint& checkpoint, const Hold& hold) {
  if (checkpoint.waits) return {std::string(kWaits), 0};
  return {hold.holder, Micros(hold.until)};
}

}  // namespace

std::string AboutCheckpoint(const std::string& run_id, int64_t step) { return fmt::format("run {}/{}", run_id, step); }

Result<std::string> RunStore::Sealed(const std::string& id, const Checkpoint& checkpoint) const {
  if (sealing_.seal == nullptr) return checkpoint.value;
  return sealing_.seal(checkpoint.value, AboutCheckpoint(id, checkpoint.step));
}

Result<Checkpoint> RunStore::Opened(const std::string& id, const Row& row) {
  Checkpoint checkpoint{
      .step = std::get<int64_t>(row.at(0)), .value = TextAt(row, 1), .next = TextAt(row, 2), .trace = TextAt(row, 3)};
  checkpoint.waits = checkpoint.next.starts_with(kWaitsMark);
  if (checkpoint.waits) checkpoint.next.erase(0, 1);
  if (sealing_.open == nullptr) return checkpoint;
  NL_ASSIGN_OR_RETURN(checkpoint.value, sealing_.open(checkpoint.value, AboutCheckpoint(id, checkpoint.step)));
  return checkpoint;
}

Result<void> RunStore::Begin(const RunRecord& run, const Checkpoint& first, const Hold& hold, const Room& room) {
  NL_ASSIGN_OR_RETURN(const std::string sealed, Sealed(run.id, first));
  const auto [holder, until] = HoldAfter(first, hold);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(MakeRoom(session, run, room));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO runs (id, graph, graph_version, principal_id, state, holder, held_until, started, updated) VALUES "
        "(?, ?, ?, ?, 'running', ?, ?, ?, ?)",
        {run.id, run.graph, run.graph_version, run.owner, holder, until, Micros(run.started), Micros(run.updated)}));
    return Insert(session, run.id, first, sealed, run.updated);
  });
}

Result<RunRecord> RunStore::Take(const std::string& id, const std::string& owner, const Hold& hold, WallTime now) {
  RunRecord run;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(run, Read(session, id, owner));
    if (run.state != RunState::kRunning) {
      return MakeError(ErrorCode::kInvalidArgument, "the run has ended: {}", NameOf(run.state));
    }
    NL_ASSIGN_OR_RETURN(const auto holders, session.Query("SELECT holder FROM runs WHERE id = ?", {id}));
    run.waits = !holders.empty() && TextAt(holders[0], 0) == kWaits;
    NL_ASSIGN_OR_RETURN(
        const int64_t taken,
        session.Execute("UPDATE runs SET holder = ?, held_until = ?, updated = ? WHERE id = ? AND held_until <= ?",
                        {hold.holder, Micros(hold.until), Micros(now), id, Micros(now)}));
    if (taken == 0) return MakeError(ErrorCode::kConflict, "another process works on the run");
    return {};
  }));
  return run;
}

Result<RunRecord> RunStore::Find(const std::string& id, const std::string& owner) {
  RunRecord run;
  NL_RETURN_IF_ERROR(store_.Read([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(run, Read(session, id, owner));
    return {};
  }));
  return run;
}

Result<std::vector<Checkpoint>> RunStore::Checkpoints(const std::string& id) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT step, value, next, trace FROM run_steps WHERE run_id = ? ORDER BY step", {id}));
  std::vector<Checkpoint> checkpoints;
  for (const Row& row : rows) {
    NL_ASSIGN_OR_RETURN(auto checkpoint, Opened(id, row));
    checkpoints.push_back(std::move(checkpoint));
  }
  return checkpoints;
}

Result<Checkpoint> RunStore::Last(const std::string& id) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT step, value, next, trace FROM run_steps WHERE run_id = ? ORDER BY step DESC LIMIT 1",
                      {id}));
  if (rows.empty()) return NoRun();
  return Opened(id, rows[0]);
}

Result<void> RunStore::Advance(const std::string& id, const Checkpoint& checkpoint, const Hold& hold, WallTime now) {
  NL_ASSIGN_OR_RETURN(const std::string sealed, Sealed(id, checkpoint));
  const auto [holder, until] = HoldAfter(checkpoint, hold);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(CheckHeld(session, id, hold.holder));
    NL_RETURN_IF_ERROR(session.Execute("UPDATE runs SET holder = ?, held_until = ?, updated = ? WHERE id = ?",
                                       {holder, until, Micros(now), id}));
    return Insert(session, id, checkpoint, sealed, now);
  });
}

Result<void> RunStore::LetGo(const std::string& id, const std::string& holder, bool waits,
                             std::optional<WallTime> updated) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(CheckHeld(session, id, holder));
    NL_RETURN_IF_ERROR(
        session.Execute("UPDATE runs SET holder = ?, held_until = 0, updated = COALESCE(?, updated) WHERE id = ?",
                        {std::string(waits ? kWaits : ""),
                         updated ? metastore::Value(Micros(*updated)) : metastore::Value(std::monostate{}), id}));
    return {};
  });
}

Result<void> RunStore::LetGoOfOthers(const std::string& graph, const std::string& holder) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute(
        "UPDATE runs SET holder = '', held_until = 0 WHERE graph = ? AND held_until > 0 AND holder <> ?",
        {graph, holder}));
    return {};
  });
}

Result<void> RunStore::Delete(const std::string& id, const std::string& holder) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(CheckHeld(session, id, holder));
    return DeleteRun(session, id);
  });
}

Result<int64_t> RunStore::DeleteOlder(const std::string& graph, WallTime updated_since, WallTime now) {
  int64_t deleted = 0;
  while (true) {
    std::vector<Row> old;
    NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
      NL_ASSIGN_OR_RETURN(old, OlderThan(session, graph, updated_since, now));
      for (const Row& row : old) NL_RETURN_IF_ERROR(DeleteRun(session, TextAt(row, 0)));
      return {};
    }));
    deleted += static_cast<int64_t>(old.size());
    if (old.size() < kDeletedAtOnce) return deleted;
  }
}

Result<void> RunStore::End(const std::string& id, RunState state, const Error* error, const std::string& holder,
                           WallTime now) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(CheckHeld(session, id, holder));
    const std::string code = error == nullptr ? "" : std::string(ErrorName(error->code()));
    NL_RETURN_IF_ERROR(
        session.Execute("UPDATE runs SET state = ?, error_code = ?, error_message = ?, holder = '', held_until = 0, "
                        "updated = ? WHERE id = ?",
                        {std::string(NameOf(state)), code,
                         error == nullptr ? "" : metastore::MakeStorable(error->message()), Micros(now), id}));
    return {};
  });
}

Result<void> RunStore::Cancel(const std::string& id, const std::string& owner, WallTime now) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(Read(session, id, owner));
    NL_RETURN_IF_ERROR(session.Execute(
        "UPDATE runs SET state = 'cancelled', updated = ? WHERE id = ? AND state = 'running'", {Micros(now), id}));
    return {};
  });
}

Result<std::vector<RunRecord>> RunStore::Abandoned(WallTime now, int64_t limit) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          fmt::format(
              "SELECT {} FROM runs WHERE state = 'running' AND held_until <= ? AND holder <> '{}' ORDER BY started "
              "LIMIT ?",
              kColumns, kWaits),
          {Micros(now), limit}));
  std::vector<RunRecord> runs;
  for (const Row& row : rows) runs.push_back(FromRow(row));
  return runs;
}

}  // namespace neurolake::orchestration
