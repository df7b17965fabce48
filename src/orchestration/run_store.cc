#include "orchestration/run_store.h"

#include "metastore/stored_text.h"

namespace neurolake::orchestration {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

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

RunRecord FromRow(const Row& row) {
  return {.id = TextAt(row, 0),
          .graph = TextAt(row, 1),
          .graph_version = std::get<int64_t>(row.at(2)),
          .principal = PrincipalId(TextAt(row, 3)),
          .state = StateOf(TextAt(row, 4)),
          .error_code = TextAt(row, 5),
          .error_message = TextAt(row, 6),
          .started = TimeAt(row, 7),
          .updated = TimeAt(row, 8)};
}

std::unexpected<Error> NoRun() { return MakeError(ErrorCode::kNotFound, "there is no such run"); }

Result<RunRecord> Read(Session& session, const std::string& id, const PrincipalId& principal) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      session.Query(fmt::format("SELECT {} FROM runs WHERE id = ? AND principal_id = ?", kColumns),
                                    {id, principal.value()}));
  if (rows.empty()) return NoRun();
  return FromRow(rows[0]);
}

Result<void> Insert(Session& session, const std::string& id, const Checkpoint& checkpoint, WallTime now) {
  NL_RETURN_IF_ERROR(
      session.Execute("INSERT INTO run_steps (run_id, step, value, next, trace, made) VALUES (?, ?, ?, ?, ?, ?)",
                      {id, checkpoint.step, checkpoint.value, checkpoint.next, checkpoint.trace, Micros(now)}));
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

}  // namespace

Result<void> RunStore::Begin(const RunRecord& run, const Checkpoint& first, const std::string& holder,
                             WallTime held_until) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO runs (id, graph, graph_version, principal_id, state, holder, held_until, started, updated) VALUES "
        "(?, ?, ?, ?, 'running', ?, ?, ?, ?)",
        {run.id, run.graph, run.graph_version, run.principal.value(), holder, Micros(held_until), Micros(run.started),
         Micros(run.started)}));
    return Insert(session, run.id, first, run.started);
  });
}

Result<RunRecord> RunStore::Take(const std::string& id, const PrincipalId& principal, const std::string& holder,
                                 WallTime now, WallTime held_until) {
  RunRecord run;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(run, Read(session, id, principal));
    if (run.state != RunState::kRunning) {
      return MakeError(ErrorCode::kInvalidArgument, "the run has ended: {}", NameOf(run.state));
    }
    NL_ASSIGN_OR_RETURN(const int64_t taken,
                        session.Execute("UPDATE runs SET holder = ?, held_until = ? WHERE id = ? AND held_until <= ?",
                                        {holder, Micros(held_until), id, Micros(now)}));
    if (taken == 0) return MakeError(ErrorCode::kConflict, "another process works on the run");
    return {};
  }));
  return run;
}

Result<RunRecord> RunStore::Find(const std::string& id, const PrincipalId& principal) {
  RunRecord run;
  NL_RETURN_IF_ERROR(store_.Read([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(run, Read(session, id, principal));
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
    checkpoints.push_back({std::get<int64_t>(row.at(0)), TextAt(row, 1), TextAt(row, 2), TextAt(row, 3)});
  }
  return checkpoints;
}

Result<Checkpoint> RunStore::Last(const std::string& id) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT step, value, next, trace FROM run_steps WHERE run_id = ? ORDER BY step DESC LIMIT 1",
                      {id}));
  if (rows.empty()) return NoRun();
  return Checkpoint{std::get<int64_t>(rows[0].at(0)), TextAt(rows[0], 1), TextAt(rows[0], 2), TextAt(rows[0], 3)};
}

Result<void> RunStore::Advance(const std::string& id, const Checkpoint& checkpoint, const std::string& holder,
                               WallTime now, WallTime held_until) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(CheckHeld(session, id, holder));
    NL_RETURN_IF_ERROR(session.Execute("UPDATE runs SET held_until = ?, updated = ? WHERE id = ?",
                                       {Micros(held_until), Micros(now), id}));
    return Insert(session, id, checkpoint, now);
  });
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

Result<void> RunStore::Cancel(const std::string& id, const PrincipalId& principal, WallTime now) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(Read(session, id, principal));
    NL_RETURN_IF_ERROR(session.Execute(
        "UPDATE runs SET state = 'cancelled', updated = ? WHERE id = ? AND state = 'running'", {Micros(now), id}));
    return {};
  });
}

Result<std::vector<RunRecord>> RunStore::Abandoned(WallTime now, int64_t limit) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          fmt::format("SELECT {} FROM runs WHERE state = 'running' AND held_until <= ? ORDER BY started LIMIT ?",
                      kColumns),
          {Micros(now), limit}));
  std::vector<RunRecord> runs;
  for (const Row& row : rows) runs.push_back(FromRow(row));
  return runs;
}

}  // namespace neurolake::orchestration
