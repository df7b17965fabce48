#include "ask/grammar/internal/assembly.h"

namespace neurolake::ask {

using semantic::Metric;

namespace {

bool IsWord(const AssemblyContext& context, size_t at, std::initializer_list<std::string_view> words) {
  return at < context.tokens.size() && std::ranges::find(words, context.tokens[at].word) != words.end();
}

/// "is", "that are", "who have": what follows says which ones, and not of what.
bool SaysWhich(const AssemblyContext& context, size_t at) {
  return IsWord(context, at,
                {"is", "are", "was", "were", "that", "which", "who", "have", "has", "had", "include", "includes"});
}

}  // namespace

/// Whether parts of the number can be set against the whole: a count or a sum.
bool Assembly::HasParts(const MetricUse& use) const {
  if (use.metric.empty() || use.aggregation) return IsCountMetric(use);
  const Metric* metric = semantic::FindMetric(context_.model, use.metric);
  if (metric == nullptr || metric->kind != semantic::MetricKind::kSimple) return false;
  if (IsCountMetric(use)) return true;
  const auto bases = BaseEntities(context_.model, use);
  const auto* entity = bases.size() == 1 ? semantic::FindEntity(context_.model, bases[0]) : nullptr;
  const auto* measure = entity == nullptr
                            ? nullptr
                            : semantic::FindMeasure(*entity, metric->measure.substr(metric->measure.rfind('.') + 1));
  return measure != nullptr && measure->aggregation == Aggregation::kSum;
}

/// The condition that says which part of a whole is asked for: "what percentage of orders is urgent", "Asia's share of
/// revenue", "share of revenue from Asia by month". Null: none does, or it is open which.
const Fragment* Assembly::PartOfWhole(const Fragment& share) const {
  const Fragment* said = nullptr;
  const Fragment* only = nullptr;
  size_t limits = 0;
  const bool splits = std::ranges::any_of(All(FragmentKind::kGroup),
                                          [](const Fragment* group) { return !group->dimensions.empty(); }) ||
                      One(FragmentKind::kWhich) != nullptr;
  for (const Fragment* part : parts_) {
    if (part->filters.empty() || (part->kind != FragmentKind::kFilter && part->kind != FragmentKind::kMetric)) continue;
    ++limits;
    only = part;
    const bool behind = part->begin >= share.end &&
                        (SaysWhich(context_, part->begin) || (part->begin > 0 && SaysWhich(context_, part->begin - 1)));
    const bool possesses = part->end == share.begin && part->kind == FragmentKind::kFilter;
    const bool beside = !splits && draft_.intent.time.grain && Follows(share, *part);
    // "proportion of guests subscribed to the newsletter, by tier": of those of each tier.
    const Filter& limit = part->filters[0].any_of[0];
    const bool is_so = limit.values.size() == 1 && std::holds_alternative<bool>(limit.values[0]) &&
                       part->kind == FragmentKind::kFilter && part->begin == share.end && !share.metrics.empty() &&
                       IsCountMetric(share.metrics[0]);
    if (is_so && said == nullptr) {
      said = part;
      continue;
    }
    if (!behind && !possesses && !beside) continue;
    for (const Fragment* other : All(FragmentKind::kFilter)) {  // "was booked online": one part, or two conditions?
      if (behind && Follows(*part, *other) && other->begin <= part->end + 1) return nullptr;
    }
    if (said != nullptr) return nullptr;
    said = part;
  }
  if (said != nullptr) return said;
  return limits == 1 && !splits && !draft_.intent.time.grain ? only : nullptr;
}

/// Sets the number of those that meet some conditions against that of all.
bool Assembly::RatioOf(const std::vector<FilterGroup>& which) {
  Intent& intent = draft_.intent;
  if (intent.metrics.size() != 1) return Fail("it is open which number's share is asked for");
  if (!HasParts(intent.metrics[0])) return Fail("a share is of a count or a sum; this number has no parts");
  for (const FilterGroup& group : which) std::erase(intent.filters, group);
  for (const DimensionUse& use : intent.dimensions) {
    if (std::ranges::any_of(which, [&](const FilterGroup& group) { return group.any_of[0].field == use.field; }))
      return Fail("the share of some values is asked for, and it is broken down by the same");
  }
  MetricUse part = intent.metrics[0];
  part.filters = which;
  intent.metrics = {std::move(part), intent.metrics[0]};
  const Metric* metric = semantic::FindMetric(context_.model, intent.metrics[1].metric);
  intent.metrics[0].label = fmt::format("{}, those asked for", metric != nullptr ? metric->label : "number");
  intent.calculations.push_back({.kind = CalculationKind::kRatio, .metric = 0, .of = 1});
  return true;
}

bool Assembly::Shares() {
  const Parts parts = All(FragmentKind::kShare);
  if (parts.empty()) return true;
  auto& metrics = draft_.intent.metrics;
  if (metrics.empty()) return Fail("it is open what the share is of");
  if (metrics.size() > 1 && parts.size() == 1 && parts[0]->metrics.empty())
    return Fail("it is open which number's share is asked for");
  if (One(FragmentKind::kVersus) != nullptr) return Fail("it is open what whole the share is of");
  for (const Fragment* entity : All(FragmentKind::kEntity)) {  // "proportion of trips made by riders" is of trips.
    const bool of_it = parts[0]->metrics.empty() && parts[0]->dimensions.empty() && Follows(*parts[0], *entity);
    if (of_it && std::ranges::find(metrics, CountOf(entity->entity)) == metrics.end())
      return Fail(fmt::format("the share is of {}, and another number is named", entity->entity));
  }
  const bool plain = parts.size() == 1 && parts[0]->dimensions.empty() &&
                     parts[0]->calculation == CalculationKind::kShareOfTotal && One(FragmentKind::kTop) == nullptr &&
                     One(FragmentKind::kTopBy) == nullptr && All(FragmentKind::kHaving).empty();
  if (const Fragment* part = plain ? PartOfWhole(*parts[0]) : nullptr) return RatioOf(part->filters);
  const Fragment* done = One(FragmentKind::kTimeField);
  if (done != nullptr && done->role && One(FragmentKind::kTime) == nullptr) {
    const FilterGroup was_done{.any_of = {{.field = done->field, .op = FilterOperator::kIsNotNull}}};
    if (plain && std::ranges::find(draft_.intent.filters, was_done) != draft_.intent.filters.end())
      return RatioOf({was_done});
    return Fail("it is open what whole the share is of");
  }
  return SharesOfGroups(parts);
}

/// "share of revenue by country", "share within each region".
bool Assembly::SharesOfGroups(const Parts& parts) {
  if (draft_.intent.dimensions.empty() && !draft_.intent.time.grain) {
    return Fail("a share needs parts: ask for it by something, such as “share of the total by country”");
  }
  for (const FilterGroup& group : draft_.intent.filters) {
    for (const DimensionUse& use : draft_.intent.dimensions) {
      if (group.any_of[0].field == use.field && group.any_of[0].op == FilterOperator::kIn) {
        return Fail("the share of some values is asked for, and it is open whether the whole has the others in it");
      }
    }
  }
  for (const Fragment* filter : All(FragmentKind::kFilter)) {
    if (parts[0]->metrics.empty() && parts[0]->dimensions.empty() && parts[0]->end == filter->begin)
      return Fail("it is open whether the share of those in each group is asked for, or how they are spread");
  }
  for (const Fragment* group : All(FragmentKind::kGroup)) {
    if (context_.tokens[group->begin].word != "within") continue;  // "share of revenue by city within each country"
    if (group->dimensions.size() != 1 || parts.size() != 1 || draft_.intent.dimensions.size() < 2)
      return Fail("it is open what whole the share is of");
    const FieldRef& parent = group->dimensions[0].field;
    const bool own = std::ranges::any_of(draft_.intent.dimensions, [&](const DimensionUse& use) {
      return use != group->dimensions[0] && use.field.entity == parent.entity;
    });
    if (!own) draft_.cost += 0.15;  // A clinic's own state, rather than its patients'.
    draft_.intent.calculations.push_back(
        {.kind = CalculationKind::kShareOfParent, .per = {DimensionIndex(group->dimensions[0])}});
    return true;
  }
  const bool within = std::ranges::any_of(
      parts, [](const Fragment* part) { return part->calculation == CalculationKind::kShareOfParent; });
  for (const Fragment* part : parts) {
    if (within && part->calculation == CalculationKind::kShareOfTotal && !part->dimensions.empty()) continue;
    Calculation calculation{.kind = part->calculation};
    if (!part->metrics.empty()) calculation.metric = MetricIndex(part->metrics[0]);
    if (part->calculation == CalculationKind::kShareOfParent) {
      const DimensionUse parent = part->dimensions[0];
      const bool others = std::any_of(draft_.intent.dimensions.begin(), draft_.intent.dimensions.end(),
                                      [&](const DimensionUse& use) { return use != parent; });
      if (!others && !draft_.intent.time.grain) return Fail("a share within a group needs parts of the group");
      const bool own = std::ranges::any_of(draft_.intent.dimensions, [&](const DimensionUse& use) {
        return use != parent && use.field.entity == parent.field.entity;
      });
      if (!own) draft_.cost += 0.15;  // A clinic's own state, rather than its patients'.
      calculation.per = {DimensionIndex(parent)};
    }
    draft_.intent.calculations.push_back(std::move(calculation));
  }
  if (!draft_.intent.filters.empty()) draft_.notes.push_back("shares are of the total under the same conditions");
  return true;
}

}  // namespace neurolake::ask
