#include "ask/compile/internal/fact_parts.h"
#include "ask/compile/internal/periods.h"
#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

using semantic::SemiAdditiveChoice;

Result<const semantic::Dimension*> OwnTime(Scope& scope, const semantic::Entity& entity, const FieldRef& time) {
  if (!EqualsIgnoringCase(time.entity, entity.name)) {
    return MakeError(ErrorCode::kInvalidArgument, "this number goes by a time of its own entity: {}, not {}.{}",
                     entity.name, time.entity, time.name);
  }
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope, time));
  if (dimension->type != semantic::DimensionType::kTime) {
    return MakeError(ErrorCode::kInvalidArgument, "a dimension is used as a time and is none: {}.{}", time.entity,
                     time.name);
  }
  return dimension;
}

std::unexpected<Error> NotOverMany(const Leaf& leaf) {
  auto error = MakeError(ErrorCode::kBindError, "a number cannot be split by a dimension its rows have several of: {}",
                         leaf.label);
  return std::unexpected(std::move(error.error()).With("metric", leaf.label));
}

/// The finest grain whose periods make up those of both, the axis' own if possible.
TimeGrain CommonGrain(TimeGrain axis, TimeGrain window) {
  for (const TimeGrain grain : {axis, window, TimeGrain::kMonth, TimeGrain::kDay, TimeGrain::kHour}) {
    if (Divides(grain, axis) && Divides(grain, window)) return grain;
  }
  return TimeGrain::kSecond;
}

/// What of the past counts into a period that ends before `end`, as a lower bound; empty: everything.
std::string LowerBound(const semantic::Metric& metric, const std::string& start, const std::string& end,
                       const semantic::Calendar& calendar) {
  if (metric.to_date) return TruncateSql(start, *metric.to_date, calendar);
  if (metric.window_grain) return end + " - " + IntervalSql(*metric.window_grain, metric.window);
  return {};
}

/// The range whose rows count into any period of `range`.
Result<TimeRange> WidenedRange(const semantic::Metric& metric, const FactScope& facts,
                               const semantic::Calendar& calendar) {
  TimeRange widened{.from = std::nullopt, .to = facts.range.to};
  const bool is_bounded = metric.to_date || metric.window_grain;
  if (!is_bounded) return widened;
  if (!facts.grouping.axis) {
    if (!widened.to) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the metric counts back from a time, so the question needs an end or a time axis: {}",
                       metric.name);
    }
    const LocalTime last = *widened.to - std::chrono::seconds(1);
    widened.from = metric.to_date ? Truncate(last, *metric.to_date, calendar)
                                  : Advance(*widened.to, *metric.window_grain, -metric.window);
    return widened;
  }
  if (!facts.range.from) return widened;
  const LocalTime first = Truncate(*facts.range.from, *facts.grouping.axis, calendar);
  widened.from = metric.to_date ? Truncate(first, *metric.to_date, calendar)
                                : Advance(first, *metric.window_grain, -metric.window);
  return widened;
}

Leaf Plain(const Leaf& leaf) {
  Leaf plain = leaf;
  plain.mode = Leaf::Mode::kPlain;
  plain.metric = nullptr;
  return plain;
}

/// One row per row of the fact, with its time as "axis" and what it adds as "v".
Result<std::string> RowByRow(Scope& scope, const MetricPlan& plan, const FactGroup& group, const FactScope& facts) {
  const Leaf& leaf = plan.leaves[group.leaves.front()];
  NL_ASSIGN_OR_RETURN(FactRows rows, RowsOf(scope, plan, group, facts));
  if (!rows.to_leaf.empty()) return NotOverMany(leaf);
  NL_ASSIGN_OR_RETURN(const LeafRow row, RowOf(scope, rows, leaf));
  const std::string value = row.value.empty() ? "1" : row.value;
  return rows.Sql(facts.grouping,
                  {row.condition.empty() ? value + " AS \"v\""
                                         : fmt::format("CASE WHEN {} THEN {} END AS \"v\"", row.condition, value)},
                  false);
}

}  // namespace

Result<std::string> SemiAdditiveSql(Scope& scope, const MetricPlan& plan, const FactGroup& group,
                                    const FactScope& facts) {
  const size_t index = group.leaves.front();
  const Leaf& leaf = plan.leaves[index];
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, OwnTime(scope, *leaf.entity, group.time));
  NL_ASSIGN_OR_RETURN(FactRows rows, RowsOf(scope, plan, group, facts));
  if (!rows.to_leaf.empty()) return NotOverMany(leaf);
  NL_ASSIGN_OR_RETURN(const LeafRow row, RowOf(scope, rows, leaf));
  const std::string time = rows.relation.Column({}, dimension->expr, dimension->name);
  const SemiAdditiveChoice choice = leaf.measure->over_time;
  if (choice == SemiAdditiveChoice::kLast || choice == SemiAdditiveChoice::kFirst) {
    // The snapshot is the table's, whatever the conditions: so parts add up to the whole.
    for (std::string& condition : RangeConditions(dimension->expr, *dimension, facts.range, scope.zone)) {
      rows.relation.RestrictRoot(std::move(condition));
    }
    std::vector<std::string> partition;
    if (facts.grouping.axis) {
      partition.push_back(
          TruncateSql(LocalSql(dimension->expr, *dimension, scope.zone), *facts.grouping.axis, scope.model.calendar));
    }
    for (const std::string& name : leaf.measure->over_time_per) {
      NL_ASSIGN_OR_RETURN(const semantic::Dimension* per, DimensionOf(scope, {leaf.entity->name, name, {}}));
      partition.push_back(per->expr);
    }
    const std::string over = partition.empty() ? "" : "PARTITION BY " + JoinText(partition, ", ");
    const std::string snapshot = rows.relation.Column(
        {}, fmt::format("{}({}) OVER ({})", choice == SemiAdditiveChoice::kLast ? "max" : "min", dimension->expr, over),
        "snapshot");
    rows.where.push_back(time + " = " + snapshot);
    scope.Assume("metrics", fmt::format("{} is that of the {} snapshot of each period", leaf.label,
                                        choice == SemiAdditiveChoice::kLast ? "last" : "first"));
    NL_ASSIGN_OR_RETURN(const std::string sql, AggregateSql(leaf, row.value, row.condition, time));
    return rows.Sql(facts.grouping, {fmt::format("{} AS \"l{}\"", sql, index)}, true);
  }
  const std::string_view function = choice == SemiAdditiveChoice::kAverage ? "avg"
                                    : choice == SemiAdditiveChoice::kMin   ? "min"
                                                                           : "max";
  NL_ASSIGN_OR_RETURN(const std::string sql, AggregateSql(leaf, row.value, row.condition, time));
  rows.group.push_back(time);
  std::vector<std::string> columns = facts.grouping.Columns();
  std::string inner = rows.Sql(facts.grouping, {time + " AS \"t\"", sql + " AS \"v\""}, true);
  columns.push_back(fmt::format("{}(\"v\") AS \"l{}\"", function, index));
  scope.Assume("metrics", fmt::format("{} is the {} over the snapshots of each period", leaf.label, function));
  return fmt::format("SELECT {} FROM ({}) AS \"s\"{}", JoinText(columns, ", "), inner,
                     facts.grouping.Columns().empty() ? "" : " GROUP BY " + JoinText(facts.grouping.Columns(), ", "));
}

Result<std::string> CumulativeSql(Scope& scope, const MetricPlan& plan, const FactGroup& group,
                                  const FactScope& facts) {
  const size_t index = group.leaves.front();
  const Leaf& leaf = plan.leaves[index];
  const semantic::Metric& metric = *leaf.metric;
  const semantic::Calendar& calendar = scope.model.calendar;
  FactScope widened = facts;
  NL_ASSIGN_OR_RETURN(widened.range, WidenedRange(metric, facts, calendar));
  MetricPlan plain;
  plain.leaves.push_back(Plain(leaf));
  const FactGroup alone{{0}, group.time};
  if (!facts.grouping.axis) {
    NL_ASSIGN_OR_RETURN(const std::string inner, FactSql(scope, plain, alone, widened));
    std::vector<std::string> columns = facts.grouping.Columns();
    columns.push_back(fmt::format("\"l0\" AS \"l{}\"", index));
    return fmt::format("SELECT {} FROM ({}) AS \"s\"", JoinText(columns, ", "), inner);
  }
  const TimeGrain axis = *facts.grouping.axis;
  const bool is_additive = IsAdditive(plain.leaves.front());
  const TimeGrain back = metric.to_date ? *metric.to_date : metric.window_grain.value_or(axis);
  widened.grouping.axis = CommonGrain(axis, back);
  std::string inner, value = "\"v\"";
  if (is_additive) {
    NL_ASSIGN_OR_RETURN(inner, FactSql(scope, plain, alone, widened));
    value = "\"l0\"";
  } else {
    NL_ASSIGN_OR_RETURN(inner, RowByRow(scope, plain, alone, widened));
  }
  const std::string name = fmt::format("b{}", scope.ctes.size());
  scope.ctes.emplace_back(name, inner);
  std::string spine;
  if (facts.range.from && facts.range.to) {
    NL_ASSIGN_OR_RETURN(spine, SpineSql(facts.range, axis, calendar));
  } else {
    const std::string period = TruncateSql("\"axis\"", axis, calendar);
    std::string periods = fmt::format("SELECT {} AS \"axis\" FROM \"{}\"", period, name);
    if (facts.range.from) {
      periods += " WHERE " + period + " >= " + TimestampSql(Truncate(*facts.range.from, axis, calendar));
    }
    spine = SpineOverSql(periods, axis);
  }
  const std::string end = "\"s\".\"axis\" + " + IntervalSql(axis, 1);
  const std::string lower = LowerBound(metric, "\"s\".\"axis\"", end, calendar);
  std::vector<std::string> columns{"\"s\".\"axis\" AS \"axis\""}, keys{"\"s\".\"axis\""};
  for (size_t i = 0; i < facts.grouping.dimensions.size(); ++i) {
    columns.push_back(fmt::format("\"b\".\"d{0}\" AS \"d{0}\"", i));
    keys.push_back(fmt::format("\"b\".\"d{}\"", i));
  }
  Leaf outer = plain.leaves.front();
  if (is_additive) outer.aggregation = Aggregation::kSum;
  NL_ASSIGN_OR_RETURN(const std::string aggregate, AggregateSql(outer, "\"b\"." + value, "", "\"b\".\"axis\""));
  columns.push_back(fmt::format("{} AS \"l{}\"", aggregate, index));
  return fmt::format("SELECT {} FROM ({}) AS \"s\" JOIN \"{}\" AS \"b\" ON \"b\".\"axis\" < {}{} GROUP BY {}",
                     JoinText(columns, ", "), spine, name, end, lower.empty() ? "" : " AND \"b\".\"axis\" >= " + lower,
                     JoinText(keys, ", "));
}

Result<std::string> ConversionSql(Scope& scope, const MetricPlan& plan, const FactGroup& group,
                                  const FactScope& facts) {
  const size_t index = group.leaves.front();
  const Leaf& leaf = plan.leaves[index];
  const semantic::Metric& metric = *leaf.metric;
  NL_ASSIGN_OR_RETURN(const semantic::Entity* target, EntityOf(scope, metric.target_entity));
  const semantic::Measure* measure = FindMeasure(*target, metric.target_measure);
  if (measure == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument, "the entity has no such measure: {}.{}", metric.target_entity,
                     metric.target_measure);
  }
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* key,
                      DimensionOf(scope, {leaf.entity->name, metric.conversion_key, {}}));
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* target_key,
                      DimensionOf(scope, {target->name, metric.conversion_key, {}}));
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* time, OwnTime(scope, *leaf.entity, group.time));
  NL_ASSIGN_OR_RETURN(const FieldRef target_field,
                      TimeFieldOf(scope, *target, measure->time.empty() ? target->default_time : measure->time));
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* target_time, OwnTime(scope, *target, target_field));
  NL_ASSIGN_OR_RETURN(FactRows rows, RowsOf(scope, plan, group, facts));
  if (!rows.to_leaf.empty()) return NotOverMany(leaf);
  scope.tables.insert(target->table);
  scope.members.insert(target->name + "." + measure->name);
  std::vector<std::string> conditions;
  if (!target->filter.empty()) conditions.push_back("(" + target->filter + ")");
  if (!measure->filter.empty()) conditions.push_back("(" + measure->filter + ")");
  if (!measure->expr.empty()) conditions.push_back("(" + measure->expr + ") IS NOT NULL");
  const std::string key_column = rows.relation.Column({}, key->expr, key->name);
  const std::string time_column = rows.relation.Column({}, time->expr, time->name);
  const std::string from_time = LocalSql("\"b\"." + Relation::NameOnly(time_column), *time, scope.zone);
  std::string within;
  if (metric.window > 0) {
    within = fmt::format(" AND \"c\".\"t\" < {} + {}", from_time, IntervalSql(*metric.window_grain, metric.window));
  }
  rows.relation.ExtendRoot(fmt::format(
      "EXISTS (SELECT 1 FROM (SELECT {} AS \"k\", {} AS \"t\" FROM {}{}) AS \"c\" WHERE \"c\".\"k\" = \"b\".{} AND "
      "\"c\".\"t\" >= {}{}) AS \"converted\"",
      target_key->expr, LocalSql(target_time->expr, *target_time, scope.zone), TableSql(target->table),
      conditions.empty() ? "" : " WHERE " + JoinText(conditions, " AND "), Relation::NameOnly(key_column), from_time,
      within));
  NL_ASSIGN_OR_RETURN(const LeafRow row, RowOf(scope, rows, leaf));
  std::string counts = row.condition.empty() ? "TRUE" : row.condition;
  if (!row.value.empty()) counts += " AND " + row.value + " IS NOT NULL";
  const std::string converted = key_column.substr(0, key_column.find('.')) + ".\"converted\"";
  return rows.Sql(facts.grouping,
                  {fmt::format("CAST(count(DISTINCT {0}) FILTER (WHERE {1} AND {2}) AS DOUBLE) / NULLIF(count(DISTINCT "
                               "{0}) FILTER (WHERE {1}), 0) AS \"l{3}\"",
                               key_column, counts, converted, index)},
                  true);
}

}  // namespace neurolake::ask::compile
