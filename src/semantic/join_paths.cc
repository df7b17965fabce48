#include "semantic/join_paths.h"

#include <algorithm>
#include <set>

#include "common/text.h"

namespace neurolake::semantic {
namespace {

std::vector<JoinStep> StepsFrom(const SemanticModel& model, const Entity& entity) {
  std::vector<JoinStep> steps;
  for (const Join& join : model.joins) {
    const bool forward = join.cardinality == Cardinality::kManyToOne || join.cardinality == Cardinality::kOneToOne;
    const bool backward = join.cardinality == Cardinality::kOneToMany || join.cardinality == Cardinality::kOneToOne;
    if (forward && EqualsIgnoringCase(join.from, entity.name)) {
      steps.push_back({&join, &entity, FindEntity(model, join.to), join.from_columns, join.to_columns});
    }
    if (backward && EqualsIgnoringCase(join.to, entity.name)) {
      steps.push_back({&join, &entity, FindEntity(model, join.from), join.to_columns, join.from_columns});
    }
  }
  std::erase_if(steps, [](const JoinStep& step) { return step.to == nullptr; });
  return steps;
}

/// A model of which all is joined with all has more ways than anybody could choose from.
constexpr size_t kStepsMax = 10'000;

class Walk {
 public:
  Walk(const SemanticModel& model, const Entity& from, const Entity& goal)
      : model_(model), goal_(goal), leads_there_(LeadingTo(goal)), seen_{&from} {
    if (leads_there_.contains(&from)) From(from);
  }
  std::vector<JoinPath> Found() && { return std::move(found_); }

 private:
  /// Entities that some way leads from to `goal`: others need not be walked through.
  std::set<const Entity*> LeadingTo(const Entity& goal) const {
    std::set<const Entity*> leading{&goal};
    bool grows = true;
    while (grows) {
      grows = false;
      for (const Entity& entity : model_.entities) {
        if (leading.contains(&entity)) continue;
        const auto steps = StepsFrom(model_, entity);
        if (!std::ranges::any_of(steps, [&](const JoinStep& step) { return leading.contains(step.to); })) continue;
        leading.insert(&entity);
        grows = true;
      }
    }
    return leading;
  }

  void From(const Entity& at) {
    if (&at == &goal_) {
      found_.push_back(path_);
      return;
    }
    if (path_.size() == kJoinPathLengthMax) return;
    for (JoinStep& step : StepsFrom(model_, at)) {
      if (found_.size() >= kJoinPathsMax || ++steps_ > kStepsMax) return;
      if (!leads_there_.contains(step.to) || !seen_.insert(step.to).second) continue;
      const Entity* next = step.to;
      path_.push_back(std::move(step));
      From(*next);
      path_.pop_back();
      seen_.erase(next);
    }
  }

  const SemanticModel& model_;
  const Entity& goal_;
  const std::set<const Entity*> leads_there_;
  size_t steps_ = 0;
  std::set<const Entity*> seen_;
  JoinPath path_;
  std::vector<JoinPath> found_;
};

}  // namespace

std::vector<JoinPath> ToOnePaths(const SemanticModel& model, const Entity& from, const Entity& to) {
  return Walk(model, from, to).Found();
}

}  // namespace neurolake::semantic
