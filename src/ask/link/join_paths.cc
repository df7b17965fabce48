#include "ask/link/join_paths.h"

#include "common/text.h"

namespace neurolake::ask {
namespace {

constexpr size_t kJoinsMax = 5;

/// Where `join` leads from `entity` if it finds at most one row there; else empty.
std::string_view Next(const semantic::Join& join, std::string_view entity) {
  using semantic::Cardinality;
  const bool forth = join.cardinality == Cardinality::kManyToOne || join.cardinality == Cardinality::kOneToOne;
  const bool back = join.cardinality == Cardinality::kOneToMany || join.cardinality == Cardinality::kOneToOne;
  if (forth && EqualsIgnoringCase(join.from, entity)) return join.to;
  if (back && EqualsIgnoringCase(join.to, entity)) return join.from;
  return {};
}

void Walk(const semantic::SemanticModel& model, std::string_view at, std::string_view to,
          std::vector<std::string>& path, std::vector<std::string_view>& seen,
          std::vector<std::vector<std::string>>& found) {
  if (EqualsIgnoringCase(at, to)) {
    found.push_back(path);
    return;
  }
  if (path.size() >= kJoinsMax || found.size() >= 32) return;
  for (const semantic::Join& join : model.joins) {
    const std::string_view next = Next(join, at);
    if (next.empty()) continue;
    const bool visited =
        std::any_of(seen.begin(), seen.end(), [&](std::string_view name) { return EqualsIgnoringCase(name, next); });
    if (visited) continue;
    path.push_back(join.name);
    seen.push_back(next);
    Walk(model, next, to, path, seen, found);
    path.pop_back();
    seen.pop_back();
  }
}

}  // namespace

std::vector<std::vector<std::string>> ToOnePaths(const semantic::SemanticModel& model, std::string_view from,
                                                 std::string_view to) {
  std::vector<std::vector<std::string>> found;
  std::vector<std::string> path;
  std::vector<std::string_view> seen{from};
  Walk(model, from, to, path, seen, found);
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return found;
}

}  // namespace neurolake::ask
