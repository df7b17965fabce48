#include "ask/grammar/internal/assembly.h"
#include "ask/link/join_paths.h"
#include "common/text.h"

namespace neurolake::ask {

using semantic::Entity;

/// Conditions on what the things asked for do not have themselves, but what belongs to them has: machines "with a
/// breakdown" are those that had one, students that "failed Algebra" those with an enrolment in it that failed.
bool Assembly::RelatedFilters() {
  Intent& intent = draft_.intent;
  if (subject_.empty() || One(FragmentKind::kVersus) != nullptr || One(FragmentKind::kShare) != nullptr) return true;
  const bool of_subject = std::ranges::all_of(intent.metrics, [&](const MetricUse& use) {
    const auto bases = BaseEntities(context_.model, use);
    return bases.size() == 1 && EqualsIgnoringCase(bases[0], subject_);
  });
  if (!of_subject || (intent.metrics.empty() && !wants_rows_ && One(FragmentKind::kWhich) == nullptr)) return true;
  std::vector<FilterGroup> groups;
  for (const FilterGroup& group : intent.filters) {
    const Filter& filter = group.any_of[0];
    if (group.any_of.size() != 1 || !filter.field.via.empty() || Reaches(subject_, filter.field.entity)) continue;
    if (filter.op != FilterOperator::kIn || filter.part) return true;
    groups.push_back(group);
  }
  if (groups.empty()) return true;
  std::vector<SetCondition*> counted;  // "failed more than 3 enrolments": what is counted is such.
  for (SetCondition& set : intent.sets) {
    const bool has_all = !set.negated && std::ranges::all_of(groups, [&](const FilterGroup& group) {
      return Reaches(set.related, group.any_of[0].field.entity);
    });
    if (has_all) counted.push_back(&set);
  }
  if (counted.size() > 1 || (counted.empty() && !intent.sets.empty()))
    return Fail("it is open of what the condition is");
  if (counted.size() == 1) {
    auto& filters = counted[0]->metric ? counted[0]->metric->filters : counted[0]->filters;
    filters.insert(filters.end(), groups.begin(), groups.end());
  } else {
    const auto has_it = [&](const Fragment* part) {
      static constexpr std::string_view kHave[] = {"with", "had",  "have", "has",  "having", "both",        "a",
                                                   "an",   "any",  "who",  "that", "which",  "experienced", "suffered",
                                                   "got",  "took", "in",   "did",  "been",   "were"};
      if (std::ranges::find(groups, part->filters[0]) == groups.end()) return false;
      if (part->had) return true;
      const size_t from = part->begin == 0 ? 0 : part->begin - 1;
      for (size_t at = from; at < part->end; ++at) {
        const auto& word = context_.tokens[at].word;
        if (word != "in" && word != "were" && std::ranges::find(kHave, word) != std::end(kHave)) return true;
      }
      return false;
    };
    if (groups.size() < 2 && std::ranges::none_of(All(FragmentKind::kFilter), has_it))
      return Fail(fmt::format("it is open what {} have to do with {}", subject_, groups[0].any_of[0].field.name));
    const auto& words = context_.tokens;
    const bool both = std::ranges::any_of(words, [](const Token& token) { return token.word == "both"; });
    if (!RelateFilters(groups, both)) return false;
  }
  for (const FilterGroup& group : groups) std::erase(intent.filters, group);
  return true;
}

bool Assembly::RelateFilters(const std::vector<FilterGroup>& groups, bool both) {
  Intent& intent = draft_.intent;
  std::vector<std::string> found;
  for (const Entity& entity : context_.model.entities) {
    const bool belongs = !EqualsIgnoringCase(entity.name, subject_) && Reaches(entity.name, subject_);
    const bool has_all = std::ranges::all_of(
        groups, [&](const FilterGroup& group) { return Reaches(entity.name, group.any_of[0].field.entity); });
    if (belongs && has_all) found.push_back(entity.name);
  }
  const auto owns = [&](const std::string& name) {
    return std::ranges::any_of(
        groups, [&](const FilterGroup& group) { return EqualsIgnoringCase(group.any_of[0].field.entity, name); });
  };
  if (found.size() > 1) std::erase_if(found, [&](const std::string& name) { return !owns(name); });
  if (found.size() != 1) return Fail(fmt::format("{} do not have such a condition", subject_));
  SetCondition set{.subject = subject_, .related = found[0]};
  OwnWay(set);
  const Fragment* last = nullptr;
  for (const Fragment* part : All(FragmentKind::kFilter)) {
    if (std::ranges::find(groups, part->filters[0]) != groups.end()) last = part;
  }
  const Entity* below = semantic::FindEntity(context_.model, found[0]);
  const bool one_time = below != nullptr && below->default_time.starts_with(subject_ + ".");  // Of items and orders.
  if (const Fragment* time = One(FragmentKind::kTime); time != nullptr && main_time_ != nullptr && !one_time) {
    // "guests who cancelled in 2024" may have booked or cancelled in it; what they had in 2024 was of 2024.
    const bool had = std::ranges::any_of(context_.tokens, [](const Token& token) {
      static constexpr std::string_view kHad[] = {"had", "have", "has", "with", "having", "there", "got", "both"};
      return std::ranges::find(kHad, token.word) != std::end(kHad);
    });
    if (!had) return Fail("it is open of what the time is");
    const bool follows = last != nullptr && Follows(*last, *time);
    if (!follows && IsEvent(subject_)) return Fail("it is open of what the time is");
    const Entity* entity = semantic::FindEntity(context_.model, found[0]);
    const bool own = time->field.name.empty() || EqualsIgnoringCase(time->field.entity, found[0]);
    if (own && (entity == nullptr || entity->default_time.empty()))
      return Fail(fmt::format("{} has no time", found[0]));
    if (own) {
      set.time = main_time_->range;
      set.time_field = time->field;
      if (set.time_field == FieldRef{entity->name, entity->default_time}) set.time_field = {};
      intent.time.range = {};
      intent.time.field = {};
      main_time_ = nullptr;
      draft_.notes.push_back(fmt::format("the time is that of {}", found[0]));
    }
  }
  std::vector<SetCondition> sets{set};
  for (const FilterGroup& group : groups) {
    const Filter& filter = group.any_of[0];
    if (!both || filter.values.size() < 2) {
      for (SetCondition& one : sets) one.filters.push_back(group);
      continue;
    }
    if (sets.size() > 1) return Fail("it is open which two have to be there together");
    std::vector<SetCondition> each;
    for (const Literal& value : filter.values) {
      SetCondition one = sets[0];
      Filter single = filter;
      single.values = {value};
      one.filters.push_back({.any_of = {std::move(single)}});
      each.push_back(std::move(one));
    }
    sets = std::move(each);
  }
  intent.sets.insert(intent.sets.end(), sets.begin(), sets.end());
  draft_.notes.push_back(fmt::format("those are kept that have {} of that kind", found[0]));
  draft_.cost += 0.08;
  return true;
}

/// Adds the conditions behind a set. Where what was done does not have them itself, the entity below it that does
/// stands in: who ordered tea has items of orders that are tea.
bool Assembly::RelatedWith(SetCondition& set) {
  set.filters.insert(set.filters.end(), set_filters_.begin(), set_filters_.end());
  for (const FilterGroup& group : set.filters) {
    const std::string& wanted = group.any_of[0].field.entity;
    if (Reaches(set.related, wanted)) continue;
    std::vector<std::string> below;
    for (const Entity& entity : context_.model.entities) {
      if (Reaches(entity.name, set.related) && Reaches(entity.name, wanted)) below.push_back(entity.name);
    }
    if (below.size() != 1) return Fail(fmt::format("{} have nothing to do with {}", set.related, wanted));
    const Entity* done = semantic::FindEntity(context_.model, set.related);
    const bool timed = set.time.from || set.time.to;
    if (timed && set.time_field.name.empty() && done != nullptr && !done->default_time.empty())
      set.time_field = {done->name, done->default_time};
    set.related = below[0];
  }
  return true;
}

/// The way from what was done to whose it is, where several lead there: a thing's own, and not that of what it is
/// about, nor that of who else took part.
void Assembly::OwnWay(SetCondition& set) {
  auto ways = ToOnePaths(context_.model, set.related, subject_);
  if (ways.size() < 2 || !set.related_via.empty()) return;
  const auto other = [&](const auto& way) { return IsOtherRole(context_.model, way); };
  if (!std::ranges::all_of(ways, other)) std::erase_if(ways, other);
  if (ways.size() > 1 && ways[0].size() == ways[1].size()) return;
  set.related_via = ways[0];
  draft_.notes.push_back(fmt::format("{} are those of {} themselves", set.related, subject_));
}

bool Assembly::Sets() {
  Parts parts = All(FragmentKind::kSet);
  if (parts.empty()) return true;
  if (subject_.empty() && draft_.intent.metrics.size() == 1 && IsCountMetric(draft_.intent.metrics[0])) {
    const auto bases =
        BaseEntities(context_.model, draft_.intent.metrics[0]);  // "how many different customers ordered"
    if (bases.size() == 1) subject_ = bases[0];
  }
  if (subject_.empty()) return Fail("it is open whose doing is asked for");
  std::string related;
  const Fragment* time = One(FragmentKind::kTime);
  for (const Fragment* part : parts) {
    for (const Fragment* having : All(FragmentKind::kHaving)) {  // "taught fewer than 100 enrolments"
      if (Follows(*part, *having) && part->end == having->begin) draft_.cost += 0.3;
    }
    const std::string_view lead = context_.tokens[part->begin].word;
    for (const Fragment* counted : All(FragmentKind::kMetric)) {  // "how many trench coats we sold"
      const bool asked = lead != "who" && lead != "that" && lead != "which" && lead != "with" && lead != "having";
      const bool behind = part->begin > counted->end && !part->sets.empty() && !part->sets[0].negated;
      if (!counted->filters.empty() && asked && behind)
        return Fail("it is open whether they are counted, or how often it was done");
    }
    for (const SetCondition& set :
         part->sets) {  // "the energy that customers use": what was done is the number itself.
      static constexpr std::string_view kWhose[] = {
          "who", "that",  "which", "with", "without", "having", "not",  "never", "have", "has",    "had", "did",
          "but", "whose", "and",   "no",   "where",   "do",     "does", "were",  "was",  "nobody", "none"};
      const bool whose = std::ranges::find(kWhose, lead) != std::end(kWhose);
      const bool itself = !set.negated && std::ranges::any_of(draft_.intent.metrics, [&](const MetricUse& use) {
        const auto bases = BaseEntities(context_.model, use);
        return !EqualsIgnoringCase(set.related, subject_) && std::ranges::find(bases, set.related) != bases.end();
      });
      if (itself && !whose) return Fail("it is open whether what was done limits the number or is it");
    }
    const bool of_either = (lead == "without" || lead == "with") && IsEvent(subject_);
    if (time != nullptr && Follows(*part, *time) && !of_either) return Fail("the time belongs to what was done");
    for (SetCondition set : part->sets) {
      if (set.related.empty()) set.related = related;
      if (set.related.empty()) return Fail("it is open what did not happen");
      related = set.related;
      set.subject = subject_;
      if (!RelatedWith(set)) return false;
      if (EqualsIgnoringCase(set.related, subject_) || !Reaches(set.related, subject_)) {
        return Fail(fmt::format("{} do not belong to {}", set.related, subject_));
      }
      OwnWay(set);
      const Entity* entity = semantic::FindEntity(context_.model, set.related);
      if ((set.time.from || set.time.to) && set.time_field.name.empty() &&
          (entity == nullptr || entity->default_time.empty())) {
        return Fail(fmt::format("{} has no time", set.related));
      }
      if (entity != nullptr && set.time_field == FieldRef{entity->name, entity->default_time}) set.time_field = {};
      draft_.intent.sets.push_back(std::move(set));
    }
  }
  set_filters_.clear();
  return true;
}

}  // namespace neurolake::ask
