#include "ask/compile/internal/combined.h"

#include <algorithm>
#include <map>

#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

std::vector<size_t> LeavesOfAll(const MetricPlan& plan, const std::vector<size_t>& metrics) {
  std::vector<size_t> leaves;
  for (const size_t metric : metrics) {
    for (const size_t leaf : plan.LeavesOf(metric)) {
      if (std::ranges::find(leaves, leaf) == leaves.end()) leaves.push_back(leaf);
    }
  }
  return leaves;
}

/// Every value of the dimensions that their entity has, under the question's conditions.
Result<std::string> AllValuesSql(Scope& scope, const FactScope& facts) {
  const std::vector<DimensionUse>& dimensions = facts.grouping.dimensions;
  if (dimensions.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "there is no dimension whose values without rows could be kept");
  }
  for (const DimensionUse& use : dimensions) {
    if (!EqualsIgnoringCase(use.field.entity, dimensions.front().field.entity) || use.grain || use.part) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "values without rows can be kept for dimensions of one entity, not over: {}.{}",
                       use.field.entity, use.field.name);
    }
  }
  NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope, dimensions.front().field.entity));
  Relation relation(scope, *entity);
  std::vector<std::string> columns, conditions;
  for (size_t i = 0; i < dimensions.size(); ++i) {
    NL_ASSIGN_OR_RETURN(const std::string field,
                        relation.Field({dimensions[i].field.entity, dimensions[i].field.name, {}}));
    columns.push_back(fmt::format("{} AS \"d{}\"", field, i));
  }
  for (const FilterGroup& group : facts.intent->filters) {
    const auto is_own = [&](const Filter& filter) { return EqualsIgnoringCase(filter.field.entity, entity->name); };
    if (!std::ranges::all_of(group.any_of, is_own)) continue;
    FilterGroup own = group;
    for (Filter& filter : own.any_of) filter.field.via.clear();
    NL_ASSIGN_OR_RETURN(const auto more, FiltersSql(scope, relation, {own}));
    conditions.insert(conditions.end(), more.begin(), more.end());
  }
  return "SELECT DISTINCT " + JoinText(columns, ", ") + " FROM " + relation.FromSql() +
         (conditions.empty() ? "" : " WHERE " + JoinText(conditions, " AND "));
}

/// Rows with nothing but periods and values.
Result<std::string> EmptyRowsSql(Scope& scope, const FactScope& facts, const CombineOptions& options,
                                 const std::vector<std::string>& names) {
  const std::vector<std::string> keys = facts.grouping.Columns();
  std::string values;
  if (options.keep_empty) {
    NL_ASSIGN_OR_RETURN(values, AllValuesSql(scope, facts));
    if (!facts.grouping.axis) return values;
  } else if (!facts.grouping.dimensions.empty()) {
    std::vector<std::string> dimensions(keys.begin() + 1, keys.end()), parts;
    for (const std::string& name : names) {
      parts.push_back("SELECT " + JoinText(dimensions, ", ") + " FROM " + QuoteIdentifier(name));
    }
    values = JoinText(parts, " UNION ");
    if (parts.size() == 1) values = "SELECT DISTINCT" + values.substr(6);
  }
  std::string spine;
  if (facts.range.from && facts.range.to) {
    NL_ASSIGN_OR_RETURN(spine, SpineSql(facts.range, *facts.grouping.axis, scope.model.calendar));
  } else {
    std::vector<std::string> parts;
    for (const std::string& name : names) parts.push_back("SELECT \"axis\" FROM " + QuoteIdentifier(name));
    spine = SpineOverSql(JoinText(parts, " UNION ALL "), *facts.grouping.axis);
  }
  if (values.empty()) return spine;
  return fmt::format("SELECT \"s\".\"axis\", \"v\".* FROM ({}) AS \"s\" CROSS JOIN ({}) AS \"v\"", spine, values);
}

}  // namespace

Result<void> Combine(Scope& scope, const MetricPlan& plan, const FactScope& facts, const CombineOptions& options) {
  const std::vector<size_t> leaves = LeavesOfAll(plan, options.metrics);
  NL_ASSIGN_OR_RETURN(const std::vector<FactGroup> groups, GroupLeaves(scope, plan, leaves, facts));
  std::vector<std::string> names;
  for (const FactGroup& group : groups) {
    NL_ASSIGN_OR_RETURN(const std::string sql, FactSql(scope, plan, group, facts));
    names.push_back(fmt::format("{}_{}", options.name, names.size()));
    scope.ctes.emplace_back(names.back(), sql);
  }
  const bool adds_rows = (options.fill && facts.grouping.axis) || options.keep_empty;
  const std::vector<std::string> keys = facts.grouping.Columns();
  std::vector<std::string> columns = keys;
  const bool is_single = names.size() == 1 && !adds_rows;
  std::map<size_t, std::string> leaf_sql;
  for (const size_t leaf : leaves) {
    std::string value = fmt::format("\"l{}\"", leaf);
    if (!is_single) {
      value = "any_value(" + value + ")";
      if (IsZeroWhenMissing(plan.leaves[leaf])) value = "coalesce(" + value + ", 0)";
    }
    leaf_sql[leaf] = value;
    if (options.keep_leaves) columns.push_back(fmt::format("{} AS \"l{}\"", value, leaf));
  }
  for (const size_t metric : options.metrics) {
    const std::string value = semantic::FormulaSql(
        plan.formulas[metric], [&](const std::string& index) { return leaf_sql[std::stoul(index)]; });
    columns.push_back(fmt::format("{} AS \"m{}\"", value, metric));
  }
  std::string sql;
  if (is_single) {
    columns.push_back("1 AS \"present\"");
    sql = "SELECT " + JoinText(columns, ", ") + " FROM " + QuoteIdentifier(names.front());
  } else {
    std::vector<std::string> arms;
    for (const std::string& name : names) arms.push_back("SELECT *, 1 AS \"present\" FROM " + QuoteIdentifier(name));
    if (adds_rows) {
      NL_ASSIGN_OR_RETURN(std::string empty, EmptyRowsSql(scope, facts, options, names));
      arms.push_back("(" + empty + ")");
    }
    columns.push_back("any_value(\"present\") AS \"present\"");
    sql = fmt::format("SELECT {} FROM ({}) AS \"u\"{}", JoinText(columns, ", "), JoinText(arms, " UNION ALL BY NAME "),
                      keys.empty() ? "" : " GROUP BY " + JoinText(keys, ", "));
  }
  scope.ctes.emplace_back(options.name, sql);
  return {};
}

}  // namespace neurolake::ask::compile
