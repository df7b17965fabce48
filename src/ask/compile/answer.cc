#include "ask/compile/internal/answer.h"

#include <algorithm>

#include "ask/compile/internal/periods.h"
#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

bool LooksBack(CalculationKind kind) {
  return kind == CalculationKind::kRollingSum || kind == CalculationKind::kRollingAverage ||
         kind == CalculationKind::kGrowth || kind == CalculationKind::kDifference || kind == CalculationKind::kToDate;
}

bool NeedsNoGaps(CalculationKind kind) { return LooksBack(kind) && kind != CalculationKind::kToDate; }

bool IsAlongTheAxis(CalculationKind kind) { return LooksBack(kind) || kind == CalculationKind::kCumulative; }

std::vector<size_t> AllMetrics(const MetricPlan& plan) {
  std::vector<size_t> all;
  for (size_t i = 0; i < plan.formulas.size(); ++i) all.push_back(i);
  return all;
}

}  // namespace

std::vector<std::string> Answer::Keys(const std::string& alias) const {
  std::vector<std::string> keys;
  for (const std::string& column : facts_.grouping.Columns()) keys.push_back(QuoteIdentifier(alias) + "." + column);
  return keys;
}

std::string Answer::SameKeys(const std::string& a, const std::string& b, bool with_axis) const {
  std::vector<std::string> same;
  if (with_axis && facts_.grouping.axis) same.push_back(fmt::format("\"{}\".\"axis\" = \"{}\".\"axis\"", a, b));
  for (size_t i = 0; i < facts_.grouping.dimensions.size(); ++i) {
    same.push_back(fmt::format("\"{0}\".\"d{2}\" IS NOT DISTINCT FROM \"{1}\".\"d{2}\"", a, b, i));
  }
  return same.empty() ? "TRUE" : JoinText(same, " AND ");
}

bool Answer::RanksGroups() const {
  return intent_.rank && facts_.grouping.axis && !facts_.grouping.dimensions.empty() && !intent_.rank->per_period;
}

Result<void> Answer::Plan() {
  for (const MetricUse& use : intent_.metrics) NL_RETURN_IF_ERROR(AddMetric(scope_, use, plan_));
  facts_ = {.intent = &intent_,
            .grouping = {.axis = intent_.time.grain, .dimensions = intent_.dimensions},
            .range = intent_.time.range};
  NL_RETURN_IF_ERROR(CheckUnits());
  return CheckCalculations();
}

Result<void> Answer::CheckCalculations() {
  for (const Calculation& calculation : intent_.calculations) {
    const bool is_rolling =
        calculation.kind == CalculationKind::kRollingSum || calculation.kind == CalculationKind::kRollingAverage;
    if (is_rolling && (calculation.window < 2 || calculation.window > 1000)) {
      return MakeError(ErrorCode::kInvalidArgument, "a rolling window has 2 to 1000 periods, not: {}",
                       calculation.window);
    }
    if (calculation.kind == CalculationKind::kToDate && !calculation.grain) {
      return MakeError(ErrorCode::kInvalidArgument, "a number to date names the grain that it starts again with");
    }
    if (IsAlongTheAxis(calculation.kind) && !facts_.grouping.axis) {
      return MakeError(ErrorCode::kInvalidArgument, "a calculation along time needs a time axis (time.grain)");
    }
  }
  return {};
}

/// The facts, from as far back as something looks.
Result<void> Answer::Base() {
  CombineOptions options{.name = "base", .metrics = AllMetrics(plan_)};
  options.keep_empty = intent_.keep_empty;
  options.fill = intent_.time.fill_gaps || (intent_.keep_empty && facts_.grouping.axis);
  FactScope facts = facts_;
  for (const Calculation& calculation : intent_.calculations) {
    if (IsAlongTheAxis(calculation.kind)) options.keep_leaves = true;
    if (NeedsNoGaps(calculation.kind)) options.fill = true;
    const auto& from = intent_.time.range.from;
    if (!LooksBack(calculation.kind) || !from || !IsAligned(*from, *facts.grouping.axis, scope_.model.calendar))
      continue;
    LocalTime back = Advance(*from, *facts.grouping.axis, -std::max<int64_t>(calculation.window - 1, 1));
    if (calculation.kind == CalculationKind::kToDate) back = Truncate(*from, *calculation.grain, scope_.model.calendar);
    if (back < *facts.range.from) facts.range.from = back;
    shown_from_ = from;
    scope_.Assume("calculations", "what looks back also uses the periods before the range");
  }
  stage_ = "base";
  return Combine(scope_, plan_, facts, options);
}

Result<TimeRange> Answer::ComparedRange(const Comparison& comparison) const {
  const TimeRange& range = intent_.time.range;
  const auto& axis = facts_.grouping.axis;
  switch (comparison.kind) {
    case ComparisonKind::kPreviousPeriod:
      if (axis) return Shift(range, *axis, -1);
      if (!range.from || !range.to) {
        return MakeError(ErrorCode::kInvalidArgument, "a range without an end has no period before it; give both ends");
      }
      return Before(range);
    case ComparisonKind::kOffset: {
      if (comparison.count < 1 || comparison.count > 1000) {
        return MakeError(ErrorCode::kInvalidArgument, "a comparison goes back 1 to 1000 periods, not: {}",
                         comparison.count);
      }
      TimeRange shifted = Shift(range, comparison.grain, -comparison.count);
      if (axis == TimeGrain::kWeek && comparison.grain == TimeGrain::kYear) {  // Whole weeks of the same number.
        if (shifted.from) *shifted.from -= std::chrono::days(7);
        if (shifted.to) *shifted.to += std::chrono::days(7);
      }
      return shifted;
    }
    case ComparisonKind::kSameWeekday: return Shift(range, TimeGrain::kWeek, -52);
    case ComparisonKind::kRange: break;
  }
  if (!comparison.range.from || !comparison.range.to) {
    return MakeError(ErrorCode::kInvalidArgument, "a range to compare with has both ends");
  }
  if (axis && !range.from) {
    return MakeError(ErrorCode::kInvalidArgument, "two ranges meet period by period, so both have a start");
  }
  return comparison.range;
}

/// Which row of the other time stands beside a row of this one.
Result<std::string> Answer::MeetsSql(const Comparison& comparison, const std::string& other) const {
  const TimeGrain axis = *facts_.grouping.axis;
  const std::string mine = "\"b\".\"axis\"", theirs = QuoteIdentifier(other) + ".\"axis\"";
  const std::string type = IsDateGrain(axis) ? "DATE" : "TIMESTAMP";
  const auto back = [&](TimeGrain grain, int64_t count) {
    return fmt::format("{} = CAST({} - {} AS {})", theirs, mine, IntervalSql(grain, count), type);
  };
  switch (comparison.kind) {
    case ComparisonKind::kPreviousPeriod: return back(axis, 1);
    case ComparisonKind::kOffset:
      if (axis == TimeGrain::kWeek && comparison.grain == TimeGrain::kYear) {
        return fmt::format(
            "date_part('isoyear', {0}) = date_part('isoyear', {1}) - {2} AND date_part('week', {0}) = "
            "date_part('week', {1})",
            theirs, mine, comparison.count);
      }
      if (!Divides(axis, comparison.grain) &&
          !(axis == TimeGrain::kFiscalQuarter && comparison.grain == TimeGrain::kYear) &&
          !(axis == TimeGrain::kFiscalYear && comparison.grain == TimeGrain::kYear)) {
        return MakeError(ErrorCode::kInvalidArgument, "periods of the axis do not meet when moved by another: {} by {}",
                         TimeGrainName(axis), TimeGrainName(comparison.grain));
      }
      return back(comparison.grain, comparison.count);
    case ComparisonKind::kSameWeekday:
      if (axis > TimeGrain::kWeek) {
        return MakeError(ErrorCode::kInvalidArgument, "same weekdays are compared by day or week, not by: {}",
                         TimeGrainName(axis));
      }
      return back(TimeGrain::kWeek, 52);
    case ComparisonKind::kRange: break;
  }
  const std::string unit(axis >= TimeGrain::kMonth ? "month" : axis == TimeGrain::kWeek ? "day" : TimeGrainName(axis));
  const auto nth = [&](LocalTime from, const std::string& column) {
    return fmt::format("date_diff('{}', {}, CAST({} AS TIMESTAMP))", unit,
                       TimestampSql(Truncate(from, axis, scope_.model.calendar)), column);
  };
  return nth(*comparison.range.from, theirs) + " = " + nth(*intent_.time.range.from, mine);
}

Result<void> Answer::Comparisons() {
  const auto& comparisons = intent_.time.comparisons;
  if (comparisons.empty()) return {};
  if (!facts_.grouping.axis && !intent_.time.range.from && !intent_.time.range.to) {
    return MakeError(ErrorCode::kInvalidArgument, "a comparison over time needs a time range or a time axis");
  }
  const std::vector<std::string> columns = facts_.grouping.Columns();
  std::vector<std::string> select, joins, keys;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    const std::string name = fmt::format("then{}", i);
    FactScope facts = facts_;
    NL_ASSIGN_OR_RETURN(facts.range, ComparedRange(comparisons[i]));
    NL_RETURN_IF_ERROR(Combine(scope_, plan_, facts, {.name = name, .metrics = AllMetrics(plan_)}));
    for (size_t m = 0; m < plan_.formulas.size(); ++m) {
      select.push_back(fmt::format("\"{}\".\"m{}\" AS \"c{}m{}\"", name, m, i, m));
    }
    std::string on = SameKeys(facts_.grouping.axis ? "b" : "k", name, false);
    if (facts_.grouping.axis) {
      NL_ASSIGN_OR_RETURN(const std::string meets, MeetsSql(comparisons[i], name));
      on = meets + " AND " + on;
    }
    joins.push_back(fmt::format("LEFT JOIN \"{0}\" ON {1}", name, on));
    keys.push_back("SELECT " + JoinText(columns, ", ") + " FROM " + QuoteIdentifier(name));
  }
  std::string sql;
  if (facts_.grouping.axis || columns.empty()) {
    sql = fmt::format("SELECT \"b\".*, {} FROM \"base\" AS \"b\" {}", JoinText(select, ", "), JoinText(joins, " "));
  } else {
    // What is there in any of the times has a row.
    keys.insert(keys.begin(), "SELECT " + JoinText(columns, ", ") + " FROM \"base\"");
    sql =
        fmt::format("SELECT \"k\".*, \"b\".* EXCLUDE ({}), {} FROM ({}) AS \"k\" LEFT JOIN \"base\" AS \"b\" ON {} {}",
                    JoinText(columns, ", "), JoinText(select, ", "), JoinText(keys, " UNION "),
                    SameKeys("k", "b", false), JoinText(joins, " "));
  }
  stage_ = "compared";
  scope_.ctes.emplace_back(stage_, sql);
  return {};
}

Result<std::string> Answer::Sql() {
  NL_RETURN_IF_ERROR(Plan());
  NL_RETURN_IF_ERROR(Base());
  NL_RETURN_IF_ERROR(Comparisons());
  NL_RETURN_IF_ERROR(AlongTheAxis());
  NL_RETURN_IF_ERROR(OverTheWhole());
  return Final();
}

}  // namespace neurolake::ask::compile
