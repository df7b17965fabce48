#include "semantic/internal/load_parts.h"

#include <algorithm>

#include "common/text.h"
#include "semantic/expression_text.h"

namespace neurolake::semantic {
namespace {

void ReadTimeGrain(Fields& fields, std::string_view member, std::optional<TimeGrain>& grain) {
  const std::string name = fields.Text(member);
  if (name.empty()) return;
  grain = TimeGrainFromName(name);
  if (!grain) {
    fields.Wrong(fields.line(), fmt::format("{} is one of second, minute, hour, day, week, month, quarter, year, "
                                            "fiscal_quarter, fiscal_year, not {}",
                                            member, name));
  }
}

/// `entity.measure`.
void ReadMember(Fields& fields, std::string_view name, std::string& entity, std::string& member) {
  const std::string text = fields.Text(name);
  const size_t dot = text.find('.');
  if (text.empty()) return;
  if (dot == std::string::npos || text.find('.', dot + 1) != std::string::npos) {
    fields.Wrong(fields.line(), fmt::format("{} is written entity.measure, not {}", name, text));
    return;
  }
  entity = text.substr(0, dot);
  member = text.substr(dot + 1);
}

Result<Dimension> LoadDimension(const YamlNode& node) {
  Dimension dimension;
  Fields fields(node, "a dimension");
  LoadDescribed(fields, dimension);
  dimension.type = DimensionType(fields.Choice("type", {"categorical", "time", "geographic"}).value_or(0));
  dimension.expr = fields.Text("expr", ColumnExpression(dimension.name));
  std::optional<TimeGrain> grain;
  ReadTimeGrain(fields, "grain", grain);
  dimension.grain = grain.value_or(TimeGrain::kDay);
  const bool is_time = dimension.type == DimensionType::kTime;
  const ValueType usual = !is_time                             ? ValueType::kText
                          : dimension.grain >= TimeGrain::kDay ? ValueType::kDate
                                                               : ValueType::kTimestamp;
  dimension.value_type = ValueType(
      fields.Choice("value_type", {"text", "integer", "number", "boolean", "date", "timestamp", "timestamptz"})
          .value_or(size_t(usual)));
  LoadFormat(fields, dimension.format);
  dimension.role = fields.Text("role");
  dimension.geographic_level = fields.Text("level");
  dimension.parent = fields.Text("parent");
  dimension.personal = fields.Text("personal");
  dimension.is_label = fields.Flag("is_label");
  dimension.hidden = fields.Flag("hidden");
  for (const YamlNode* item : fields.Maps("values")) {
    if (item->kind == YamlNode::Kind::kScalar) {
      dimension.values.push_back({.value = item->scalar});
      continue;
    }
    Fields value(*item, "a value");
    if (item->Find("value") == nullptr) value.Wrong(item->line, "a value needs value");
    dimension.values.push_back(
        {.value = value.Text("value"), .label = value.Text("label"), .synonyms = value.Texts("synonyms")});
    NL_RETURN_IF_ERROR(value.Done());
  }
  NL_RETURN_IF_ERROR(fields.Done());
  return dimension;
}

Additivity UsualAdditivity(Aggregation aggregation) {
  if (aggregation == Aggregation::kSum || aggregation == Aggregation::kCount) return Additivity::kAdditive;
  return aggregation == Aggregation::kCountDistinct ? Additivity::kDistinct : Additivity::kNonAdditive;
}

Result<Measure> LoadMeasure(const YamlNode& node) {
  Measure measure;
  Fields fields(node, "a measure");
  LoadDescribed(fields, measure);
  const std::string aggregation = fields.Text("aggregation", "sum");
  if (const auto known = AggregationFromName(aggregation)) {
    measure.aggregation = *known;
  } else {
    fields.Wrong(node.line,
                 "a measure: aggregation is one of sum, count, count_distinct, average, min, max, median, "
                 "percentile, standard_deviation, variance, first, last, not " +
                     aggregation);
  }
  measure.expr = fields.Text("expr");
  if (measure.expr.empty() && measure.aggregation != Aggregation::kCount) measure.expr = ColumnExpression(measure.name);
  measure.filter = fields.Text("filter");
  measure.percentile = fields.Number("percentile", 0.5, 0, 1);
  measure.additivity = Additivity(fields.Choice("additivity", {"additive", "semi_additive", "non_additive", "distinct"})
                                      .value_or(size_t(UsualAdditivity(measure.aggregation))));
  measure.over_time =
      SemiAdditiveChoice(fields.Choice("over_time", {"last", "first", "average", "min", "max"}).value_or(0));
  measure.over_time_per = fields.Texts("over_time_per");
  measure.time = fields.Text("time");
  LoadFormat(fields, measure.format);
  measure.hidden = fields.Flag("hidden");
  NL_RETURN_IF_ERROR(fields.Done());
  return measure;
}

}  // namespace

std::string LabelOf(std::string_view name) {
  std::string label(name);
  std::ranges::replace(label, '_', ' ');
  if (!label.empty() && label.front() >= 'a' && label.front() <= 'z') label.front() = char(label.front() - 'a' + 'A');
  return label;
}

void LoadDescribed(Fields& fields, Described& described) {
  described.name = fields.Required("name");
  described.label = fields.Text("label");
  if (described.label.empty()) described.label = LabelOf(described.name);
  described.description = fields.Text("description");
  described.synonyms = fields.Texts("synonyms");
  described.line = fields.line();
}

void LoadFormat(Fields& fields, Format& format) {
  format.unit = fields.Text("unit");
  const auto pattern = fields.Choice("pattern", {"integer", "decimal", "percent", "currency", "date", "duration"});
  constexpr std::string_view kPatterns[] = {"integer", "decimal", "percent", "currency", "date", "duration"};
  if (pattern) format.pattern = kPatterns[*pattern];
  const int64_t decimals = fields.Whole("decimals", -1, 0, 18);
  if (decimals >= 0) format.decimals = int(decimals);
}

Result<Entity> LoadEntity(const YamlNode& node) {
  Entity entity;
  Fields fields(node, "an entity");
  LoadDescribed(fields, entity);
  entity.table = fields.Texts("table");
  if (entity.table.size() == 1) entity.table = Split(entity.table.front(), '.');
  entity.primary_key = fields.Texts("primary_key");
  entity.filter = fields.Text("filter");
  entity.default_time = fields.Text("default_time");
  for (const YamlNode* item : fields.Maps("dimensions")) {
    NL_ASSIGN_OR_RETURN(Dimension dimension, LoadDimension(*item));
    entity.dimensions.push_back(std::move(dimension));
  }
  for (const YamlNode* item : fields.Maps("measures")) {
    NL_ASSIGN_OR_RETURN(Measure measure, LoadMeasure(*item));
    entity.measures.push_back(std::move(measure));
  }
  NL_RETURN_IF_ERROR(fields.Done());
  return entity;
}

Result<Join> LoadJoin(const YamlNode& node) {
  Join join;
  Fields fields(node, "a join");
  LoadDescribed(fields, join);
  join.from = fields.Required("from");
  join.to = fields.Required("to");
  join.cardinality = Cardinality(
      fields.Choice("cardinality", {"many_to_one", "one_to_one", "one_to_many", "many_to_many"}).value_or(0));
  const YamlNode* on = fields.Map("on");
  if (on == nullptr) fields.Wrong(node.line, "a join needs on: {column of from: column of to}");
  if (on != nullptr) {
    for (const auto& [from, to] : on->members) {
      if (to.kind != YamlNode::Kind::kScalar) fields.Wrong(to.line, "a join: on pairs a column with a column");
      join.from_columns.push_back(from);
      join.to_columns.push_back(to.scalar);
    }
  }
  NL_RETURN_IF_ERROR(fields.Done());
  return join;
}

Result<Metric> LoadMetric(const YamlNode& node) {
  Metric metric;
  Fields fields(node, "a metric");
  LoadDescribed(fields, metric);
  metric.kind =
      MetricKind(fields.Choice("kind", {"simple", "ratio", "derived", "cumulative", "conversion"}).value_or(0));
  LoadFormat(fields, metric.format);
  ReadMember(fields, "measure", metric.entity, metric.measure);
  metric.filter = fields.Text("filter");
  metric.numerator = fields.Text("numerator");
  metric.denominator = fields.Text("denominator");
  metric.formula = fields.Text("formula");
  metric.window = fields.Whole("window", 0, 0, 100'000);
  ReadTimeGrain(fields, "window_grain", metric.window_grain);
  ReadTimeGrain(fields, "to_date", metric.to_date);
  ReadMember(fields, "target", metric.target_entity, metric.target_measure);
  metric.conversion_key = fields.Text("key");
  metric.hidden = fields.Flag("hidden");
  NL_RETURN_IF_ERROR(fields.Done());
  return metric;
}

}  // namespace neurolake::semantic
