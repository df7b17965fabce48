#include "ask/language/related_words.h"
#include "ask/language/words.h"
#include "ask/link/internal/name_words.h"
#include "ask/link/linker.h"

namespace neurolake::ask {
namespace {

constexpr double kAlikeCost = 0.06;
constexpr size_t kSharedMax = 4;  ///< More members than this that might be called so: the word names none.

}  // namespace

/// "staff" for employees, "town" for the city: what people also call a thing, where the model calls nothing so.
void Linker::AddAlikeNames() {
  std::vector<std::pair<std::string, Link>> found;
  const auto look = [&](const std::string& name, const Link& link) {
    std::string folded;
    for (const std::string& word : WordsOf(name)) folded += (folded.empty() ? "" : " ") + Singular(word);
    for (const std::string_view other : AlikeNouns(folded)) {
      if (other != folded && !HasTerm(other, true)) found.emplace_back(other, link);
    }
  };
  for (const semantic::Metric& metric : model_.metrics) {
    if (metric.hidden) continue;
    const Link link{.kind = LinkKind::kMetric, .name = metric.name, .shown = metric.label};
    for (const std::string& name : NamesOf(metric)) look(name, link);
  }
  for (const semantic::Entity& entity : model_.entities) {
    const Link link{.kind = LinkKind::kEntity, .name = entity.name, .shown = entity.label};
    for (const std::string& name : NamesOf(entity)) look(name, link);
    for (const semantic::Dimension& dimension : entity.dimensions) {
      if (dimension.hidden || dimension.type == semantic::DimensionType::kTime) continue;
      const Link field{.kind = LinkKind::kDimension, .field = {entity.name, dimension.name}, .shown = dimension.label};
      for (const std::string& name : NamesOf(dimension)) look(name, field);
    }
  }
  const auto same = [](const Link& a, const Link& b) {
    return a.kind == b.kind && a.name == b.name && a.field == b.field;
  };
  for (size_t i = 0; i < found.size(); ++i) {
    const auto& [word, link] = found[i];
    size_t shared = 0;
    bool first = true, mixed = false;
    for (size_t j = 0; j < found.size(); ++j) {
      if (found[j].first != word) continue;
      const bool again = same(found[j].second, link);
      first = first && !(again && j < i);
      shared += again ? 0 : 1;
      mixed = mixed || found[j].second.kind != link.kind;
    }
    // A thing and its label's field are called alike: the thing is meant.
    const bool several_things = shared > 0 && link.kind != LinkKind::kDimension && !mixed;
    if (!first || several_things || shared >= kSharedMax || (mixed && link.kind != LinkKind::kEntity)) continue;
    Link alike = link;
    alike.cost += kAlikeCost;
    alike.note = link.shown;  // Said in full once it is found.
    AddTerm(word, alike);
  }
}

}  // namespace neurolake::ask
