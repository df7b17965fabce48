#include "ask/compile/internal/join_paths.h"

#include <algorithm>

#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

bool Has(const Path& path, const std::vector<std::string>& via) {
  size_t next = 0;
  for (const Step& step : path) {
    if (next < via.size() && EqualsIgnoringCase(step.join->name, via[next])) ++next;
  }
  return next == via.size();
}

/// Whether the first of the joins begins at what `from` does not lead to.
bool IsElsewhere(const semantic::SemanticModel& model, const semantic::Entity& from,
                 const std::vector<std::string>& via) {
  const semantic::Join* join = via.empty() ? nullptr : FindJoin(model, via.front());
  const semantic::Entity* begin = join == nullptr ? nullptr : FindEntity(model, join->from);
  return begin != nullptr && begin != &from && ToOnePaths(model, from, *begin).empty();
}

}  // namespace

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
  const auto named = [&](const Path& path) { return Has(path, via); };
  // A way that is named for one fact is none for another that has only one: tickets of the customer, and contracts.
  if (paths.size() > 1 || std::ranges::any_of(paths, named) || !IsElsewhere(model, from, via))
    std::erase_if(paths, [&](const Path& path) { return !named(path); });
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
