#include <algorithm>

#include "ask/compile/internal/answer.h"
#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

using semantic::Formula;

bool IsNumber(const Formula& formula) { return formula.kind == Formula::Kind::kNumber; }

/// Whether sums of the metric over groups are the metric over all of them.
bool IsLinear(const MetricPlan& plan, const Formula& formula) {
  const auto linear = [&](size_t index) { return IsLinear(plan, formula.arguments[index]); };
  switch (formula.kind) {
    case Formula::Kind::kMetric: return IsAdditive(plan.leaves[std::stoul(formula.text)]);
    case Formula::Kind::kNegate: return linear(0);
    case Formula::Kind::kAdd:
    case Formula::Kind::kSubtract: return linear(0) && linear(1);
    case Formula::Kind::kMultiply:
      return (IsNumber(formula.arguments[0]) && linear(1)) || (IsNumber(formula.arguments[1]) && linear(0));
    case Formula::Kind::kDivide: return IsNumber(formula.arguments[1]) && linear(0);
    case Formula::Kind::kNumber:
    case Formula::Kind::kCall: return false;
  }
  return false;
}

bool IsOneDistinctCount(const MetricPlan& plan, const Formula& formula) {
  if (formula.kind != Formula::Kind::kMetric) return false;
  const Leaf& leaf = plan.leaves[std::stoul(formula.text)];
  return leaf.mode == Leaf::Mode::kPlain && leaf.aggregation == Aggregation::kCountDistinct;
}

/// Whether it is computed from the rows of the answer, not along its time axis.
bool IsOverTheWhole(CalculationKind kind) {
  return kind == CalculationKind::kShareOfTotal || kind == CalculationKind::kShareOfParent ||
         kind == CalculationKind::kRankPosition || kind == CalculationKind::kRatio;
}

}  // namespace

Result<std::string> Answer::AlongSql(const Calculation& calculation) const {
  const std::string metric = fmt::format("\"s\".\"m{}\"", calculation.metric);
  std::vector<std::string> partition;
  for (size_t i = 0; i < facts_.grouping.dimensions.size(); ++i) partition.push_back(fmt::format("\"s\".\"d{}\"", i));
  if (calculation.kind == CalculationKind::kToDate) {
    partition.push_back(TruncateSql("\"s\".\"axis\"", *calculation.grain, scope_.model.calendar));
  }
  const std::string by =
      (partition.empty() ? "" : "PARTITION BY " + JoinText(partition, ", ") + " ") + "ORDER BY \"s\".\"axis\"";
  const std::string window = fmt::format("{} ROWS BETWEEN {} PRECEDING AND CURRENT ROW", by, calculation.window - 1);
  switch (calculation.kind) {
    case CalculationKind::kGrowth:
      return fmt::format("CAST({0} - lag({0}) OVER ({1}) AS DOUBLE) / NULLIF(abs(lag({0}) OVER ({1})), 0)", metric, by);
    case CalculationKind::kDifference: return fmt::format("{0} - lag({0}) OVER ({1})", metric, by);
    case CalculationKind::kRollingAverage: return fmt::format("avg({}) OVER ({})", metric, window);
    default: break;
  }
  for (const size_t leaf : plan_.LeavesOf(calculation.metric)) {
    if (!IsAdditive(plan_.leaves[leaf])) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "sums over periods of this number mean nothing; define a cumulative metric for it: {}",
                       plan_.leaves[leaf].label);
    }
  }
  std::string over = calculation.kind == CalculationKind::kRollingSum
                         ? window
                         : by + " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
  std::string filter;
  if (calculation.kind == CalculationKind::kCumulative && shown_from_) {
    filter = " FILTER (WHERE \"s\".\"axis\" >= " + TimestampSql(*shown_from_) + ")";
  }
  return semantic::FormulaSql(plan_.formulas[calculation.metric], [&](const std::string& leaf) {
    return fmt::format("(sum(\"s\".\"l{}\"){} OVER ({}))", leaf, filter, over);
  });
}

Result<void> Answer::AlongTheAxis() {
  std::vector<std::string> select{"\"s\".*"};
  bool hides_filled = !intent_.time.fill_gaps && !intent_.keep_empty;
  for (size_t i = 0; i < intent_.calculations.size(); ++i) {
    const Calculation& calculation = intent_.calculations[i];
    if (IsOverTheWhole(calculation.kind)) continue;
    NL_ASSIGN_OR_RETURN(const std::string sql, AlongSql(calculation));
    select.push_back(fmt::format("{} AS \"k{}\"", sql, i));
  }
  if (select.size() == 1) return {};
  scope_.ctes.emplace_back("along", fmt::format("SELECT {} FROM \"{}\" AS \"s\"", JoinText(select, ", "), stage_));
  std::vector<std::string> shown;
  if (shown_from_) shown.push_back("\"axis\" >= " + TimestampSql(*shown_from_));
  if (hides_filled) shown.push_back("\"present\" IS NOT NULL");
  stage_ = "along";
  if (shown.empty()) return {};
  scope_.ctes.emplace_back("shown", "SELECT * FROM \"along\" WHERE " + JoinText(shown, " AND "));
  stage_ = "shown";
  return {};
}

/// What a share is of: the sum over the rows with the same values of some columns, or the number counted anew for them.
Result<std::string> Answer::OverSql(const Calculation& calculation, size_t index) {
  const std::string metric = fmt::format("\"s\".\"m{}\"", calculation.metric);
  if (calculation.kind == CalculationKind::kRatio) {
    return fmt::format("CAST({} AS DOUBLE) / NULLIF(\"s\".\"m{}\", 0) AS \"k{}\"", metric, calculation.of, index);
  }
  std::vector<std::string> partition;
  Grouping total;
  std::vector<std::string> same;
  if (facts_.grouping.axis && !facts_.grouping.dimensions.empty()) {
    partition.push_back("\"s\".\"axis\"");
    total.axis = facts_.grouping.axis;
    same.push_back(fmt::format("\"of{}\".\"axis\" = \"s\".\"axis\"", index));
  }
  for (const uint32_t dimension : calculation.per) {
    partition.push_back(fmt::format("\"s\".\"d{}\"", dimension));
    same.push_back(
        fmt::format("\"of{}\".\"d{}\" IS NOT DISTINCT FROM \"s\".\"d{}\"", index, total.dimensions.size(), dimension));
    total.dimensions.push_back(facts_.grouping.dimensions[dimension]);
  }
  const std::string over = partition.empty() ? "" : "PARTITION BY " + JoinText(partition, ", ");
  if (calculation.kind == CalculationKind::kRankPosition) {
    return fmt::format("rank() OVER ({}{}ORDER BY {} DESC NULLS LAST) AS \"k{}\"", over, over.empty() ? "" : " ",
                       metric, index);
  }
  const semantic::Formula& formula = plan_.formulas[calculation.metric];
  if (IsLinear(plan_, formula)) {
    return fmt::format("CAST({0} AS DOUBLE) / NULLIF(sum({0}) OVER ({1}), 0) AS \"k{2}\"", metric, over, index);
  }
  if (!IsOneDistinctCount(plan_, formula)) {
    return MakeError(ErrorCode::kInvalidArgument, "a share is of sums and counts, this number is neither: {}",
                     MetricName(scope_, intent_.metrics[calculation.metric]));
  }
  FactScope facts = facts_;
  facts.grouping = total;
  const std::string name = fmt::format("of{}", index);
  NL_RETURN_IF_ERROR(Combine(scope_, plan_, facts, {.name = name, .metrics = {calculation.metric}}));
  scope_.Assume("calculations",
                "shares of a distinct count are of all that is counted, so they may add up to more than 1");
  return fmt::format("CAST({} AS DOUBLE) / NULLIF((SELECT any_value(\"{}\".\"m{}\") FROM \"{}\"{}), 0) AS \"k{}\"",
                     metric, name, calculation.metric, name, same.empty() ? "" : " WHERE " + JoinText(same, " AND "),
                     index);
}

Result<void> Answer::OverTheWhole() {
  std::vector<std::string> select{"\"s\".*"};
  for (size_t i = 0; i < intent_.calculations.size(); ++i) {
    const Calculation& calculation = intent_.calculations[i];
    if (!IsOverTheWhole(calculation.kind)) continue;
    NL_ASSIGN_OR_RETURN(std::string sql, OverSql(calculation, i));
    select.push_back(std::move(sql));
  }
  if (select.size() == 1) return {};
  scope_.ctes.emplace_back("whole", fmt::format("SELECT {} FROM \"{}\" AS \"s\"", JoinText(select, ", "), stage_));
  stage_ = "whole";
  return {};
}

}  // namespace neurolake::ask::compile
