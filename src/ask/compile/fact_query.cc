#include "ask/compile/internal/fact_query.h"

#include <algorithm>

#include "ask/compile/internal/fact_parts.h"
#include "ask/compile/internal/periods.h"
#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

constexpr int64_t kPeriodsMax = 100'000;

bool NeedsTime(const FactScope& facts, const Leaf& leaf) {
  return facts.grouping.axis || facts.range.from || facts.range.to || leaf.mode != Leaf::Mode::kPlain ||
         leaf.aggregation == Aggregation::kFirst || leaf.aggregation == Aggregation::kLast;
}

bool Reaches(const Scope& scope, const semantic::Entity& from, const std::string& entity) {
  const semantic::Entity* to = FindEntity(scope.model, entity);
  return to != nullptr && !ToOnePaths(scope.model, from, *to).empty();
}

std::unexpected<Error> FansOut(const Leaf& leaf, const std::string& dimension) {
  auto error =
      MakeError(ErrorCode::kBindError,
                "a number cannot be split by a dimension that each of its rows has several of, or none: {} by {}",
                leaf.label, dimension);
  return std::unexpected(std::move(error.error()).With("metric", leaf.label));
}

/// The leaves' entity, or the one on its many side from which all dimensions are reached.
Result<const semantic::Entity*> RootOf(Scope& scope, const MetricPlan& plan, const FactGroup& group,
                                       const FactScope& facts) {
  const Leaf& first = plan.leaves[group.leaves.front()];
  const auto reaches_all = [&](const semantic::Entity& root) {
    return std::ranges::all_of(facts.grouping.dimensions,
                               [&](const DimensionUse& use) { return Reaches(scope, root, use.field.entity); });
  };
  if (reaches_all(*first.entity)) return first.entity;
  for (const DimensionUse& use : facts.grouping.dimensions) {
    NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope, use.field.entity));
    if (Reaches(scope, *first.entity, entity->name)) continue;
    const std::string name = use.field.entity + "." + use.field.name;
    std::vector<const semantic::Entity*> roots = ManySidesOf(scope.model, *first.entity, *entity);
    std::erase_if(roots, [&](const semantic::Entity* root) { return !reaches_all(*root); });
    if (roots.size() != 1) return FansOut(first, name);
    for (const size_t index : group.leaves) {
      const Leaf& leaf = plan.leaves[index];
      if (!IsSafeUnderRepetition(leaf)) return FansOut(leaf, name);
    }
    scope.Assume("dimensions",
                 fmt::format("{} counts once under each value of {} that it has; the parts may add up to more than the "
                             "whole, and those without any are left out",
                             first.entity->label, name));
    return roots.front();
  }
  return first.entity;
}

Result<std::string> DimensionSql(Scope& scope, Relation& relation, const DimensionUse& use) {
  if (!use.grain && !use.part) return relation.Field(use.field);
  if (use.grain && use.part) {
    return MakeError(ErrorCode::kInvalidArgument, "a dimension has a grain or a part, not both: {}.{}",
                     use.field.entity, use.field.name);
  }
  NL_ASSIGN_OR_RETURN(const std::string local, relation.LocalTimeOf(use.field));
  return use.part ? PartSql(local, *use.part) : TruncateSql(local, *use.grain, scope.model.calendar);
}

/// Rows without the time are in no period.
Result<void> AddNullTimeCheck(Scope& scope, const semantic::Entity& root, const FieldRef& time) {
  Relation relation(scope, root);
  NL_ASSIGN_OR_RETURN(const std::string column, relation.Field(time));
  scope.Check(
      {.kind = CheckQuery::Kind::kNullTime,
       .sql = fmt::format("SELECT count(*) AS problem_rows FROM {} WHERE {} IS NULL", relation.FromSql(), column),
       .meaning = fmt::format("rows of {} without {}.{}: they are in no period", root.name, time.entity, time.name)});
  return {};
}

}  // namespace

std::vector<std::string> Grouping::Columns() const {
  std::vector<std::string> columns;
  if (axis) columns.push_back("\"axis\"");
  for (size_t i = 0; i < dimensions.size(); ++i) columns.push_back(fmt::format("\"d{}\"", i));
  return columns;
}

Result<std::vector<FactGroup>> GroupLeaves(Scope& scope, const MetricPlan& plan, const std::vector<size_t>& leaves,
                                           const FactScope& facts) {
  std::vector<FactGroup> groups;
  for (const size_t index : leaves) {
    const Leaf& leaf = plan.leaves[index];
    FieldRef time;
    if (NeedsTime(facts, leaf)) {
      time = facts.intent->time.field;
      if (time.name.empty()) {
        NL_ASSIGN_OR_RETURN(time, TimeFieldOf(scope, *leaf.entity, leaf.time));
        NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope, time));
        scope.Assume("time.field", fmt::format("{} by {}", leaf.label, dimension->label));
      }
    }
    const auto fits = [&](const FactGroup& group) {
      const Leaf& other = plan.leaves[group.leaves.front()];
      return other.mode == Leaf::Mode::kPlain && leaf.mode == Leaf::Mode::kPlain && other.entity == leaf.entity &&
             group.time == time;
    };
    const auto known = std::ranges::find_if(groups, fits);
    if (known != groups.end()) {
      known->leaves.push_back(index);
    } else {
      groups.push_back({{index}, time});
    }
  }
  return groups;
}

std::string FactRows::Sql(const Grouping& grouping, const std::vector<std::string>& values, bool is_grouped) const {
  const std::vector<std::string> names = grouping.Columns();
  std::vector<std::string> columns;
  for (size_t i = 0; i < names.size(); ++i) columns.push_back(group[i] + " AS " + names[i]);
  columns.insert(columns.end(), values.begin(), values.end());
  std::string sql = "SELECT " + JoinText(columns, ", ") + " FROM " + relation.FromSql();
  if (!where.empty()) sql += " WHERE " + JoinText(where, " AND ");
  if (is_grouped && !group.empty()) sql += " GROUP BY " + JoinText(group, ", ");
  return sql;
}

Result<FactRows> RowsOf(Scope& scope, const MetricPlan& plan, const FactGroup& group, const FactScope& facts) {
  const Leaf& first = plan.leaves[group.leaves.front()];
  NL_ASSIGN_OR_RETURN(const semantic::Entity* root, RootOf(scope, plan, group, facts));
  FactRows rows{.relation = Relation(scope, *root), .time = group.time};
  if (root != first.entity) {
    NL_ASSIGN_OR_RETURN(rows.to_leaf, FindPath(scope.model, *root, *first.entity, {}));
  }
  if (facts.grouping.axis) {
    NL_ASSIGN_OR_RETURN(const std::string local, rows.relation.LocalTimeOf(group.time));
    rows.group.push_back(TruncateSql(local, *facts.grouping.axis, scope.model.calendar));
    rows.where.push_back(local + " IS NOT NULL");
    NL_RETURN_IF_ERROR(AddNullTimeCheck(scope, *root, group.time));
  }
  for (const DimensionUse& use : facts.grouping.dimensions) {
    NL_ASSIGN_OR_RETURN(std::string sql, DimensionSql(scope, rows.relation, use));
    rows.group.push_back(std::move(sql));
  }
  if (facts.range.from || facts.range.to) {
    NL_ASSIGN_OR_RETURN(std::vector<std::string> range, RangeSql(scope, rows.relation, group.time, facts.range));
    rows.where.insert(rows.where.end(), range.begin(), range.end());
  }
  NL_ASSIGN_OR_RETURN(std::vector<std::string> filters, FiltersSql(scope, rows.relation, facts.intent->filters));
  rows.where.insert(rows.where.end(), filters.begin(), filters.end());
  for (const SetCondition& set : facts.intent->sets) {
    NL_ASSIGN_OR_RETURN(std::string condition, SetSql(scope, rows.relation, set));
    rows.where.push_back(std::move(condition));
  }
  return rows;
}

Result<LeafRow> RowOf(Scope& scope, FactRows& rows, const Leaf& leaf) {
  LeafRow row;
  std::vector<std::string> conditions;
  for (const std::string& condition : leaf.row_conditions) {
    conditions.push_back(rows.relation.Column(rows.to_leaf, "(" + condition + ")", "counts"));
  }
  if (leaf.field) {
    NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope, *leaf.field));
    if (dimension->type == semantic::DimensionType::kTime) {
      NL_ASSIGN_OR_RETURN(row.value, rows.relation.LocalTimeOf(*leaf.field));
    } else {
      NL_ASSIGN_OR_RETURN(row.value, rows.relation.Field(*leaf.field));
    }
  } else if (!leaf.expr.empty()) {
    row.value = rows.relation.Column(rows.to_leaf, "(" + leaf.expr + ")", "value");
  }
  if (!rows.to_leaf.empty() && leaf.aggregation == Aggregation::kCount) {
    if (!row.value.empty()) conditions.push_back(row.value + " IS NOT NULL");
    std::vector<std::string> key;
    for (const std::string& column : leaf.entity->primary_key) {
      key.push_back(rows.relation.Column(rows.to_leaf, QuoteIdentifier(column), column));
    }
    row.value = "DISTINCT " + key.front();
    if (key.size() > 1) {
      for (const std::string& column : key) conditions.push_back(column + " IS NOT NULL");
      row.value = "DISTINCT row(" + JoinText(key, ", ") + ")";
    }
  }
  NL_ASSIGN_OR_RETURN(const bool needs_exists, NeedsExists(scope, rows.relation, leaf.filters));
  if (needs_exists) {  // FILTER takes no sub-query.
    return MakeError(ErrorCode::kBindError,
                     "a condition of one number is on what its rows have several of; make it one of the question: {}",
                     leaf.label);
  }
  NL_ASSIGN_OR_RETURN(const std::vector<std::string> filters, FiltersSql(scope, rows.relation, leaf.filters));
  conditions.insert(conditions.end(), filters.begin(), filters.end());
  row.condition = JoinText(conditions, " AND ");
  return row;
}

Result<std::string> FactSql(Scope& scope, const MetricPlan& plan, const FactGroup& group, const FactScope& facts) {
  const Leaf& first = plan.leaves[group.leaves.front()];
  switch (first.mode) {
    case Leaf::Mode::kSemiAdditive: return SemiAdditiveSql(scope, plan, group, facts);
    case Leaf::Mode::kCumulative: return CumulativeSql(scope, plan, group, facts);
    case Leaf::Mode::kConversion: return ConversionSql(scope, plan, group, facts);
    case Leaf::Mode::kPlain: break;
  }
  NL_ASSIGN_OR_RETURN(FactRows rows, RowsOf(scope, plan, group, facts));
  std::vector<std::string> values;
  bool all_filtered = !rows.group.empty();
  std::vector<std::string> some;
  for (const size_t index : group.leaves) {
    const Leaf& leaf = plan.leaves[index];
    NL_ASSIGN_OR_RETURN(const LeafRow row, RowOf(scope, rows, leaf));
    std::string time;
    if (!group.time.name.empty()) {
      NL_ASSIGN_OR_RETURN(time, rows.relation.LocalTimeOf(group.time));
    }
    NL_ASSIGN_OR_RETURN(const std::string sql, AggregateSql(leaf, row.value, row.condition, time));
    values.push_back(fmt::format("{} AS \"l{}\"", sql, index));
    all_filtered = all_filtered && !row.condition.empty();
    some.push_back("(" + row.condition + ")");
  }
  // A group without any row that one of the numbers counts is no group of the answer.
  if (all_filtered) rows.where.push_back(some.size() == 1 ? some.front() : "(" + JoinText(some, " OR ") + ")");
  return rows.Sql(facts.grouping, values, true);
}

Result<std::string> SpineSql(const TimeRange& range, TimeGrain grain, const semantic::Calendar& calendar) {
  if (CountPeriods(range, grain, calendar) > kPeriodsMax) {
    return MakeError(ErrorCode::kInvalidArgument, "the range has too many periods for its grain: more than {}",
                     kPeriodsMax);
  }
  const LocalTime first = Truncate(*range.from, grain, calendar);
  const LocalTime last = Truncate(*range.to - std::chrono::seconds(1), grain, calendar);
  return fmt::format("SELECT CAST(\"s\".\"p\" AS {}) AS \"axis\" FROM generate_series({}, {}, {}) AS \"s\"(\"p\")",
                     IsDateGrain(grain) ? "DATE" : "TIMESTAMP", TimestampSql(first), TimestampSql(last),
                     IntervalSql(grain, 1));
}

std::string SpineOverSql(const std::string& query, TimeGrain grain) {
  return fmt::format(
      "SELECT CAST(unnest(generate_series(CAST(min(\"axis\") AS TIMESTAMP), CAST(max(\"axis\") AS TIMESTAMP), {})) AS "
      "{}) "
      "AS \"axis\" FROM ({})",
      IntervalSql(grain, 1), IsDateGrain(grain) ? "DATE" : "TIMESTAMP", query);
}

}  // namespace neurolake::ask::compile
