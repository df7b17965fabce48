#include <set>

#include "ask/grammar/internal/assembler.h"
#include "ask/language/words.h"
#include "ask/link/join_paths.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Metric;
using semantic::MetricKind;
using semantic::SemanticModel;

constexpr double kHopCost = 0.1;
constexpr double kDetourCost = 0.15;
constexpr double kOtherRoleCost = 0.3;
constexpr size_t kChoicesMax = 6;

void CollectBases(const SemanticModel& model, std::string_view name, int depth, std::set<std::string>& bases) {
  const Metric* metric = semantic::FindMetric(model, name);
  if (metric == nullptr || depth > 8) return;
  switch (metric->kind) {
    case MetricKind::kRatio:
      CollectBases(model, metric->numerator, depth + 1, bases);
      CollectBases(model, metric->denominator, depth + 1, bases);
      return;
    case MetricKind::kDerived: {
      std::string word;
      for (const char c : metric->formula + " ") {
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') word += c;
        else if (!word.empty()) CollectBases(model, std::exchange(word, {}), depth + 1, bases);
      }
      return;
    }
    case MetricKind::kSimple:
    case MetricKind::kCumulative:
    case MetricKind::kConversion: {
      const size_t dot = metric->measure.find('.');
      const std::string entity =
          !metric->entity.empty() || dot == std::string::npos ? metric->entity : metric->measure.substr(0, dot);
      const semantic::Entity* found = semantic::FindEntity(model, entity);
      if (found != nullptr) bases.insert(found->name);
      return;
    }
  }
}

/// Where a field is used, to be given its way.
struct Site {
  std::vector<std::string> bases;  ///< It must be reached from each.
  FieldRef* field;
};

std::vector<Site> Sites(const SemanticModel& model, Intent& intent) {
  std::vector<Site> sites;
  std::set<std::string> bases;
  for (MetricUse& use : intent.metrics) {
    for (std::string& base : BaseEntities(model, use)) bases.insert(base);
  }
  if (!intent.entity.empty() && intent.metrics.empty()) bases.insert(intent.entity);
  std::vector<std::string> all(bases.begin(), bases.end());
  if (all.empty() && !intent.dimensions.empty()) all = {intent.dimensions[0].field.entity};
  for (DimensionUse& use : intent.dimensions) sites.push_back({all, &use.field});
  for (FilterGroup& group : intent.filters) {
    for (Filter& filter : group.any_of) sites.push_back({all, &filter.field});
  }
  for (MetricUse& use : intent.metrics) {
    for (FilterGroup& group : use.filters) {
      for (Filter& filter : group.any_of) sites.push_back({BaseEntities(model, use), &filter.field});
    }
  }
  for (MetricUse& use : intent.metrics) {
    if (!use.entity.empty() && !use.field.name.empty()) sites.push_back({{use.entity}, &use.field});
  }
  if (!intent.time.field.entity.empty()) sites.push_back({all, &intent.time.field});
  for (SetCondition& set : intent.sets) {
    for (FilterGroup& group : set.filters) {
      for (Filter& filter : group.any_of) sites.push_back({{set.related}, &filter.field});
    }
  }
  return sites;
}

/// Whether the way goes through the role that another field of the same entity was given by words, if one was: the
/// district of "busiest start station in each district" is that of the start.
bool IsOfSaidRole(const SemanticModel& model, Intent& said, const FieldRef& field,
                  const std::vector<std::string>& way) {
  bool other_said = false;
  for (const Site& site : Sites(model, said)) {
    if (site.field->entity != field.entity || site.field->via.empty()) continue;
    if (std::ranges::find(way, site.field->via[0]) != way.end()) return true;
    other_said = true;
  }
  return !other_said;
}

/// Whether the way leaves another where that has only one join to go: by the staff of a branch to its town, and not by
/// the branch itself.
bool IsDetour(const std::vector<std::string>& way, const std::vector<std::string>& shortest) {
  const auto [own, other] = std::ranges::mismatch(way, shortest);
  return shortest.end() - other == 1 && way.end() - own > 1;
}

/// Whether its column is called as the key it leads to: store_key, beside pickup_store_key.
bool HasKeysOwnName(const semantic::Join& join) {
  return join.from_columns.size() == 1 && join.to_columns.size() == 1 &&
         EqualsIgnoringCase(join.from_columns[0], join.to_columns[0]);
}

/// Whether the join is called as the thing it leads to: the clinician of a visit, beside the one who referred to it.
bool IsCalledAsItsEntity(const SemanticModel& model, const semantic::Join& join) {
  const semantic::Entity* entity = semantic::FindEntity(model, join.to);
  if (entity == nullptr) return false;
  std::vector<std::string> names{entity->label, entity->name};
  names.insert(names.end(), entity->synonyms.begin(), entity->synonyms.end());
  const std::string label = Singular(Fold(join.label));
  return std::ranges::any_of(names, [&](const std::string& name) {  // A cleaner is a name of its own, whatever the key.
    if (HasKeysOwnName(join) && label.ends_with(Singular(Fold(name)))) return true;
    return Singular(Fold(name)) == Singular(Fold(join.label)) || Singular(Fold(name)) == Singular(Fold(join.name));
  });
}

}  // namespace

bool IsOtherRole(const SemanticModel& model, const std::vector<std::string>& way) {
  return std::ranges::any_of(way, [&](const std::string& name) {
    const semantic::Join* join = semantic::FindJoin(model, name);
    if (join == nullptr || IsCalledAsItsEntity(model, *join)) return false;
    return std::ranges::any_of(model.joins, [&](const semantic::Join& other) {
      return EqualsIgnoringCase(other.from, join->from) && EqualsIgnoringCase(other.to, join->to) &&
             IsCalledAsItsEntity(model, other);
    });
  });
}

std::vector<std::string> BaseEntities(const SemanticModel& model, const MetricUse& use) {
  if (!use.entity.empty()) return {use.entity};
  if (use.metric.empty()) return use.field.entity.empty() ? std::vector<std::string>{} : std::vector{use.field.entity};
  std::set<std::string> bases;
  CollectBases(model, use.metric, 0, bases);
  return {bases.begin(), bases.end()};
}

std::vector<Draft> ResolveJoins(const SemanticModel& model, const Draft& draft, std::string& reason) {
  std::vector<Draft> open{draft};
  Intent intent_said = draft.intent;  // With what the words said of ways, and nothing that was found out here.
  const size_t count = Sites(model, open[0].intent).size();
  // Fields that were given one way keep it: two uses of one field in one reading go the same way.
  for (size_t index = 0; index < count; ++index) {
    std::vector<Draft> next;
    for (Draft& one : open) {
      const Site site = Sites(model, one.intent)[index];
      const FieldRef original = *site.field;
      std::vector<std::vector<std::string>> choices;
      bool several = false;
      size_t hops = 0;
      for (const std::string& base : site.bases) {
        auto paths = ToOnePaths(model, base, original.entity);
        if (!original.via.empty()) {
          std::erase_if(paths, [&](const auto& path) {
            return std::find(path.begin(), path.end(), original.via[0]) == path.end();
          });
        }
        if (paths.empty()) {
          reason = fmt::format("{} cannot be broken down by {}.{}", base, original.entity, original.name);
          return {};
        }
        const size_t shortest = paths.front().size();
        std::erase_if(
            paths, [&](const auto& path) { return path.size() > shortest && original.via.empty() && shortest == 0; });
        several = several || paths.size() > 1 || !original.via.empty();
        if (paths.size() > choices.size()) choices = paths;
        hops = std::max(hops, shortest);
      }
      if (original.via.empty())
        std::ranges::stable_partition(choices, [&](const auto& way) { return !IsOtherRole(model, way); });
      std::ranges::stable_sort(choices, {}, [](const auto& way) { return way.size(); });
      if (choices.size() > kChoicesMax) choices.resize(kChoicesMax);
      if (choices.empty()) choices.push_back({});
      for (const auto& choice : choices) {
        Draft chosen = one;
        const Site target = Sites(model, chosen.intent)[index];
        target.field->via = several ? choice : std::vector<std::string>{};
        const bool paid = [&] {  // A way costs once, however many conditions go it.
          const auto before = Sites(model, chosen.intent);
          return std::any_of(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(index),
                             [&](const Site& other) { return other.field->entity == original.entity; });
        }();
        // A way of its own is meant rather than one that another thing has: loans of a branch, not of their members'.
        const bool direct = original.via.empty();
        if (direct && IsDetour(choice, choices.front())) chosen.cost += kDetourCost;
        if (direct && IsOtherRole(model, choice)) chosen.cost += kOtherRoleCost;
        if (direct && choice.size() == 1 && choices.front().size() == 1 && choices.back().size() > 1 && !paid)
          chosen.notes.push_back(fmt::format("{} is that of {} itself", original.entity, site.bases.front()));
        if (original.via.empty() && several && !IsOfSaidRole(model, intent_said, original, choice))
          chosen.cost += kOtherRoleCost;
        if (!paid) chosen.cost += kHopCost * static_cast<double>(choice.size());
        next.push_back(std::move(chosen));
      }
    }
    if (next.size() > kChoicesMax) next.resize(kChoicesMax);
    open = std::move(next);
  }
  return open;
}

}  // namespace neurolake::ask
