#include "ask/link/join_paths.h"

#include <algorithm>

#include "semantic/join_paths.h"

namespace neurolake::ask {

std::vector<std::vector<std::string>> ToOnePaths(const semantic::SemanticModel& model, std::string_view from,
                                                 std::string_view to) {
  std::vector<std::vector<std::string>> found;
  const semantic::Entity* begin = semantic::FindEntity(model, from);
  const semantic::Entity* end = semantic::FindEntity(model, to);
  if (begin == nullptr || end == nullptr) return found;
  for (const semantic::JoinPath& path : semantic::ToOnePaths(model, *begin, *end)) {
    auto& names = found.emplace_back();
    for (const semantic::JoinStep& step : path) names.push_back(step.join->name);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return found;
}

}  // namespace neurolake::ask
