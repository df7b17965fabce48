#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "orchestration/graph.h"
#include "orchestration/run_store.h"
#include "orchestration/run_trace.h"

namespace neurolake::orchestration {

/// Which steps are written down.
enum class Keeping : uint8_t {
  /// Each, before the next begins: for runs with effects, which go on where a process died.
  kEachStep,
  /// Where a run waits for somebody, and before the steps of one that has gone on for `keep_after`: for runs without
  /// effects, most of which are over sooner than a checkpoint is written.
  kWhenItPays,
};

struct RunnerOptions {
  int64_t steps_max = 1000;  ///< A graph that goes in circles ends with kInvalidArgument.
  size_t value_bytes_max = 4 << 20;
  /// How long a run is held without a new checkpoint; longer than any node takes.
  std::chrono::milliseconds hold{900'000};
  Keeping keeping = Keeping::kEachStep;
  std::chrono::milliseconds keep_after{1'000};
  /// What has ended is deleted, and not kept with how it ended.
  bool forget_ended = false;
  /// Kept runs that nothing happened to for so long are deleted when others begin, and not gone on with; 0: none.
  std::chrono::milliseconds keep_for{0};
  int64_t of_owner_max = 0;  ///< Kept runs of one owner; the oldest makes room. 0: no limit.
  /// Whose a run is; null: the principal's id.
  std::function<std::string(const Principal&)> owner = nullptr;
};

/// What a run came to, so far.
struct RunResult {
  StatePointer state;
  bool waits = false;  ///< For somebody: see Resume.
  std::vector<StepTrace> trace;
};

/// Works on runs, step by step. Thread-safe. Borrows store and clock; without a store nothing is kept.
class Runner {
 public:
  Runner(RunStore* store, const Clock& clock, RunnerOptions options);

  /// Runs `graph` from `state` on under the id `id`, until it is done or waits.
  /// Errors: the first of a node, which ends the run; kCancelled, for cancelled runs, and for a context that stops,
  /// after which Resume goes on; kAlreadyExists for an id that is taken; those of the store, after which Resume goes on
  /// too.
  Result<RunResult> Start(const RequestContext& ctx, const Graph& graph, const std::string& id, StatePointer state);

  /// What somebody says to a run that waits: the state with it. An error leaves it waiting, and for no longer.
  using Reply = std::function<Result<StatePointer>(const StatePointer&)>;
  /// Goes on where the last checkpoint is; with `reply` if it waits there, and only then.
  /// Errors: as Start's; kNotFound, also for another owner's; kConflict while another works on it; kInvalidArgument
  /// for a run of another graph or version, one that has ended, and where a reply is missing or not asked for.
  Result<RunResult> Resume(const RequestContext& ctx, const Graph& graph, const std::string& id,
                           const Reply& reply = nullptr);

  /// Stops a run: the step that runs, by its context, and what comes after it. One that waits is over.
  /// Errors: kNotFound, also for another owner's, and for one that is over.
  Result<void> Cancel(const RequestContext& ctx, const std::string& id);

  /// For a process that knows it has the store to itself: what others held of the graph of this name can be gone on
  /// with.
  Result<void> LetGoOfOthers(const std::string& graph);
  /// Deletes the runs of the graph of this name that nothing happened to for longer than `keep_for`; how many. The same
  /// happens when others begin: this is for a lake where none do.
  Result<int64_t> DeleteExpired(const std::string& graph);

 private:
  /// Where a run is. `step` counts those of its whole life.
  struct Position {
    int64_t step = 0;
    StatePointer state;
    std::string next;
    bool waits = false;
  };
  /// A run that this runner works on.
  struct Working {
    std::string owner;
    std::stop_source stop;
    bool cancelled = false;
  };
  /// One of them, from beginning to end of a call.
  class Work;

  Result<Position> ReadLast(Work& work, const Reply& reply);
  Result<RunResult> Go(Work& work, Position at);
  std::unexpected<Error> Stopped(Work& work, const Error& error);
  /// Whether it is written down before the step at `at`.
  bool Pays(const Work& work, const Position& at) const;
  Result<void> Keep(Work& work, const Position& at);
  Result<void> End(Work& work, RunState state, const Error* error);
  Result<Position> Step(Work& work, const RequestContext& ctx, const Position& at, const std::string& key,
                        std::vector<StepTrace>& trace);
  Result<NodeOutcome> RunFork(Work& work, const RequestContext& ctx, const Fork& fork, const std::string& key,
                              const StatePointer& state, StepTrace& trace);
  Result<StatePointer> RunBranch(Work& work, const RequestContext& ctx, const Branch& branch, const std::string& key,
                                 std::vector<StepTrace>& trace);
  std::string OwnerOf(const Principal& principal) const;
  Hold NewHold() const;

  RunStore* const store_;
  const Clock& clock_;
  const RunnerOptions options_;
  const std::string holder_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Working>> working_;
};

}  // namespace neurolake::orchestration
