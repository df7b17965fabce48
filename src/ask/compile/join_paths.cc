#include "ask/compile/internal/join_paths.h"

#include <algorithm>
#include <set>

#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

using semantic::Cardinality;

constexpr size_t kPathLengthMax = 8;
constexpr size_t kPathsMax = 64;

std::vector<Step> StepsFrom(const semantic::SemanticModel& model, const semantic::Entity& entity) {
  std::vector<Step> steps;
  for (const semantic::Join& join : model.joins) {
    const bool forward = join.cardinality == Cardinality::kManyToOne || join.cardinality == Cardinality::kOneToOne;
    const bool backward = join.cardinality == Cardinality::kOneToMany || join.cardinality == Cardinality::kOneToOne;
    if (forward && EqualsIgnoringCase(join.from, entity.name)) {
      steps.push_back({&join, &entity, FindEntity(model, join.to), join.from_columns, join.to_columns});
    }
    if (backward && EqualsIgnoringCase(join.to, entity.name)) {
      steps.push_back({&join, &entity, FindEntity(model, join.from), join.to_columns, join.from_columns});
    }
  }
  std::erase_if(steps, [](const Step& step) { return step.to == nullptr; });
  return steps;
}

void Walk(const semantic::SemanticModel& model, const semantic::Entity& at, const semantic::Entity& goal, Path& path,
          std::set<const semantic::Entity*>& seen, std::vector<Path>& found) {
  if (&at == &goal) {
    found.push_back(path);
    return;
  }
  if (path.size() == kPathLengthMax || found.size() >= kPathsMax) return;
  for (Step& step : StepsFrom(model, at)) {
    if (!seen.insert(step.to).second) continue;
    const semantic::Entity* next = step.to;
    path.push_back(std::move(step));
    Walk(model, *next, goal, path, seen, found);
    path.pop_back();
    seen.erase(next);
  }
}

bool Has(const Path& path, const std::vector<std::string>& via) {
  size_t next = 0;
  for (const Step& step : path) {
    if (next < via.size() && EqualsIgnoringCase(step.join->name, via[next])) ++next;
  }
  return next == via.size();
}

}  // namespace

std::vector<Path> ToOnePaths(const semantic::SemanticModel& model, const semantic::Entity& from,
                             const semantic::Entity& to) {
  std::vector<Path> found;
  Path path;
  std::set<const semantic::Entity*> seen{&from};
  Walk(model, from, to, path, seen, found);
  return found;
}

std::vector<const semantic::Entity*> ManySidesOf(const semantic::SemanticModel& model, const semantic::Entity& one,
                                                 const semantic::Entity& other) {
  if (&one != &other && !ToOnePaths(model, other, one).empty()) return {&other};
  std::vector<const semantic::Entity*> sides;
  for (const semantic::Entity& entity : model.entities) {
    if (&entity == &one || ToOnePaths(model, entity, one).empty() || ToOnePaths(model, entity, other).empty()) continue;
    sides.push_back(&entity);
  }
  return sides;
}

std::string PathText(const Path& path) {
  std::vector<std::string> names;
  for (const Step& step : path) names.push_back(step.join->name);
  return JoinText(names, ".");
}

Result<Path> FindPath(const semantic::SemanticModel& model, const semantic::Entity& from, const semantic::Entity& to,
                      const std::vector<std::string>& via) {
  std::vector<Path> paths = ToOnePaths(model, from, to);
  std::erase_if(paths, [&](const Path& path) { return !Has(path, via); });
  if (paths.size() == 1) return std::move(paths.front());
  if (paths.empty()) {
    auto error =
        MakeError(ErrorCode::kBindError,
                  "an entity cannot be reached from another without counting rows more than once: from {} to {}{}",
                  from.name, to.name, via.empty() ? "" : " by " + JoinText(via, "."));
    return std::unexpected(std::move(error.error()).With("unreachable", "true"));
  }
  std::vector<std::string> choices;
  for (const Path& path : paths) choices.push_back(PathText(path));
  auto error =
      MakeError(ErrorCode::kBindError, "an entity is reached in several ways, name the joins (via): {} from {}, by {}",
                to.name, from.name, JoinText(choices, " or "));
  return std::unexpected(std::move(error.error()).With("choices", JoinText(choices, ",")));
}

}  // namespace neurolake::ask::compile
