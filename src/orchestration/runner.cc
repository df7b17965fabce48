#include "orchestration/runner.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "common/text.h"

namespace neurolake::orchestration {

const Node* Graph::FindNode(const std::string& name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

const Graph::Branches* Graph::FindBranches(const std::string& name) const {
  const auto found = branches_.find(name);
  return found == branches_.end() ? nullptr : &found->second;
}

Result<void> Graph::Check() const {
  const auto missing = [&](const std::string& name) {
    return MakeError(ErrorCode::kInvalidArgument, "the graph {} has no node {}", name_, name);
  };
  if (FindNode(entry_) == nullptr && FindBranches(entry_) == nullptr) return missing(entry_);
  for (const auto& [name, branches] : branches_) {
    if (nodes_.contains(name) || branches.nodes.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "the graph {} has branches that are none: {}", name_, name);
    }
    for (const std::string& node : branches.nodes) {
      if (FindNode(node) == nullptr) return missing(node);
    }
    if (!branches.next.empty() && FindNode(branches.next) == nullptr && FindBranches(branches.next) == nullptr) {
      return missing(branches.next);
    }
  }
  return {};
}

Runner::Runner(RunStore& store, const Clock& clock, RunnerOptions options)
    : store_(store), clock_(clock), options_(options), holder_(NewUuid()) {}

WallTime Runner::HeldUntil() const { return clock_.Now() + options_.hold; }

Result<std::string> Runner::Start(const RequestContext& ctx, const Graph& graph, const std::string& id,
                                  const std::string& value) {
  NL_RETURN_IF_ERROR(graph.Check());
  const Checkpoint first{.step = 0, .value = value, .next = graph.entry(), .trace = "{}"};
  NL_RETURN_IF_ERROR(store_.Begin({.id = id,
                                   .graph = graph.name(),
                                   .graph_version = graph.version(),
                                   .principal = ctx.principal().id,
                                   .started = clock_.Now()},
                                  first, holder_, HeldUntil()));
  return Go(ctx, graph, id, first);
}

Result<std::string> Runner::Resume(const RequestContext& ctx, const Graph& graph, const std::string& id) {
  NL_RETURN_IF_ERROR(graph.Check());
  NL_ASSIGN_OR_RETURN(const RunRecord found, store_.Find(id, ctx.principal().id));
  if (found.graph != graph.name() || found.graph_version != graph.version()) {
    return MakeError(ErrorCode::kInvalidArgument, "the run is of another graph or version: {} {}", found.graph,
                     found.graph_version);
  }
  NL_RETURN_IF_ERROR(store_.Take(id, ctx.principal().id, holder_, clock_.Now(), HeldUntil()));
  NL_ASSIGN_OR_RETURN(Checkpoint last, store_.Last(id));
  return Go(ctx, graph, id, std::move(last));
}

Result<std::string> Runner::Go(const RequestContext& ctx, const Graph& graph, const std::string& id, Checkpoint at) {
  while (!at.next.empty()) {
    // What stops here goes on with Resume, once nobody holds it.
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    auto after = Step(ctx, graph, id, at);
    if (!after) {
      const Error& error = after.error();
      // The caller's time, and not the node's work, was at its end.
      if (!ctx.CheckAlive()) return std::unexpected(error);
      (void)store_.End(id, RunState::kFailed, &error, holder_, clock_.Now());
      return std::unexpected(error);
    }
    NL_RETURN_IF_ERROR(store_.Advance(id, *after, holder_, clock_.Now(), HeldUntil()));
    at = std::move(*after);
  }
  NL_RETURN_IF_ERROR(store_.End(id, RunState::kSucceeded, nullptr, holder_, clock_.Now()));
  return at.value;
}

Result<Checkpoint> Runner::Step(const RequestContext& ctx, const Graph& graph, const std::string& id,
                                const Checkpoint& at) {
  if (at.step >= options_.steps_max) {
    return MakeError(ErrorCode::kInvalidArgument, "the run has taken more steps than are allowed: {}",
                     options_.steps_max);
  }
  const std::string key = fmt::format("{}/{}", id, at.step + 1);
  const SteadyTime began = clock_.SteadyNow();
  const WallTime began_at = clock_.Now();
  const auto run = [&]() -> Result<NodeOutcome> {
    if (const Node* node = graph.FindNode(at.next)) return (*node)({.ctx = ctx, .key = key, .value = at.value});
    if (const auto* branches = graph.FindBranches(at.next)) return RunBranches(ctx, graph, *branches, key, at.value);
    return MakeError(ErrorCode::kInvalidArgument, "the graph {} has no node {}", graph.name(), at.next);
  };
  NL_ASSIGN_OR_RETURN(NodeOutcome outcome, run());
  if (outcome.value.size() > options_.value_bytes_max) {
    return MakeError(ErrorCode::kPayloadTooLarge, "the state after {} is larger than {} bytes", at.next,
                     options_.value_bytes_max);
  }
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock_.SteadyNow() - began);
  const boost::json::object trace{{"node", at.next},
                                  {"request_id", ctx.request_id()},
                                  {"began", FormatTimestamp(began_at)},
                                  {"took_us", took.count()}};
  return Checkpoint{.step = at.step + 1,
                    .value = std::move(outcome.value),
                    .next = std::move(outcome.next),
                    .trace = boost::json::serialize(trace)};
}

Result<NodeOutcome> Runner::RunBranches(const RequestContext& ctx, const Graph& graph, const Graph::Branches& branches,
                                        const std::string& key, const std::string& value) {
  // The first that fails stops the others.
  std::stop_source stop;
  const std::stop_callback outer(ctx.stop_token(), [&] { stop.request_stop(); });
  const RequestContext own(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(), ctx.deadline(),
                           stop.get_token());
  std::vector<Result<NodeOutcome>> outcomes(branches.nodes.size(), NodeOutcome{});
  std::mutex mutex;
  std::optional<Error> first;
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < branches.nodes.size(); ++i) {
      threads.emplace_back([&, i] {
        try {
          outcomes[i] =
              (*graph.FindNode(branches.nodes[i]))({.ctx = own, .key = fmt::format("{}/{}", key, i), .value = value});
        } catch (const std::exception&) {
          // It must not cross the thread's end; what it says may have data in it.
          outcomes[i] = MakeError(ErrorCode::kInternal, "a branch met a bug: {}", branches.nodes[i]);
        }
        if (outcomes[i]) return;
        std::lock_guard lock(mutex);
        if (!first) first = outcomes[i].error();
        stop.request_stop();
      });
    }
  }
  if (first) return std::unexpected(*first);
  std::vector<std::string> values;
  for (auto& outcome : outcomes) values.push_back(std::move(outcome->value));
  NL_ASSIGN_OR_RETURN(std::string merged, branches.merge(value, values));
  return NodeOutcome{.value = std::move(merged), .next = branches.next};
}

}  // namespace neurolake::orchestration
