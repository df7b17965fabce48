#include <algorithm>

#include "ask/compile/internal/answer.h"
#include "ask/compile/internal/sql_text.h"
#include "ask/intent/kept_unit.h"
#include "ask/language/units.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

std::string_view Suffix(CalculationKind kind) {
  switch (kind) {
    case CalculationKind::kShareOfTotal: return "_share";
    case CalculationKind::kShareOfParent: return "_share_of_parent";
    case CalculationKind::kCumulative: return "_cumulative";
    case CalculationKind::kToDate: return "_to_date";
    case CalculationKind::kRollingSum: return "_rolling";
    case CalculationKind::kRollingAverage: return "_moving_average";
    case CalculationKind::kGrowth: return "_growth";
    case CalculationKind::kDifference: return "_change";
    case CalculationKind::kRankPosition: return "_rank";
    case CalculationKind::kRatio: return "_share";
  }
  return "_calculated";
}

std::string_view Words(CalculationKind kind) {
  switch (kind) {
    case CalculationKind::kShareOfTotal: return "share of the total";
    case CalculationKind::kShareOfParent: return "share within its group";
    case CalculationKind::kCumulative: return "running total";
    case CalculationKind::kToDate: return "to date";
    case CalculationKind::kRollingSum: return "rolling sum";
    case CalculationKind::kRollingAverage: return "rolling average";
    case CalculationKind::kGrowth: return "growth on the period before";
    case CalculationKind::kDifference: return "change from the period before";
    case CalculationKind::kRankPosition: return "rank";
    case CalculationKind::kRatio: return "share among all";
  }
  return "computed";
}

std::string Words(const Comparison& comparison) {
  switch (comparison.kind) {
    case ComparisonKind::kPreviousPeriod: return "period before";
    case ComparisonKind::kOffset:
      return comparison.count == 1
                 ? fmt::format("{} before", semantic::TimeGrainName(comparison.grain))
                 : fmt::format("{} {}s before", comparison.count, semantic::TimeGrainName(comparison.grain));
    case ComparisonKind::kSameWeekday: return "same weekdays 52 weeks before";
    case ComparisonKind::kRange: return "compared time";
  }
  return "compared time";
}

std::string NumberOf(const std::string& metric, const std::string& other, bool is_growth) {
  if (!is_growth) return fmt::format("{} - {}", metric, other);
  return fmt::format("CAST({0} - {1} AS DOUBLE) / NULLIF(abs({1}), 0)", metric, other);
}

/// Part of a column's name: letters and digits.
std::string WordsOfUnit(const std::string& unit) {
  std::string words;
  for (const char c : LowerAscii(unit)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) words += c;
    else if (!words.empty() && words.back() != '_') words += '_';
  }
  return words;
}

/// `value` as it is told: in megawatt hours where kilowatt hours are kept.
std::string Told(const Scope& scope, const MetricUse& use, const std::string& value) {
  const auto unit = use.unit.empty() ? std::nullopt : ParseUnit(TokenizeName(use.unit), KeptUnit(scope.model, use));
  if (!unit || unit->factor == 1) return value;
  return fmt::format("(({}) / CAST({:.17g} AS DOUBLE))", value, unit->factor);
}

}  // namespace

Result<void> Answer::CheckUnits() const {
  for (const MetricUse& use : intent_.metrics) {
    if (!use.unit.empty() && !AreConvertible(use.unit, KeptUnit(scope_.model, use))) {
      return MakeError(ErrorCode::kInvalidArgument, "the number is not kept in a unit that can be told so: {}",
                       use.unit);
    }
  }
  return {};
}

std::string MetricName(const Scope& scope, const MetricUse& use) {
  if (!use.label.empty()) return use.label;
  std::string name;
  if (!use.metric.empty()) {
    const semantic::Metric* metric = FindMetric(scope.model, use.metric);
    name = metric != nullptr ? metric->name : use.metric;
  } else {
    name = use.field.name.empty() ? LowerAscii(use.entity) : LowerAscii(use.field.name);
  }
  const bool is_named = !use.metric.empty();
  if (use.aggregation) return std::string(AggregationName(*use.aggregation)) + "_" + name;
  return is_named ? name : "count_" + name;
}

std::string ComparisonSuffix(const Comparison& comparison) {
  switch (comparison.kind) {
    case ComparisonKind::kPreviousPeriod: return "_previous";
    case ComparisonKind::kOffset:
      return fmt::format("_{}_{}_ago", comparison.count, semantic::TimeGrainName(comparison.grain));
    case ComparisonKind::kSameWeekday: return "_52_weeks_ago";
    case ComparisonKind::kRange: return "_compared";
  }
  return "_compared";
}

Result<std::string> Answer::ValueSql(const ValueRef& value) const {
  const bool is_calculation = value.part == ValueRef::Part::kCalculation;
  const size_t count = is_calculation ? intent_.calculations.size() : intent_.metrics.size();
  if (value.index >= count) {
    return MakeError(ErrorCode::kInvalidArgument, "the answer has no such number: {} of {}", value.index, count);
  }
  if (is_calculation) return fmt::format("\"s\".\"k{}\"", value.index);
  const std::string metric = fmt::format("\"s\".\"m{}\"", value.index);
  if (value.part == ValueRef::Part::kMetric) return metric;
  if (value.comparison >= intent_.time.comparisons.size()) {
    return MakeError(ErrorCode::kInvalidArgument, "the answer has no such comparison: {} of {}", value.comparison,
                     intent_.time.comparisons.size());
  }
  const std::string other = fmt::format("\"s\".\"c{}m{}\"", value.comparison, value.index);
  if (value.part == ValueRef::Part::kComparisonValue) return other;
  return "(" + NumberOf(metric, other, value.part == ValueRef::Part::kGrowth) + ")";
}

Result<std::string> Answer::RankSql(const std::string& value) const {
  const Rank& rank = *intent_.rank;
  std::vector<std::string> partition;
  if (rank.per_period && facts_.grouping.axis) partition.push_back("\"s\".\"axis\"");
  for (const uint32_t dimension : rank.per) partition.push_back(fmt::format("\"s\".\"d{}\"", dimension));
  std::vector<std::string> order{fmt::format("{} {} NULLS LAST", value, rank.descending ? "DESC" : "ASC")};
  const bool breaks = rank.ties == Ties::kBreak;
  if (breaks) {
    for (const std::string& key : Keys("s")) {
      if (RanksGroups() && key == "\"s\".\"axis\"") continue;
      order.push_back(key + " ASC NULLS LAST");
    }
  }
  if (rank.nth_only && !breaks) {  // All that share the value at that place, whatever is shared above.
    return fmt::format(
        "{} = nth_value({}, {}) OVER ({}{}ORDER BY {} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED "
        "FOLLOWING)",
        value, value, rank.n, partition.empty() ? "" : "PARTITION BY " + JoinText(partition, ", "),
        partition.empty() ? "" : " ", JoinText(order, ", "));
  }
  const std::string_view function = breaks ? "row_number()" : "rank()";
  return fmt::format("{} OVER ({}{}ORDER BY {}) {} {}", function,
                     partition.empty() ? "" : "PARTITION BY " + JoinText(partition, ", "), partition.empty() ? "" : " ",
                     JoinText(order, ", "), rank.nth_only ? "=" : "<=", rank.n);
}

/// Rows that belong to nobody win no rank of somebodies: conditions that keep groups without a key out.
std::vector<std::string> Answer::RankedKeys() {
  std::vector<std::string> known;
  for (uint32_t i = 0; i < intent_.dimensions.size(); ++i) {
    const DimensionUse& use = intent_.dimensions[i];
    const semantic::Entity* entity = FindEntity(scope_.model, use.field.entity);
    const semantic::Dimension* dimension = entity == nullptr ? nullptr : FindDimension(*entity, use.field.name);
    if (dimension == nullptr || semantic::LabelDimension(*entity) != dimension) continue;
    if (std::ranges::find(intent_.rank->per, i) != intent_.rank->per.end()) continue;
    known.push_back(fmt::format("\"s\".\"d{}\" IS NOT NULL", i));
    scope_.Assume("rank", fmt::format("rows without a known {} take no part in the rank", dimension->label));
  }
  return known;
}

Result<std::string> Answer::RankedGroups() {
  const Rank& rank = *intent_.rank;
  if (rank.by.part != ValueRef::Part::kMetric) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "with a time axis, a rank is by a metric, or per period (rank.per_period)");
  }
  FactScope facts = facts_;
  facts.grouping.axis = std::nullopt;
  NL_RETURN_IF_ERROR(Combine(scope_, plan_, facts, {.name = "ranked", .metrics = {rank.by.index}}));
  NL_ASSIGN_OR_RETURN(const std::string condition, RankSql(fmt::format("\"s\".\"m{}\"", rank.by.index)));
  const std::vector<std::string> known = RankedKeys();
  const std::string where = known.empty() ? "" : " WHERE " + JoinText(known, " AND ");
  scope_.ctes.emplace_back("chosen", "SELECT * FROM \"ranked\" AS \"s\"" + where + " QUALIFY " + condition);
  scope_.Assume("rank.per_period", "ranked by the whole range, not in each period");
  return " SEMI JOIN \"chosen\" ON " + SameKeys("s", "chosen", false);
}

Result<std::vector<std::string>> Answer::Having() const {
  std::vector<std::string> conditions;
  for (const neurolake::ask::Having& having : intent_.having) {
    NL_ASSIGN_OR_RETURN(const std::string value, ValueSql(having.value));
    conditions.push_back("(" + CompareSql(value, having.op, having.operand, having.upper) + ")");
  }
  return conditions;
}

Result<std::vector<std::string>> Answer::Order() const {
  std::vector<std::string> order;
  for (const SortKey& key : intent_.order) {
    std::string sql;
    if (key.value) {
      NL_ASSIGN_OR_RETURN(sql, ValueSql(*key.value));
    } else {
      const bool is_axis = key.dimension == SortKey::kTimeAxis;
      sql = is_axis ? "\"s\".\"axis\"" : fmt::format("\"s\".\"d{}\"", *key.dimension);
    }
    order.push_back(sql + (key.descending ? " DESC" : " ASC") + " NULLS LAST");
  }
  if (order.empty() && intent_.rank && !RanksGroups()) {
    for (const uint32_t dimension : intent_.rank->per)
      order.push_back(fmt::format("\"s\".\"d{}\" ASC NULLS LAST", dimension));
    if (intent_.rank->per_period && facts_.grouping.axis) order.push_back("\"s\".\"axis\" ASC NULLS LAST");
    NL_ASSIGN_OR_RETURN(const std::string value, ValueSql(intent_.rank->by));
    order.push_back(value + (intent_.rank->descending ? " DESC" : " ASC") + " NULLS LAST");
  } else if (order.empty() && !facts_.grouping.axis && !facts_.grouping.dimensions.empty() &&
             std::ranges::none_of(intent_.dimensions, [](const DimensionUse& use) { return use.grain || use.part; })) {
    order.push_back("\"s\".\"m0\" DESC NULLS LAST");
  }
  for (const std::string& key : Keys("s")) order.push_back(key + " ASC NULLS LAST");
  return order;
}

void Answer::AddColumn(std::vector<std::string>& select, const std::string& sql, OutputColumn column) {
  const std::string wanted = column.name;
  const auto taken = [&](const std::string& name) {
    return std::ranges::any_of(columns_, [&](const OutputColumn& c) { return EqualsIgnoringCase(c.name, name); });
  };
  if (taken(column.name) && column.role == OutputColumn::Role::kDimension && !column.member.empty()) {
    column.name = column.member;
    std::ranges::replace(column.name, '.', '_');
  }
  for (int number = 2; taken(column.name); ++number) column.name = fmt::format("{}_{}", wanted, number);
  select.push_back(sql + " AS " + QuoteIdentifier(column.name));
  columns_.push_back(std::move(column));
}

void Answer::Outputs(std::vector<std::string>& select) {
  using Role = OutputColumn::Role;
  if (facts_.grouping.axis) {
    const std::string name(TimeGrainName(*facts_.grouping.axis));
    AddColumn(select, "\"s\".\"axis\"",
              {.name = name, .label = name, .role = Role::kTimeAxis, .grain = facts_.grouping.axis});
  }
  for (uint32_t i = 0; i < intent_.dimensions.size(); ++i) {
    const DimensionUse& use = intent_.dimensions[i];
    const semantic::Entity* entity = FindEntity(scope_.model, use.field.entity);
    const semantic::Dimension* dimension = FindDimension(*entity, use.field.name);
    OutputColumn column{.name = dimension->name, .label = dimension->label, .role = Role::kDimension};
    if (!use.field.via.empty()) column.name = LowerAscii(use.field.via.back()) + "_" + column.name;
    if (use.grain) column.name += "_" + std::string(TimeGrainName(*use.grain));
    if (use.part) column.name += "_" + std::string(TimePartName(*use.part));
    column.member = entity->name + "." + dimension->name;
    column.index = i;
    column.grain = use.grain;
    column.part = use.part;
    column.format = dimension->format;
    AddColumn(select, fmt::format("\"s\".\"d{}\"", i), std::move(column));
  }
  for (uint32_t i = 0; i < intent_.metrics.size(); ++i) {
    const MetricUse& use = intent_.metrics[i];
    const semantic::Metric* metric = FindMetric(scope_.model, use.metric);
    OutputColumn column{.name = MetricName(scope_, use), .role = Role::kMetric, .index = i};
    column.label = metric != nullptr && use.label.empty() && !use.aggregation ? metric->label : column.name;
    if (metric != nullptr) column.member = metric->name, column.format = metric->format;
    if (!use.unit.empty()) column.format.unit = use.unit, column.name += "_" + WordsOfUnit(use.unit);
    const std::string value = fmt::format("\"s\".\"m{}\"", i);
    AddColumn(select, Told(scope_, use, value), column);
    for (uint32_t c = 0; c < intent_.time.comparisons.size(); ++c) {
      const Comparison& comparison = intent_.time.comparisons[c];
      const std::string other = fmt::format("\"s\".\"c{}m{}\"", c, i);
      const std::string name = column.name + ComparisonSuffix(comparison);
      OutputColumn compared{
          .name = name, .label = name, .member = column.member, .index = i, .comparison = c, .format = column.format};
      const auto add = [&](Role role, const std::string& suffix, const std::string& sql) {
        compared.role = role;
        compared.name = name + suffix;
        compared.label = fmt::format("{}, {}{}", column.label, suffix.empty() ? "" : suffix.substr(1) + " from the ",
                                     Words(comparison));
        if (role == Role::kGrowth) compared.format = {.pattern = "percent"};
        AddColumn(select, sql, compared);
      };
      if (comparison.show_value) add(Role::kComparisonValue, "", Told(scope_, use, other));
      if (comparison.show_difference)
        add(Role::kDifference, "_change", Told(scope_, use, NumberOf(value, other, false)));
      if (comparison.show_growth) add(Role::kGrowth, "_growth", NumberOf(value, other, true));
    }
  }
  for (uint32_t i = 0; i < intent_.calculations.size(); ++i) {
    const Calculation& calculation = intent_.calculations[i];
    const std::string metric = MetricName(scope_, intent_.metrics[calculation.metric]);
    using enum CalculationKind;
    // Of a number limited to some of its rows a ratio is a share; else it is so much of one for each of the other.
    const bool is_per = calculation.kind == kRatio && intent_.metrics[calculation.metric].filters.empty();
    std::string name = metric + (is_per ? "_per_one" : std::string(Suffix(calculation.kind)));
    if (calculation.window > 0) name += fmt::format("_{}", calculation.window);
    OutputColumn column{.name = name, .role = Role::kCalculation, .index = i};
    const MetricUse& use = intent_.metrics[calculation.metric];
    const semantic::Metric* known = FindMetric(scope_.model, use.metric);
    const bool is_named = known != nullptr && use.label.empty() && !use.aggregation;
    column.label =
        fmt::format("{}, {}", is_named ? known->label : metric, is_per ? "for each one" : Words(calculation.kind));
    const bool is_fraction = calculation.kind == kShareOfTotal || calculation.kind == kShareOfParent ||
                             calculation.kind == kGrowth || (calculation.kind == kRatio && !is_per);
    if (is_fraction) column.format = {.pattern = "percent"};
    else if (calculation.kind != kRankPosition && known != nullptr) column.format = known->format;
    const std::string value = fmt::format("\"s\".\"k{}\"", i);
    const bool is_number = is_fraction || calculation.kind == kRankPosition;
    if (!is_number && !use.unit.empty()) column.format.unit = use.unit;
    AddColumn(select, is_number ? value : Told(scope_, use, value), std::move(column));
  }
}

Result<std::string> Answer::Final() {
  std::string from = fmt::format(" FROM \"{}\" AS \"s\"", stage_), qualify;
  if (intent_.rank && RanksGroups()) {
    from = "";
    NL_ASSIGN_OR_RETURN(const std::string semi, RankedGroups());
    from = fmt::format(" FROM \"{}\" AS \"s\"{}", stage_, semi);
  } else if (intent_.rank) {
    NL_ASSIGN_OR_RETURN(const std::string value, ValueSql(intent_.rank->by));
    NL_ASSIGN_OR_RETURN(const std::string condition, RankSql(value));
    qualify = " QUALIFY " + condition;
  }
  if (intent_.rank) {
    scope_.Assume("rank.ties", intent_.rank->ties == Ties::kInclude ? "ties for the last place are included"
                                                                    : "of ties the first by name are included");
  }
  NL_ASSIGN_OR_RETURN(std::vector<std::string> having, Having());
  if (intent_.rank) {
    for (std::string& known : RankedKeys()) having.push_back(std::move(known));
  }
  NL_ASSIGN_OR_RETURN(const std::vector<std::string> order, Order());
  std::vector<std::string> select;
  Outputs(select);
  std::string sql;
  for (const auto& [name, text] : scope_.ctes) {
    sql += (sql.empty() ? "WITH " : ", ") + QuoteIdentifier(name) + " AS (" + text + ")";
  }
  sql += " SELECT " + JoinText(select, ", ") + from;
  if (!having.empty()) sql += " WHERE " + JoinText(having, " AND ");
  sql += qualify;
  if (!order.empty()) sql += " ORDER BY " + JoinText(order, ", ");
  return sql + fmt::format(" LIMIT {}", intent_.row_limit + 1);
}

}  // namespace neurolake::ask::compile
