#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::orchestration {

/// A state on its way: a value of the one type that the graph's codec knows, which nobody changes.
using StatePointer = std::shared_ptr<const void>;

/// How states are written down, and read again by another process.
struct StateCodec {
  std::function<std::string(const StatePointer&)> encode;  ///< JSON.
  std::function<Result<StatePointer>(const std::string&)> decode;
};

/// What a node gives: the state after it, and where to go.
struct NodeOutcome {
  StatePointer state;
  std::string next;    ///< Empty: the run, or the branch, is done.
  bool waits = false;  ///< Not before somebody has said something: `Runner::Resume` with a reply.
};

/// One call of a node. A node may run again, with the same key, where a process died before its checkpoint: effects go
/// by the key, so that they take place once.
struct NodeCall {
  const RequestContext& ctx;  ///< Its principal is whom the run acts as.
  std::string key;            ///< Of this run and step, for instance an application's transaction.
  const StatePointer& state;  ///< The one before it.
};

using Node = std::function<Result<NodeOutcome>(const NodeCall&)>;

/// Where one branch begins, and with what.
struct Branch {
  std::string node;
  StatePointer state;
};

/// Branches beside each other, each from its node on until one has no next, and how they come together.
struct Fork {
  std::vector<std::string> nodes;  ///< That branches begin at.
  std::function<std::vector<Branch>(const StatePointer& before)> split;
  /// From the state before the branches and what each of them came to, in their order, to the state after them.
  std::function<Result<StatePointer>(const StatePointer& before, const std::vector<StatePointer>& after)> merge;
  std::string next;
};

/// Whether a run may be gone on with from before a node, by another process: not where the node needs of the state what
/// is not written down.
enum class Resumes : uint8_t { kHere, kEarlier };

/// Nodes by name, and where a run begins. States have no type here; `StateGraph` gives them one. Filled before use.
class Graph {
 public:
  /// `version` changes when runs of the older one could not go on.
  Graph(std::string name, int64_t version, std::string entry, StateCodec codec)
      : name_(std::move(name)), version_(version), entry_(std::move(entry)), codec_(std::move(codec)) {}

  void Add(const std::string& name, Node node, Resumes resumes = Resumes::kHere);
  void AddFork(const std::string& name, Fork fork) { forks_.insert_or_assign(name, std::move(fork)); }

  const std::string& name() const { return name_; }
  int64_t version() const { return version_; }
  const std::string& entry() const { return entry_; }
  const StateCodec& codec() const { return codec_; }
  /// Null for what is none.
  const Node* FindNode(const std::string& name) const;
  const Fork* FindFork(const std::string& name) const;
  bool ResumesAt(const std::string& name) const { return !from_earlier_.contains(name); }
  /// Errors: kInvalidArgument naming what is not there.
  Result<void> Check() const;

 private:
  const std::string name_;
  const int64_t version_;
  const std::string entry_;
  const StateCodec codec_;
  std::map<std::string, Node, std::less<>> nodes_;
  std::map<std::string, Fork, std::less<>> forks_;
  std::set<std::string, std::less<>> from_earlier_;
};

}  // namespace neurolake::orchestration
