#pragma once
#include <string>

#include "orchestration/state_graph.h"

namespace neurolake::orchestration {

/// Something that works in rounds: it perceives, reasons about what it saw, acts, and learns from what came of it. Each
/// of the four is a step of a run, kept before the next begins. An agent acts as the run's principal, through the query
/// pipeline, and has no rights of its own. Its methods must be thread-safe where several runs share it.
template <State T>
class Agent {
 public:
  virtual ~Agent() = default;
  virtual std::string name() const = 0;
  /// Changes when runs of the older one could not go on.
  virtual int64_t version() const { return 1; }

  /// Looks, and changes nothing.
  virtual Result<T> Perceive(const RequestContext& ctx, const T& state) = 0;
  /// Decides what to do. Whatever a model proposes is checked here. Changes nothing.
  virtual Result<T> Reason(const RequestContext& ctx, const T& state) = 0;
  /// Does it. May run again with the same `key` where a process died: effects go by the key.
  virtual Result<T> Act(const RequestContext& ctx, const std::string& key, const T& state) = 0;
  /// Compares what came of it with what was meant, and keeps that. May run again, as Act.
  virtual Result<T> Learn(const RequestContext& ctx, const std::string& key, const T& state) = 0;
  /// Whether nothing is left to do; asked after Reason, which may find that out, and after Learn.
  virtual bool IsDone(const T& state) const = 0;

  /// Borrows this agent. `Runner`'s limit of steps bounds its rounds.
  StateGraph<T> MakeGraph() {
    using Outcome = typename StateGraph<T>::Outcome;
    StateGraph<T> graph(name(), version(), "perceive");
    graph.Add("perceive", [this](const RequestContext& ctx, const std::string&, const T& state) -> Result<Outcome> {
      NL_ASSIGN_OR_RETURN(T after, Perceive(ctx, state));
      return Outcome{std::move(after), "reason"};
    });
    graph.Add("reason", [this](const RequestContext& ctx, const std::string&, const T& state) -> Result<Outcome> {
      NL_ASSIGN_OR_RETURN(T after, Reason(ctx, state));
      const bool done = IsDone(after);
      return Outcome{std::move(after), done ? "" : "act"};
    });
    graph.Add("act", [this](const RequestContext& ctx, const std::string& key, const T& state) -> Result<Outcome> {
      NL_ASSIGN_OR_RETURN(T after, Act(ctx, key, state));
      return Outcome{std::move(after), "learn"};
    });
    graph.Add("learn", [this](const RequestContext& ctx, const std::string& key, const T& state) -> Result<Outcome> {
      NL_ASSIGN_OR_RETURN(T after, Learn(ctx, key, state));
      const bool done = IsDone(after);
      return Outcome{std::move(after), done ? "" : "perceive"};
    });
    return graph;
  }
};

}  // namespace neurolake::orchestration
