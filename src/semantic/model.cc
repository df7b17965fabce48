#include "semantic/model.h"

#include <array>
#include <utility>

#include "common/text.h"

namespace neurolake::semantic {
namespace {

constexpr std::array<std::pair<std::string_view, Aggregation>, 12> kAggregations{{
    {"sum", Aggregation::kSum},
    {"count", Aggregation::kCount},
    {"count_distinct", Aggregation::kCountDistinct},
    {"average", Aggregation::kAverage},
    {"min", Aggregation::kMin},
    {"max", Aggregation::kMax},
    {"median", Aggregation::kMedian},
    {"percentile", Aggregation::kPercentile},
    {"standard_deviation", Aggregation::kStandardDeviation},
    {"variance", Aggregation::kVariance},
    {"first", Aggregation::kFirst},
    {"last", Aggregation::kLast},
}};

template <typename Member>
const Member* FindByName(const std::vector<Member>& members, std::string_view name) {
  for (const Member& member : members) {
    if (EqualsIgnoringCase(member.name, name)) return &member;
  }
  return nullptr;
}

}  // namespace

const Entity* FindEntity(const SemanticModel& model, std::string_view name) { return FindByName(model.entities, name); }
const Dimension* FindDimension(const Entity& entity, std::string_view name) {
  return FindByName(entity.dimensions, name);
}
const Measure* FindMeasure(const Entity& entity, std::string_view name) { return FindByName(entity.measures, name); }
const Metric* FindMetric(const SemanticModel& model, std::string_view name) { return FindByName(model.metrics, name); }
const Join* FindJoin(const SemanticModel& model, std::string_view name) { return FindByName(model.joins, name); }

const Dimension* LabelDimension(const Entity& entity) {
  for (const Dimension& dimension : entity.dimensions) {
    if (dimension.is_label) return &dimension;
  }
  if (entity.primary_key.size() != 1) return nullptr;
  for (const Dimension& dimension : entity.dimensions) {
    if (EqualsIgnoringCase(dimension.expr, entity.primary_key.front()) ||
        EqualsIgnoringCase(dimension.expr, QuoteIdentifier(entity.primary_key.front()))) {
      return &dimension;
    }
  }
  return nullptr;
}

std::string_view AggregationName(Aggregation aggregation) {
  for (const auto& [name, value] : kAggregations) {
    if (value == aggregation) return name;
  }
  return {};
}

std::optional<Aggregation> AggregationFromName(std::string_view name) {
  for (const auto& [known, value] : kAggregations) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace neurolake::semantic
