#include <algorithm>
#include <tuple>

#include "ask/intent/intent.h"
#include "ask/intent/intent_json.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

std::string ModelName(const semantic::Described* member, const std::string& name) {
  return member != nullptr ? member->name : LowerAscii(name);
}

class Canonicalizer {
 public:
  explicit Canonicalizer(const semantic::SemanticModel& model) : model_(model) {}

  std::string EntityName(const std::string& name) const {
    return name.empty() ? name : ModelName(FindEntity(model_, name), name);
  }

  void Field(FieldRef& field) const {
    const semantic::Entity* entity = FindEntity(model_, field.entity);
    const semantic::Dimension* dimension = entity == nullptr ? nullptr : FindDimension(*entity, field.name);
    field.entity = EntityName(field.entity);
    if (!field.name.empty()) field.name = ModelName(dimension, field.name);
    Via(field.via);
  }

  void Via(std::vector<std::string>& via) const {
    for (std::string& join : via) join = ModelName(FindJoin(model_, join), join);
  }

  void Use(MetricUse& use) const {
    if (!use.metric.empty()) use.metric = ModelName(FindMetric(model_, use.metric), use.metric);
    if (!use.field.entity.empty()) Field(use.field);
    use.entity = EntityName(use.entity);
    if (!use.field.name.empty() && use.entity == use.field.entity) use.entity.clear();
    if (use.metric.empty() && !use.aggregation) use.aggregation = Aggregation::kCount;
    if (use.aggregation != Aggregation::kPercentile) use.percentile = 0.5;
    Groups(use.filters);
  }

  void Groups(std::vector<FilterGroup>& groups) const {
    for (FilterGroup& group : groups) {
      for (Filter& filter : group.any_of) Condition(filter);
      SortUnique(group.any_of, [](const Filter& filter) { return EncodeFilter(filter); });
    }
    SortUnique(groups, [](const FilterGroup& group) {
      std::string key;
      for (const Filter& filter : group.any_of) key += EncodeFilter(filter) + "|";
      return key;
    });
  }

 private:
  static std::string EncodeFilter(const Filter& filter) {
    Intent carrier;
    carrier.filters.push_back({{filter}});
    return EncodeIntent(carrier);
  }

  static std::string EncodeValue(const Literal& value) {
    Intent carrier;
    carrier.filters.push_back({{Filter{.values = {value}}}});
    return EncodeIntent(carrier);
  }

  template <typename Member, typename Key>
  static void SortUnique(std::vector<Member>& members, Key key) {
    std::ranges::stable_sort(members, {}, key);
    members.erase(std::ranges::unique(members).begin(), members.end());
  }

  void Condition(Filter& filter) const {
    Field(filter.field);
    if (filter.op != FilterOperator::kBetween) SortUnique(filter.values, EncodeValue);
  }

  const semantic::SemanticModel& model_;
};

}  // namespace

Intent Canonical(const Intent& intent, const semantic::SemanticModel& model) {
  const Canonicalizer names(model);
  Intent canonical = intent;
  canonical.entity = names.EntityName(canonical.entity);
  canonical.subject = LowerAscii(canonical.subject);
  for (MetricUse& use : canonical.metrics) names.Use(use);
  for (DimensionUse& use : canonical.dimensions) names.Field(use.field);
  names.Groups(canonical.filters);
  for (SetCondition& set : canonical.sets) {
    set.subject = names.EntityName(set.subject);
    set.related = names.EntityName(set.related);
    names.Via(set.via);
    names.Via(set.related_via);
    names.Groups(set.filters);
    if (!set.time_field.entity.empty()) names.Field(set.time_field);
    if (set.metric) {
      names.Use(*set.metric);
      if (set.op != CompareOperator::kBetween) set.upper = 0;
    } else {
      set.op = CompareOperator::kGreater;
      set.operand = set.upper = 0;
    }
  }
  const auto set_key = [](const SetCondition& set) {
    Intent carrier;
    carrier.sets.push_back(set);
    return EncodeIntent(carrier);
  };
  std::ranges::stable_sort(canonical.sets, {}, set_key);
  canonical.sets.erase(std::ranges::unique(canonical.sets).begin(), canonical.sets.end());
  if (!canonical.time.field.entity.empty()) names.Field(canonical.time.field);
  for (Comparison& comparison : canonical.time.comparisons) {
    if (comparison.kind != ComparisonKind::kOffset) comparison.count = 1, comparison.grain = TimeGrain::kYear;
    if (comparison.kind != ComparisonKind::kRange) comparison.range = {};
  }
  for (Having& having : canonical.having) {
    if (having.op != CompareOperator::kBetween) having.upper = 0;
  }
  for (FieldRef& field : canonical.privacy.masked) names.Field(field);
  std::ranges::sort(canonical.privacy.masked, {},
                    [](const FieldRef& field) { return std::tie(field.entity, field.name); });
  if (canonical.zone.empty()) canonical.zone = model.calendar.zone;
  return canonical;
}

std::string IntentHash(const Intent& intent, const semantic::SemanticModel& model) {
  return Sha256Hex("neurolake-intent-1\n" + EncodeIntent(Canonical(intent, model)));
}

}  // namespace neurolake::ask
