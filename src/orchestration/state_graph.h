#pragma once
#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orchestration/runner.h"

namespace neurolake::orchestration {

/// What runs carry from node to node: a value that can be written down and read again. Nodes get it const and give a
/// new one. What is not written down is made again by the nodes that need it (`Resumes::kEarlier` for those that
/// cannot).
template <typename T>
concept State = std::copyable<T> && requires(const T& state, const std::string& json) {
  { state.ToJson() } -> std::same_as<std::string>;
  { T::FromJson(json) } -> std::same_as<Result<T>>;
};

/// A graph whose nodes work on one type. It is written down only where a run is kept.
template <State T>
class StateGraph {
 public:
  struct Outcome {
    T state;
    std::string next;    ///< Empty: the run, or the branch, is done.
    bool waits = false;  ///< As NodeOutcome::waits.
  };
  /// What a run came to, so far.
  struct Ended {
    T state;
    bool waits = false;
    std::vector<StepTrace> trace;
  };
  /// `key`: see NodeCall.
  using TypedNode = std::function<Result<Outcome>(const RequestContext& ctx, const std::string& key, const T& state)>;
  using TypedSplit = std::function<std::vector<T>(const T& before)>;
  using TypedMerge = std::function<Result<T>(const T& before, const std::vector<T>& after)>;
  using TypedReply = std::function<Result<T>(const T& state)>;

  StateGraph(std::string name, int64_t version, std::string entry)
      : graph_(std::move(name), version, std::move(entry),
               {.encode = [](const StatePointer& state) { return At(state).ToJson(); },
                .decode = [](const std::string& json) -> Result<StatePointer> {
                  NL_ASSIGN_OR_RETURN(T state, T::FromJson(json));
                  return New(std::move(state));
                }}) {}

  void Add(const std::string& name, TypedNode node, Resumes resumes = Resumes::kHere) {
    graph_.Add(
        name,
        [node = std::move(node)](const NodeCall& call) -> Result<NodeOutcome> {
          NL_ASSIGN_OR_RETURN(Outcome outcome, node(call.ctx, call.key, At(call.state)));
          return NodeOutcome{
              .state = New(std::move(outcome.state)), .next = std::move(outcome.next), .waits = outcome.waits};
        },
        resumes);
  }

  /// Nodes that run beside each other on one state, and how one is made of theirs.
  void AddBranches(const std::string& name, std::vector<std::string> nodes, TypedMerge merge, std::string next) {
    auto split = [nodes](const StatePointer& before) {
      std::vector<Branch> branches;
      for (const std::string& node : nodes) branches.push_back({.node = node, .state = before});
      return branches;
    };
    AddFork(name, std::move(nodes), std::move(split), std::move(merge), std::move(next));
  }

  /// One branch, from `node` on, for each state that `split` gives.
  void AddBranchEach(const std::string& name, const std::string& node, TypedSplit split, TypedMerge merge,
                     std::string next) {
    auto each = [node, split = std::move(split)](const StatePointer& before) {
      std::vector<Branch> branches;
      for (T& state : split(At(before))) branches.push_back({.node = node, .state = New(std::move(state))});
      return branches;
    };
    AddFork(name, {node}, std::move(each), std::move(merge), std::move(next));
  }

  Result<Ended> Start(Runner& runner, const RequestContext& ctx, const std::string& id, T state) const {
    NL_ASSIGN_OR_RETURN(auto result, runner.Start(ctx, graph_, id, New(std::move(state))));
    return EndedOf(std::move(result));
  }
  /// `reply` may be null: as Runner::Resume.
  Result<Ended> Resume(Runner& runner, const RequestContext& ctx, const std::string& id,
                       const TypedReply& reply = nullptr) const {
    Runner::Reply untyped = nullptr;
    if (reply != nullptr) {
      untyped = [&reply](const StatePointer& state) -> Result<StatePointer> {
        NL_ASSIGN_OR_RETURN(T after, reply(At(state)));
        return New(std::move(after));
      };
    }
    NL_ASSIGN_OR_RETURN(auto result, runner.Resume(ctx, graph_, id, untyped));
    return EndedOf(std::move(result));
  }
  const Graph& graph() const { return graph_; }

 private:
  static const T& At(const StatePointer& state) { return *static_cast<const T*>(state.get()); }
  static StatePointer New(T state) { return std::make_shared<const T>(std::move(state)); }
  static Ended EndedOf(RunResult result) {
    return {.state = At(result.state), .waits = result.waits, .trace = std::move(result.trace)};
  }

  void AddFork(const std::string& name, std::vector<std::string> nodes,
               std::function<std::vector<Branch>(const StatePointer&)> split, TypedMerge merge, std::string next) {
    graph_.AddFork(
        name, {.nodes = std::move(nodes),
               .split = std::move(split),
               .merge = [merge = std::move(merge)](const StatePointer& before,
                                                   const std::vector<StatePointer>& after) -> Result<StatePointer> {
                 std::vector<T> states;
                 for (const StatePointer& one : after) states.push_back(At(one));
                 NL_ASSIGN_OR_RETURN(T merged, merge(At(before), states));
                 return New(std::move(merged));
               },
               .next = std::move(next)});
  }

  Graph graph_;
};

}  // namespace neurolake::orchestration
