#include "ask/propose/intent_parts.h"

namespace neurolake::ask {
namespace {

void ForEachGroupList(const Intent& intent, const std::function<void(const std::vector<FilterGroup>&)>& visit) {
  visit(intent.filters);
  for (const MetricUse& metric : intent.metrics) visit(metric.filters);
  for (const SetCondition& set : intent.sets) {
    visit(set.filters);
    if (set.metric) visit(set.metric->filters);
  }
}

void ForEachMetric(const Intent& intent, const std::function<void(const MetricUse&)>& visit) {
  for (const MetricUse& metric : intent.metrics) visit(metric);
  for (const SetCondition& set : intent.sets) {
    if (set.metric) visit(*set.metric);
  }
}

bool HasEnd(const TimeRange& range) { return range.from.has_value() || range.to.has_value(); }

}  // namespace

void ForEachFilter(const Intent& intent, const std::function<void(const Filter&)>& visit) {
  ForEachGroupList(intent, [&](const std::vector<FilterGroup>& groups) {
    for (const FilterGroup& group : groups) {
      for (const Filter& filter : group.any_of) visit(filter);
    }
  });
}

std::vector<TimeRange> RangesOf(const Intent& intent) {
  std::vector<TimeRange> ranges;
  const auto add = [&](const TimeRange& range) {
    if (HasEnd(range)) ranges.push_back(range);
  };
  add(intent.time.range);
  for (const Comparison& comparison : intent.time.comparisons) {
    if (comparison.kind == ComparisonKind::kRange) add(comparison.range);
  }
  for (const SetCondition& set : intent.sets) add(set.time);
  return ranges;
}

std::vector<double> NumbersOf(const Intent& intent) {
  std::vector<double> numbers;
  const auto add = [&](double number) { numbers.push_back(number); };
  ForEachFilter(intent, [&](const Filter& filter) {
    for (const Literal& literal : filter.values) {
      if (const auto* whole = std::get_if<int64_t>(&literal)) add(static_cast<double>(*whole));
      if (const auto* number = std::get_if<double>(&literal)) add(*number);
    }
  });
  ForEachMetric(intent, [&](const MetricUse& metric) {
    if (metric.aggregation == Aggregation::kPercentile) add(metric.percentile * 100);
  });
  for (const SetCondition& set : intent.sets) {
    if (!set.metric) continue;
    add(set.operand);
    if (set.op == CompareOperator::kBetween) add(set.upper);
  }
  for (const Having& having : intent.having) {
    add(having.operand);
    if (having.op == CompareOperator::kBetween) add(having.upper);
  }
  for (const Calculation& calculation : intent.calculations) {
    if (calculation.window > 0) add(static_cast<double>(calculation.window));
  }
  for (const Comparison& comparison : intent.time.comparisons) {
    if (comparison.kind == ComparisonKind::kOffset) add(static_cast<double>(comparison.count));
  }
  if (intent.rank) add(static_cast<double>(intent.rank->n));
  return numbers;
}

std::vector<std::string> MembersOf(const Intent& intent) {
  std::vector<std::string> members;
  const auto add = [&](const FieldRef& field) {
    if (!field.name.empty()) members.push_back(field.entity + "." + field.name);
  };
  ForEachMetric(intent, [&](const MetricUse& metric) {
    if (!metric.metric.empty()) members.push_back(metric.metric);
    add(metric.field);
  });
  ForEachFilter(intent, [&](const Filter& filter) { add(filter.field); });
  for (const DimensionUse& dimension : intent.dimensions) add(dimension.field);
  for (const SetCondition& set : intent.sets) add(set.time_field);
  add(intent.time.field);
  return members;
}

bool Negates(const Intent& intent) {
  bool negates = false;
  ForEachFilter(intent, [&](const Filter& filter) {
    negates = negates || filter.op == FilterOperator::kNotIn || filter.op == FilterOperator::kNotContains ||
              filter.op == FilterOperator::kIsNull;
  });
  for (const SetCondition& set : intent.sets) negates = negates || set.negated;
  for (const Having& having : intent.having) negates = negates || having.op == CompareOperator::kNotEqual;
  return negates;
}

}  // namespace neurolake::ask
