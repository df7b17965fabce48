#pragma once
#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include "orchestration/runner.h"

namespace neurolake::orchestration {

/// What runs carry from node to node: a value that can be written down and read again. Nodes get it const and give a
/// new one.
template <typename T>
concept State = std::copyable<T> && requires(const T& state, const std::string& json) {
  { state.ToJson() } -> std::same_as<std::string>;
  { T::FromJson(json) } -> std::same_as<Result<T>>;
};

/// A graph whose nodes work on one type.
template <State T>
class StateGraph {
 public:
  struct Outcome {
    T state;
    std::string next;  ///< Empty: the run is done.
  };
  /// `key`: see NodeCall.
  using TypedNode = std::function<Result<Outcome>(const RequestContext& ctx, const std::string& key, const T& state)>;
  using TypedMerge = std::function<Result<T>(const T& before, const std::vector<T>& branches)>;

  StateGraph(std::string name, int64_t version, std::string entry)
      : graph_(std::move(name), version, std::move(entry)) {}

  void Add(const std::string& name, TypedNode node) {
    graph_.Add(name, [node = std::move(node)](const NodeCall& call) -> Result<NodeOutcome> {
      NL_ASSIGN_OR_RETURN(const T state, T::FromJson(call.value));
      NL_ASSIGN_OR_RETURN(Outcome outcome, node(call.ctx, call.key, state));
      return NodeOutcome{.value = outcome.state.ToJson(), .next = std::move(outcome.next)};
    });
  }

  /// Nodes that run beside each other on one state, and how one is made of theirs.
  void AddBranches(const std::string& name, std::vector<std::string> nodes, TypedMerge merge, std::string next) {
    graph_.AddBranches(
        name, {.nodes = std::move(nodes),
               .merge = [merge = std::move(merge)](const std::string& before,
                                                   const std::vector<std::string>& branches) -> Result<std::string> {
                 NL_ASSIGN_OR_RETURN(const T first, T::FromJson(before));
                 std::vector<T> states;
                 for (const std::string& branch : branches) {
                   NL_ASSIGN_OR_RETURN(T state, T::FromJson(branch));
                   states.push_back(std::move(state));
                 }
                 NL_ASSIGN_OR_RETURN(const T merged, merge(first, states));
                 return merged.ToJson();
               },
               .next = std::move(next)});
  }

  Result<T> Start(Runner& runner, const RequestContext& ctx, const std::string& id, const T& state) const {
    NL_ASSIGN_OR_RETURN(const std::string value, runner.Start(ctx, graph_, id, state.ToJson()));
    return T::FromJson(value);
  }
  Result<T> Resume(Runner& runner, const RequestContext& ctx, const std::string& id) const {
    NL_ASSIGN_OR_RETURN(const std::string value, runner.Resume(ctx, graph_, id));
    return T::FromJson(value);
  }
  const Graph& graph() const { return graph_; }

 private:
  Graph graph_;
};

}  // namespace neurolake::orchestration
