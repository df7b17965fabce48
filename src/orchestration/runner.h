#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "orchestration/run_store.h"

namespace neurolake::orchestration {

/// What a node gives: the state after it, and where to go.
struct NodeOutcome {
  std::string value;  ///< JSON.
  std::string next;   ///< Empty: the run is done.
};

/// One call of a node. A node may run again, with the same key, where a process died before its checkpoint: effects go
/// by the key, so that they take place once.
struct NodeCall {
  const RequestContext& ctx;  ///< Its principal is whom the run acts as.
  std::string key;            ///< Of this run and step, for instance an application's transaction.
  const std::string& value;   ///< The state before it.
};

using Node = std::function<Result<NodeOutcome>(const NodeCall&)>;
/// From the state before branches and what each of them gave, in their order, to the state after them.
using Merge = std::function<Result<std::string>(const std::string& before, const std::vector<std::string>& branches)>;

/// Nodes by name, and where a run begins. States are JSON here; `StateGraph` makes types of them. Filled before use.
class Graph {
 public:
  struct Branches {
    std::vector<std::string> nodes;  ///< Run beside each other, on one state; their `next` is nothing.
    Merge merge;
    std::string next;
  };

  /// `version` changes when runs of the older one could not go on.
  Graph(std::string name, int64_t version, std::string entry)
      : name_(std::move(name)), version_(version), entry_(std::move(entry)) {}

  void Add(const std::string& name, Node node) { nodes_.insert_or_assign(name, std::move(node)); }
  void AddBranches(const std::string& name, Branches branches) {
    branches_.insert_or_assign(name, std::move(branches));
  }

  const std::string& name() const { return name_; }
  int64_t version() const { return version_; }
  const std::string& entry() const { return entry_; }
  const Node* FindNode(const std::string& name) const;
  const Branches* FindBranches(const std::string& name) const;
  /// Errors: kInvalidArgument naming what is not there.
  Result<void> Check() const;

 private:
  const std::string name_;
  const int64_t version_;
  const std::string entry_;
  std::map<std::string, Node> nodes_;
  std::map<std::string, Branches> branches_;
};

struct RunnerOptions {
  int64_t steps_max = 1000;  ///< A graph that goes in circles ends with kInvalidArgument.
  size_t value_bytes_max = 4 << 20;
  /// How long a run is held without a new checkpoint; longer than any node takes.
  std::chrono::milliseconds hold{900'000};
};

/// Works on runs, step by step, each kept before the next begins. Thread-safe. Borrows both.
class Runner {
 public:
  Runner(RunStore& store, const Clock& clock, RunnerOptions options);

  /// Runs `graph` from `value` on under the id `id` and returns the last state.
  /// Errors: the first of a node, which ends the run; kCancelled, for cancelled runs and for a context that stops,
  /// after which Resume goes on; kAlreadyExists for an id that is taken; those of the store, after which Resume goes on
  /// too.
  Result<std::string> Start(const RequestContext& ctx, const Graph& graph, const std::string& id,
                            const std::string& value);
  /// Goes on where the last checkpoint is. Errors: as Start's; kNotFound; kConflict while another process works on
  /// it; kInvalidArgument for a run of another graph or version, or one that has ended.
  Result<std::string> Resume(const RequestContext& ctx, const Graph& graph, const std::string& id);

 private:
  Result<std::string> Go(const RequestContext& ctx, const Graph& graph, const std::string& id, Checkpoint at);
  Result<Checkpoint> Step(const RequestContext& ctx, const Graph& graph, const std::string& id, const Checkpoint& at);
  Result<NodeOutcome> RunBranches(const RequestContext& ctx, const Graph& graph, const Graph::Branches& branches,
                                  const std::string& key, const std::string& value);
  WallTime HeldUntil() const;

  RunStore& store_;
  const Clock& clock_;
  const RunnerOptions options_;
  const std::string holder_;
};

}  // namespace neurolake::orchestration
