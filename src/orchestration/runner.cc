#include "orchestration/runner.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "common/ids.h"

namespace neurolake::orchestration {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

}  // namespace

/// What a call of Start or Resume works with; the run is listed meanwhile, so that Cancel finds it.
class Runner::Work {
 public:
  Work(Runner& runner, const RequestContext& caller, const Graph& graph, const std::string& id, bool is_kept)
      : graph(graph),
        id(id),
        is_kept(is_kept),
        working(std::make_shared<Working>()),
        outer_(caller.stop_token(), [stop = working->stop]() mutable { stop.request_stop(); }),
        ctx(caller.principal(), caller.request_id(), caller.door(), caller.clock(), caller.deadline(),
            working->stop.get_token()),
        began(runner.clock_.SteadyNow()),
        began_at(runner.clock_.Now()),
        runner_(runner) {
    working->owner = runner.OwnerOf(caller.principal());
    const std::lock_guard lock(runner.mutex_);
    is_listed_ = runner.working_.try_emplace(id, working).second;
  }
  ~Work() {
    const std::lock_guard lock(runner_.mutex_);
    if (is_listed_) runner_.working_.erase(id);
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  /// Somebody else in this process works on it.
  bool is_taken() const { return !is_listed_; }
  bool was_cancelled() const {
    const std::lock_guard lock(runner_.mutex_);
    return working->cancelled;
  }

  const Graph& graph;
  const std::string& id;
  bool is_kept;  ///< It is in the store.
  const std::shared_ptr<Working> working;

 private:
  const std::stop_callback<std::function<void()>> outer_;

 public:
  const RequestContext ctx;
  const SteadyTime began;
  const WallTime began_at;
  std::vector<StepTrace> trace;
  size_t written = 0;  ///< Steps of the trace that are in the store.
  Position last_kept;
  std::optional<WallTime> unmoved_since;  ///< Until it goes on: when something last happened to it.

 private:
  Runner& runner_;
  bool is_listed_ = false;
};

Runner::Runner(RunStore* store, const Clock& clock, RunnerOptions options)
    : store_(store), clock_(clock), options_(std::move(options)), holder_(NewUuid()) {}

Hold Runner::NewHold() const { return {.holder = holder_, .until = clock_.Now() + options_.hold}; }

std::string Runner::OwnerOf(const Principal& principal) const {
  return options_.owner == nullptr ? principal.id.value() : options_.owner(principal);
}

Result<RunResult> Runner::Start(const RequestContext& ctx, const Graph& graph, const std::string& id,
                                StatePointer state) {
  NL_RETURN_IF_ERROR(graph.Check());
  Work work(*this, ctx, graph, id, /*is_kept=*/false);
  if (work.is_taken()) return MakeError(ErrorCode::kAlreadyExists, "there is a run with this id");
  const Position first{.step = 0, .state = std::move(state), .next = graph.entry()};
  if (store_ != nullptr && options_.keeping == Keeping::kEachStep) NL_RETURN_IF_ERROR(Keep(work, first));
  return Go(work, first);
}

Result<RunResult> Runner::Resume(const RequestContext& ctx, const Graph& graph, const std::string& id,
                                 const Reply& reply) {
  NL_RETURN_IF_ERROR(graph.Check());
  const auto no_run = [] { return MakeError(ErrorCode::kNotFound, "there is no such run"); };
  if (store_ == nullptr) return no_run();
  const std::string owner = OwnerOf(ctx.principal());
  NL_ASSIGN_OR_RETURN(const RunRecord found, store_->Find(id, owner));
  if (found.graph != graph.name() || found.graph_version != graph.version()) {
    return MakeError(ErrorCode::kInvalidArgument, "the run is of another graph or version: {} {}", found.graph,
                     found.graph_version);
  }
  if (options_.keep_for.count() > 0 && found.updated + options_.keep_for <= clock_.Now()) return no_run();
  Work work(*this, ctx, graph, id, /*is_kept=*/true);
  if (work.is_taken()) return MakeError(ErrorCode::kConflict, "somebody works on the run");
  // Before it is read: what it is at would not be true any more once somebody else has gone on with it.
  NL_ASSIGN_OR_RETURN(const RunRecord taken, store_->Take(id, owner, NewHold(), clock_.Now()));
  work.last_kept.waits = taken.waits;
  work.unmoved_since = taken.updated;
  auto from = ReadLast(work, reply);
  if (!from) return Stopped(work, from.error());
  work.unmoved_since.reset();
  return Go(work, std::move(*from));
}

/// Where the run is, with what was said to it.
Result<Runner::Position> Runner::ReadLast(Work& work, const Reply& reply) {
  NL_ASSIGN_OR_RETURN(const Checkpoint last, store_->Last(work.id));
  NL_ASSIGN_OR_RETURN(StatePointer state, work.graph.codec().decode(last.value));
  work.last_kept = {.step = last.step, .state = state, .next = last.next, .waits = last.waits};
  if (last.waits != (reply != nullptr)) {
    return MakeError(ErrorCode::kInvalidArgument, "the run waits for {}", last.waits ? "a reply" : "no reply");
  }
  if (reply != nullptr) {
    NL_ASSIGN_OR_RETURN(state, reply(state));
  }
  return Position{.step = last.step, .state = std::move(state), .next = last.next};
}

Result<void> Runner::Cancel(const RequestContext& ctx, const std::string& id) {
  const std::string owner = OwnerOf(ctx.principal());
  std::shared_ptr<Working> working;
  {
    const std::lock_guard lock(mutex_);
    const auto found = working_.find(id);
    if (found != working_.end() && found->second->owner == owner) {
      working = found->second;
      working->cancelled = true;
    }
  }
  if (working != nullptr) {
    working->stop.request_stop();
    return {};
  }
  if (store_ == nullptr) return MakeError(ErrorCode::kNotFound, "there is no such run");
  NL_ASSIGN_OR_RETURN(const RunRecord found, store_->Find(id, owner));
  if (found.state != RunState::kRunning) return MakeError(ErrorCode::kNotFound, "there is no such run");
  // What a process holds, ends at its next checkpoint; what waits, now.
  if (options_.forget_ended && store_->Take(id, owner, NewHold(), clock_.Now()).has_value()) {
    return store_->Delete(id, holder_);
  }
  return store_->Cancel(id, owner, clock_.Now());
}

Result<void> Runner::LetGoOfOthers(const std::string& graph) {
  return store_ == nullptr ? Result<void>() : store_->LetGoOfOthers(graph, holder_);
}

Result<int64_t> Runner::DeleteExpired(const std::string& graph) {
  if (store_ == nullptr || options_.keep_for.count() == 0) return 0;
  const WallTime now = clock_.Now();
  return store_->DeleteOlder(graph, now - options_.keep_for, now);
}

bool Runner::Pays(const Work& work, const Position& at) const {
  if (store_ == nullptr) return false;
  if (options_.keeping == Keeping::kEachStep || at.waits) return true;
  return !at.next.empty() && work.graph.ResumesAt(at.next) && clock_.SteadyNow() - work.began >= options_.keep_after;
}

/// Writes down where the run is, and takes or keeps hold of it.
Result<void> Runner::Keep(Work& work, const Position& at) {
  std::string value = work.graph.codec().encode(at.state);
  if (value.size() > options_.value_bytes_max) {
    return MakeError(ErrorCode::kPayloadTooLarge, "the state before {} is larger than {} bytes", at.next,
                     options_.value_bytes_max);
  }
  const std::vector<StepTrace> news(work.trace.begin() + static_cast<ptrdiff_t>(work.written), work.trace.end());
  const boost::json::object trace{{"request_id", work.ctx.request_id()}, {"steps", ToJson(news)}};
  const Checkpoint checkpoint{.step = at.step,
                              .value = std::move(value),
                              .next = at.next,
                              .waits = at.waits,
                              .trace = boost::json::serialize(trace)};
  const WallTime now = clock_.Now();
  if (work.is_kept) {
    NL_RETURN_IF_ERROR(store_->Advance(work.id, checkpoint, NewHold(), now));
  } else {
    RunStore::Room room;
    if (options_.keep_for.count() > 0) room.updated_since = now - options_.keep_for;
    if (options_.of_owner_max > 0) room.of_owner_max = options_.of_owner_max;
    NL_RETURN_IF_ERROR(store_->Begin({.id = work.id,
                                      .graph = work.graph.name(),
                                      .graph_version = work.graph.version(),
                                      .owner = work.working->owner,
                                      .started = work.began_at,
                                      .updated = now},
                                     checkpoint, NewHold(), room));
  }
  work.is_kept = true;
  work.written = work.trace.size();
  work.last_kept = at;
  return {};
}

Result<void> Runner::End(Work& work, RunState state, const Error* error) {
  if (!work.is_kept) return {};
  if (options_.forget_ended) return store_->Delete(work.id, holder_);
  return store_->End(work.id, state, error, holder_, clock_.Now());
}

/// What stops here goes on with Resume.
std::unexpected<Error> Runner::Stopped(Work& work, const Error& error) {
  if (work.was_cancelled()) (void)End(work, RunState::kCancelled, &error);
  else if (work.is_kept) (void)store_->LetGo(work.id, holder_, work.last_kept.waits, work.unmoved_since);
  return std::unexpected(error);
}

Result<RunResult> Runner::Go(Work& work, Position at) {
  while (!at.next.empty() && !at.waits) {
    if (const auto alive = work.ctx.CheckAlive(); !alive) return Stopped(work, alive.error());
    auto after = Step(work, work.ctx, at, fmt::format("{}/{}", work.id, at.step + 1), work.trace);
    if (!after) {
      // The caller's time, and not the node's work, was at its end.
      if (!work.ctx.CheckAlive()) return Stopped(work, after.error());
      (void)End(work, RunState::kFailed, &after.error());
      return std::unexpected(after.error());
    }
    if (Pays(work, *after)) {
      if (const auto kept = Keep(work, *after); !kept) return Stopped(work, kept.error());
      if (!work.trace.empty()) work.trace.back().kept = true;
    }
    at = std::move(*after);
  }
  if (!at.waits) NL_RETURN_IF_ERROR(End(work, RunState::kSucceeded, nullptr));
  return RunResult{.state = std::move(at.state), .waits = at.waits, .trace = std::move(work.trace)};
}

Result<Runner::Position> Runner::Step(Work& work, const RequestContext& ctx, const Position& at, const std::string& key,
                                      std::vector<StepTrace>& trace) {
  if (at.step >= options_.steps_max) {
    return MakeError(ErrorCode::kInvalidArgument, "the run has taken more steps than are allowed: {}",
                     options_.steps_max);
  }
  const SteadyTime began = clock_.SteadyNow();
  StepTrace step{.node = at.next, .began = duration_cast<microseconds>(began - work.began)};
  const auto run = [&]() -> Result<NodeOutcome> {
    if (const Node* node = work.graph.FindNode(at.next)) return (*node)({.ctx = ctx, .key = key, .state = at.state});
    if (const Fork* fork = work.graph.FindFork(at.next)) return RunFork(work, ctx, *fork, key, at.state, step);
    return MakeError(ErrorCode::kInvalidArgument, "the graph {} has no node {}", work.graph.name(), at.next);
  };
  auto outcome = run();
  step.took = duration_cast<microseconds>(clock_.SteadyNow() - began);
  trace.push_back(std::move(step));
  if (!outcome) return std::unexpected(outcome.error());
  return Position{.step = at.step + 1,
                  .state = std::move(outcome->state),
                  .next = std::move(outcome->next),
                  .waits = outcome->waits};
}

Result<StatePointer> Runner::RunBranch(Work& work, const RequestContext& ctx, const Branch& branch,
                                       const std::string& key, std::vector<StepTrace>& trace) {
  Position at{.step = 0, .state = branch.state, .next = branch.node};
  while (!at.next.empty()) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    const std::string own = at.step == 0 ? key : fmt::format("{}/{}", key, at.step + 1);
    NL_ASSIGN_OR_RETURN(at, Step(work, ctx, at, own, trace));
    if (at.waits) return MakeError(ErrorCode::kInvalidArgument, "a branch cannot wait: before {}", at.next);
  }
  return std::move(at.state);
}

Result<NodeOutcome> Runner::RunFork(Work& work, const RequestContext& ctx, const Fork& fork, const std::string& key,
                                    const StatePointer& state, StepTrace& trace) {
  const std::vector<Branch> branches = fork.split(state);
  // The first that fails stops the others.
  std::stop_source stop;
  const std::stop_callback outer(ctx.stop_token(), [&] { stop.request_stop(); });
  const RequestContext own(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(), ctx.deadline(),
                           stop.get_token());
  std::vector<Result<StatePointer>> after(branches.size(), StatePointer());
  trace.branches.resize(branches.size());
  std::mutex mutex;
  std::optional<Error> first;
  const auto walk = [&](size_t i) {
    try {
      after[i] = RunBranch(work, own, branches[i], fmt::format("{}/{}", key, i), trace.branches[i]);
    } catch (const std::exception&) {
      // It must not cross the thread's end; what it says may have data in it.
      after[i] = MakeError(ErrorCode::kInternal, "a branch met a bug: {}", branches[i].node);
    }
    if (after[i]) return;
    const std::lock_guard lock(mutex);
    if (!first) first = after[i].error();
    stop.request_stop();
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < branches.size(); ++i) threads.emplace_back([&, i] { walk(i); });
    if (!branches.empty()) walk(0);
  }
  if (first) return std::unexpected(*first);
  std::vector<StatePointer> states;
  for (auto& one : after) states.push_back(std::move(*one));
  NL_ASSIGN_OR_RETURN(StatePointer merged, fork.merge(state, states));
  return NodeOutcome{.state = std::move(merged), .next = fork.next};
}

}  // namespace neurolake::orchestration
