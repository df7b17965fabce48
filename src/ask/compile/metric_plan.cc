#include "ask/compile/internal/metric_plan.h"

#include <algorithm>

#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

using semantic::Additivity;
using semantic::Formula;
using semantic::Metric;
using semantic::MetricKind;

constexpr int kDepthMax = 16;

Formula LeafFormula(MetricPlan& plan, Leaf leaf) {
  auto known = std::ranges::find(plan.leaves, leaf);
  if (known == plan.leaves.end()) known = plan.leaves.insert(plan.leaves.end(), std::move(leaf));
  return Formula{.kind = Formula::Kind::kMetric, .text = std::to_string(known - plan.leaves.begin())};
}

Additivity AdditivityOf(Aggregation aggregation) {
  switch (aggregation) {
    case Aggregation::kSum:
    case Aggregation::kCount: return Additivity::kAdditive;
    case Aggregation::kCountDistinct: return Additivity::kDistinct;
    default: return Additivity::kNonAdditive;
  }
}

Result<Leaf> MeasureLeaf(Scope& scope, const Metric& metric) {
  NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope, metric.entity));
  const semantic::Measure* measure = FindMeasure(*entity, metric.measure);
  if (measure == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument, "the entity has no such measure: {}.{}", metric.entity,
                     metric.measure);
  }
  scope.members.insert(entity->name + "." + measure->name);
  Leaf leaf{.entity = entity,
            .aggregation = measure->aggregation,
            .percentile = measure->percentile,
            .expr = measure->expr,
            .time = measure->time.empty() ? entity->default_time : measure->time,
            .additivity = measure->additivity,
            .label = metric.label};
  if (!measure->filter.empty()) leaf.row_conditions.push_back(measure->filter);
  if (!metric.filter.empty()) leaf.row_conditions.push_back(metric.filter);
  if (measure->additivity == Additivity::kSemiAdditive) {
    leaf.mode = Leaf::Mode::kSemiAdditive;
    leaf.measure = measure;
  }
  return leaf;
}

class Expander {
 public:
  Expander(Scope& scope, const MetricUse& use, MetricPlan& plan) : scope_(scope), use_(use), plan_(plan) {}

  Result<Formula> Named(const std::string& name, int depth) {
    const Metric* metric = FindMetric(scope_.model, name);
    if (metric == nullptr) {
      return MakeError(ErrorCode::kInvalidArgument, "the semantic model has no such metric: {}", name);
    }
    if (depth > kDepthMax) {
      return MakeError(ErrorCode::kInvalidArgument, "metrics are built of metrics too deeply: {}", name);
    }
    scope_.members.insert(metric->name);
    switch (metric->kind) {
      case MetricKind::kSimple: return Simple(*metric);
      case MetricKind::kRatio: {
        NL_ASSIGN_OR_RETURN(Formula numerator, Named(metric->numerator, depth + 1));
        NL_ASSIGN_OR_RETURN(Formula denominator, Named(metric->denominator, depth + 1));
        Formula ratio{.kind = Formula::Kind::kDivide};
        ratio.arguments.push_back(std::move(numerator));
        ratio.arguments.push_back(std::move(denominator));
        return ratio;
      }
      case MetricKind::kDerived: {
        NL_ASSIGN_OR_RETURN(const Formula formula, semantic::ParseFormula(metric->formula));
        return Substitute(formula, depth + 1);
      }
      case MetricKind::kCumulative:
      case MetricKind::kConversion: return Special(*metric);
    }
    NL_UNREACHABLE();
  }

 private:
  Result<Formula> Simple(const Metric& metric) {
    NL_ASSIGN_OR_RETURN(Leaf leaf, MeasureLeaf(scope_, metric));
    leaf.filters = use_.filters;
    if (use_.aggregation && *use_.aggregation != leaf.aggregation) {
      leaf.aggregation = *use_.aggregation;
      leaf.percentile = use_.percentile;
      leaf.additivity = AdditivityOf(leaf.aggregation);
      leaf.mode = Leaf::Mode::kPlain;
      leaf.measure = nullptr;
      if (leaf.expr.empty() && leaf.aggregation != Aggregation::kCount) {
        return MakeError(ErrorCode::kInvalidArgument, "a count of rows has no other aggregate: {}", metric.name);
      }
    }
    return LeafFormula(plan_, std::move(leaf));
  }

  Result<Formula> Special(const Metric& metric) {
    NL_ASSIGN_OR_RETURN(Leaf leaf, MeasureLeaf(scope_, metric));
    if (leaf.mode == Leaf::Mode::kSemiAdditive) {
      return MakeError(ErrorCode::kInvalidArgument, "a semi-additive measure has no such metric: {}", metric.name);
    }
    leaf.mode = metric.kind == MetricKind::kCumulative ? Leaf::Mode::kCumulative : Leaf::Mode::kConversion;
    if (metric.kind == MetricKind::kConversion) leaf.additivity = Additivity::kNonAdditive;
    leaf.metric = &metric;
    leaf.filters = use_.filters;
    return LeafFormula(plan_, std::move(leaf));
  }

  Result<Formula> Substitute(const Formula& formula, int depth) {
    if (formula.kind == Formula::Kind::kMetric) return Named(formula.text, depth);
    Formula copy{.kind = formula.kind, .text = formula.text};
    for (const Formula& argument : formula.arguments) {
      NL_ASSIGN_OR_RETURN(Formula substituted, Substitute(argument, depth));
      copy.arguments.push_back(std::move(substituted));
    }
    return copy;
  }

  Scope& scope_;
  const MetricUse& use_;
  MetricPlan& plan_;
};

Result<Leaf> FreeLeaf(Scope& scope, const MetricUse& use) {
  Leaf leaf{.aggregation = use.aggregation.value_or(Aggregation::kCount), .percentile = use.percentile};
  const bool has_field = !use.field.name.empty();
  if (!has_field && (use.entity.empty() || leaf.aggregation != Aggregation::kCount)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a metric has a name, or an aggregation over a field, or an entity whose rows are counted");
  }
  NL_ASSIGN_OR_RETURN(leaf.entity, EntityOf(scope, use.entity.empty() ? use.field.entity : use.entity));
  leaf.label = leaf.entity->label;
  if (has_field) {
    NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope, use.field));
    const bool is_number =
        dimension->value_type == semantic::ValueType::kInteger || dimension->value_type == semantic::ValueType::kNumber;
    const bool takes_any = leaf.aggregation == Aggregation::kCount || leaf.aggregation == Aggregation::kCountDistinct ||
                           leaf.aggregation == Aggregation::kMin || leaf.aggregation == Aggregation::kMax ||
                           leaf.aggregation == Aggregation::kFirst || leaf.aggregation == Aggregation::kLast;
    if (!is_number && !takes_any) {
      return MakeError(ErrorCode::kInvalidArgument, "only numbers have this aggregate ({}), and this is none: {}.{}",
                       AggregationName(leaf.aggregation), use.field.entity, use.field.name);
    }
    leaf.field = use.field;
    leaf.label = dimension->label;
  }
  leaf.filters = use.filters;
  leaf.time = leaf.entity->default_time;
  leaf.additivity = AdditivityOf(leaf.aggregation);
  return leaf;
}

void CollectLeaves(const Formula& formula, std::vector<size_t>& found) {
  if (formula.kind == Formula::Kind::kMetric) {
    const size_t index = std::stoul(formula.text);
    if (std::ranges::find(found, index) == found.end()) found.push_back(index);
  }
  for (const Formula& argument : formula.arguments) CollectLeaves(argument, found);
}

}  // namespace

bool IsZeroWhenMissing(const Leaf& leaf) {
  if (leaf.mode == Leaf::Mode::kConversion || leaf.mode == Leaf::Mode::kSemiAdditive) return false;
  return leaf.aggregation == Aggregation::kCount || leaf.aggregation == Aggregation::kCountDistinct ||
         (leaf.aggregation == Aggregation::kSum && leaf.additivity == Additivity::kAdditive);
}

bool IsAdditive(const Leaf& leaf) {
  return leaf.mode == Leaf::Mode::kPlain && leaf.additivity == Additivity::kAdditive &&
         (leaf.aggregation == Aggregation::kSum || leaf.aggregation == Aggregation::kCount);
}

bool IsSafeUnderRepetition(const Leaf& leaf) {
  if (leaf.mode != Leaf::Mode::kPlain) return false;
  switch (leaf.aggregation) {
    case Aggregation::kCountDistinct:
    case Aggregation::kMin:
    case Aggregation::kMax: return true;
    case Aggregation::kCount: return !leaf.entity->primary_key.empty();
    default: return false;
  }
}

std::vector<size_t> MetricPlan::LeavesOf(size_t metric) const {
  std::vector<size_t> found;
  CollectLeaves(formulas[metric], found);
  return found;
}

Result<void> AddMetric(Scope& scope, const MetricUse& use, MetricPlan& plan) {
  if (use.percentile < 0 || use.percentile > 1) {
    return MakeError(ErrorCode::kInvalidArgument, "a percentile is between 0 and 1: {}", use.percentile);
  }
  if (use.metric.empty()) {
    NL_ASSIGN_OR_RETURN(Leaf leaf, FreeLeaf(scope, use));
    plan.formulas.push_back(LeafFormula(plan, std::move(leaf)));
    return {};
  }
  const Metric* metric = FindMetric(scope.model, use.metric);
  if (metric != nullptr && use.aggregation && metric->kind != MetricKind::kSimple) {
    return MakeError(ErrorCode::kInvalidArgument, "another aggregate is for simple metrics, this one is computed: {}",
                     metric->name);
  }
  if (!use.field.name.empty() || !use.entity.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "a metric by name has no field and no entity: {}", use.metric);
  }
  NL_ASSIGN_OR_RETURN(semantic::Formula formula, Expander(scope, use, plan).Named(use.metric, 0));
  plan.formulas.push_back(std::move(formula));
  return {};
}

Result<std::string> AggregateSql(const Leaf& leaf, const std::string& value, const std::string& condition,
                                 const std::string& time) {
  std::string sql;
  switch (leaf.aggregation) {
    case Aggregation::kSum: sql = "sum(" + value + ")"; break;
    case Aggregation::kCount: sql = "count(" + (value.empty() ? "*" : value) + ")"; break;
    case Aggregation::kCountDistinct: sql = "count(DISTINCT " + value + ")"; break;
    case Aggregation::kAverage: sql = "avg(" + value + ")"; break;
    case Aggregation::kMin: sql = "min(" + value + ")"; break;
    case Aggregation::kMax: sql = "max(" + value + ")"; break;
    case Aggregation::kMedian: sql = "median(" + value + ")"; break;
    case Aggregation::kPercentile: sql = fmt::format("quantile_cont({}, {})", value, leaf.percentile); break;
    case Aggregation::kStandardDeviation: sql = "stddev_samp(" + value + ")"; break;
    case Aggregation::kVariance: sql = "var_samp(" + value + ")"; break;
    case Aggregation::kFirst:
    case Aggregation::kLast: {
      if (time.empty()) {
        return MakeError(ErrorCode::kInvalidArgument, "a first or last value goes by a time, and there is none: {}",
                         leaf.label);
      }
      // Of several rows at that time the smallest, or largest, value: the same one every time.
      sql = fmt::format("{}({}, struct_pack(t := {}, v := {}))",
                        leaf.aggregation == Aggregation::kFirst ? "arg_min" : "arg_max", value, time, value);
      const std::string known = fmt::format("{} IS NOT NULL AND {} IS NOT NULL", time, value);
      return sql + " FILTER (WHERE " + (condition.empty() ? known : condition + " AND " + known) + ")";
    }
  }
  if (!condition.empty()) sql += " FILTER (WHERE " + condition + ")";
  return sql;
}

}  // namespace neurolake::ask::compile
