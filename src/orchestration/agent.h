#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestration/state_graph.h"

namespace neurolake::orchestration {

/// Something that works in rounds: it perceives, reasons about what it saw, acts, and learns from what came of it. Each
/// of the four is a few steps, which are the nodes of its runs. An agent acts as the run's principal, through the query
/// pipeline, and has no rights of its own. Its steps must be thread-safe where several runs or branches share them.
template <State T>
class Agent {
 public:
  /// Where a step goes.
  enum class Go : uint8_t {
    kOn,        ///< To the next step; after the last one of learning the run is done.
    kLearn,     ///< Past what is left of reasoning and acting.
    kPerceive,  ///< To another round.
    kReason,    ///< To another round, with what is known.
    kWait,      ///< To another round from reasoning on, once somebody has said something.
    kDone,
  };
  struct Outcome {
    T state;
    Go go = Go::kOn;
  };
  /// Changes nothing, so that it may run any number of times.
  struct Look {
    std::string name;
    std::function<Result<Outcome>(const RequestContext& ctx, const T& state)> does;
  };
  /// May run again with the same `key` where a process died: effects go by the key.
  struct Deed {
    std::string name;
    std::function<Result<Outcome>(const RequestContext& ctx, const std::string& key, const T& state)> does;
    Resumes resumes = Resumes::kHere;
  };
  /// How one state becomes several, which are reasoned about and acted on beside each other, and one of them again.
  struct Alternatives {
    std::string name;  ///< Of the node that parts them.
    typename StateGraph<T>::TypedSplit split;
    typename StateGraph<T>::TypedMerge merge;
  };

  virtual ~Agent() = default;
  virtual std::string name() const = 0;
  /// Changes when runs of the older one could not go on.
  virtual int64_t version() const { return 1; }

  /// Steps that look.
  virtual std::vector<Look> Perceive() = 0;
  /// Steps that decide what to do. Whatever a model proposes is checked here.
  virtual std::vector<Look> Reason() = 0;
  /// Steps that do it.
  virtual std::vector<Deed> Act() = 0;
  /// Steps that compare what came of it with what was meant, and keep that.
  virtual std::vector<Deed> Learn() = 0;
  /// Without: there is one thing to do at a time.
  virtual std::optional<Alternatives> Beside() { return std::nullopt; }

  /// The graph of its runs, which borrows this agent. `Runner`'s limit of steps bounds its rounds. Each of the four has
  /// a step.
  StateGraph<T> MakeGraph() {
    const auto perceive = Perceive();
    const auto reason = Reason();
    const auto act = Act();
    const auto learn = Learn();
    const auto beside = Beside();
    Places at{.perceive = perceive.front().name,
              .reason = beside.has_value() ? beside->name : reason.front().name,
              .learn = learn.front().name,
              .is_forked = beside.has_value()};
    StateGraph<T> graph(name(), version(), at.perceive);
    AddSteps(graph, perceive, at.reason, at, /*in_branch=*/false);
    AddSteps(graph, reason, act.front().name, at, at.is_forked);
    AddSteps(graph, act, at.is_forked ? "" : at.learn, at, at.is_forked);
    AddSteps(graph, learn, "", at, /*in_branch=*/false);
    if (beside.has_value()) {
      graph.AddBranchEach(at.reason, reason.front().name, beside->split, beside->merge, at.learn);
    }
    return graph;
  }

 private:
  struct Places {
    std::string perceive;
    std::string reason;
    std::string learn;
    bool is_forked = false;
  };

  static std::string NextOf(Go go, const std::string& next, const Places& at, bool in_branch) {
    // A branch goes nowhere else than to its end.
    if (in_branch && go != Go::kOn) return "";
    switch (go) {
      case Go::kOn: return next;
      case Go::kLearn: return at.learn;
      case Go::kPerceive: return at.perceive;
      case Go::kReason:
      case Go::kWait: return at.reason;
      case Go::kDone: return "";
    }
    NL_UNREACHABLE();
  }

  static Result<Outcome> Do(const Look& step, const RequestContext& ctx, const std::string&, const T& state) {
    return step.does(ctx, state);
  }
  static Result<Outcome> Do(const Deed& step, const RequestContext& ctx, const std::string& key, const T& state) {
    return step.does(ctx, key, state);
  }
  static Resumes ResumesAt(const Look&) { return Resumes::kHere; }
  static Resumes ResumesAt(const Deed& step) { return step.resumes; }

  template <typename Step>
  static void AddSteps(StateGraph<T>& graph, const std::vector<Step>& steps, const std::string& after, const Places& at,
                       bool in_branch) {
    using NodeOutcome = typename StateGraph<T>::Outcome;
    for (size_t i = 0; i < steps.size(); ++i) {
      const std::string next = i + 1 < steps.size() ? steps[i + 1].name : after;
      const auto node = [step = steps[i], next, at, in_branch](const RequestContext& ctx, const std::string& key,
                                                               const T& state) -> Result<NodeOutcome> {
        NL_ASSIGN_OR_RETURN(Outcome outcome, Do(step, ctx, key, state));
        return NodeOutcome{.state = std::move(outcome.state),
                           .next = NextOf(outcome.go, next, at, in_branch),
                           .waits = outcome.go == Go::kWait};
      };
      graph.Add(steps[i].name, node, ResumesAt(steps[i]));
    }
  }
};

}  // namespace neurolake::orchestration
