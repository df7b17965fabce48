#pragma once
#include <string>
#include <vector>

#include "ask/grammar/internal/fragment.h"
#include "ask/language/token.h"

namespace neurolake::ask {

/// A way to read a whole question: an intent and what was decided to get there.
struct Draft {
  Intent intent = {};
  double cost = 0;
  std::vector<std::string> notes = {};
  bool follow_up = false;
};

/// What makes intents of fragments that together cover a question.
struct AssemblyContext {
  const semantic::SemanticModel& model;
  const TimeContext& time;
  std::span<const Token> tokens;
  const Intent* previous = nullptr;  ///< Of the conversation; null: there is none.
};

/// All intents that `parts` make together, in the order of the question; none if they make no sense together, and then
/// `reason` says why, in plain words. Several where a join or a number is open.
std::vector<Draft> Assemble(const AssemblyContext& context, const std::vector<const Fragment*>& parts,
                            std::string& reason);

/// The entities whose rows a metric is computed from; empty if it is unknown.
std::vector<std::string> BaseEntities(const semantic::SemanticModel& model, const MetricUse& use);

/// Fills in `via` of every field of `intent` where several ways lead there: one intent for each choice, none if a field
/// cannot be reached. Adds what the joins cost.
std::vector<Draft> ResolveJoins(const semantic::SemanticModel& model, const Draft& draft, std::string& reason);

/// Whether the way goes by a join that stands beside another, of which only that other is called as the thing both lead
/// to: nobody means it who does not name it.
bool IsOtherRole(const semantic::SemanticModel& model, const std::vector<std::string>& way);

/// The question's own comparison, given its time. False if it makes no sense; `reason` then says why.
bool ResolveComparison(const ComparisonTarget& target, const TimePhrase* main, bool difference, Draft& draft,
                       std::string& reason);

}  // namespace neurolake::ask
