#include <algorithm>

#include "semantic/expression_text.h"
#include "semantic/formula.h"
#include "semantic/interchange.h"
#include "semantic/internal/yaml_text.h"

namespace neurolake::semantic {
namespace {

std::string_view DataTypeOf(ValueType type) {
  switch (type) {
    case ValueType::kText: return "String";
    case ValueType::kInteger: return "Integer";
    case ValueType::kNumber: return "Decimal";
    case ValueType::kBoolean: return "Boolean";
    case ValueType::kDate: return "Date";
    case ValueType::kTimestamp: return "DateTime";
    case ValueType::kTimestampTz: return "DateTimeTz";
  }
  return "Opaque";
}

std::string AggregateText(const Measure& measure, const std::string& value) {
  switch (measure.aggregation) {
    case Aggregation::kSum: return "SUM(" + value + ")";
    case Aggregation::kCount: return "COUNT(" + (value.empty() ? "*" : value) + ")";
    case Aggregation::kCountDistinct: return "COUNT(DISTINCT " + value + ")";
    case Aggregation::kAverage: return "AVG(" + value + ")";
    case Aggregation::kMin: return "MIN(" + value + ")";
    case Aggregation::kMax: return "MAX(" + value + ")";
    case Aggregation::kMedian: return "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY " + value + ")";
    case Aggregation::kPercentile:
      return fmt::format("PERCENTILE_CONT({}) WITHIN GROUP (ORDER BY {})", measure.percentile, value);
    case Aggregation::kStandardDeviation: return "STDDEV_SAMP(" + value + ")";
    case Aggregation::kVariance: return "VAR_SAMP(" + value + ")";
    case Aggregation::kFirst:
    case Aggregation::kLast: return "";
  }
  return "";
}

class Exporter {
 public:
  explicit Exporter(const SemanticModel& model) : model_(model) {}

  Export Run() {
    Line(0, "version: \"0.2.0.dev0\"");
    Line(0, "semantic_model:");
    Line(1, "- name: " + QuotedYaml(model_.name));
    Describe(2, model_, "");
    Line(2, "datasets:");
    for (const Entity& entity : model_.entities) Dataset(entity);
    Relationships();
    std::string metrics;
    std::swap(metrics, out_.yaml);
    for (const Metric& metric : model_.metrics) MetricText(metric);
    std::swap(metrics, out_.yaml);
    if (!metrics.empty()) {
      Line(2, "metrics:");
      out_.yaml += metrics;
    }
    return std::move(out_);
  }

 private:
  void Line(int level, const std::string& text) { out_.yaml += std::string(size_t(level) * 2, ' ') + text + "\n"; }
  void Leave(const std::string& what, const std::string& why) { out_.unmapped.push_back(what + ": " + why); }

  void Describe(int level, const Described& described, const std::string& also) {
    if (!described.description.empty()) Line(level, "description: " + QuotedYaml(described.description));
    std::vector<std::string> words = described.synonyms;
    if (!also.empty()) words.push_back(also);
    if (!words.empty()) Line(level, "ai_context: {synonyms: " + ListYaml(words) + "}");
  }

  void Expression(int level, const std::string& expression) {
    Line(level, "expression:");
    Line(level + 1, "dialects:");
    Line(level + 2, "- dialect: ANSI_SQL");
    Line(level + 3, "expression: " + QuotedYaml(expression));
  }

  void Dataset(const Entity& entity) {
    Line(3, "- name: " + QuotedYaml(entity.name));
    Line(4, "source: " + QuotedYaml(fmt::format("{}", fmt::join(entity.table, "."))));
    if (!entity.primary_key.empty()) Line(4, "primary_key: " + ListYaml(entity.primary_key));
    Describe(4, entity, "");
    if (!entity.filter.empty()) Leave("entity " + entity.name, "its filter has no place; make it a view's");
    if (!entity.dimensions.empty()) Line(4, "fields:");
    for (const Dimension& dimension : entity.dimensions) {
      Line(5, "- name: " + QuotedYaml(dimension.name));
      Expression(6, dimension.expr);
      Line(6, fmt::format("dimension: {{is_time: {}}}", dimension.type == DimensionType::kTime));
      Line(6, fmt::format("datatype: {}", DataTypeOf(dimension.value_type)));
      Describe(6, dimension, "");
    }
  }

  void Relationships() {
    bool has_any = false;
    for (const Join& join : model_.joins) {
      if (join.cardinality == Cardinality::kManyToMany) {
        Leave("join " + join.name, "relationships are from many to one");
        continue;
      }
      if (!has_any) Line(2, "relationships:");
      has_any = true;
      const bool turned = join.cardinality == Cardinality::kOneToMany;
      Line(3, "- name: " + QuotedYaml(join.name));
      Line(4, "from: " + QuotedYaml(turned ? join.to : join.from));
      Line(4, "to: " + QuotedYaml(turned ? join.from : join.to));
      Line(4, "from_columns: " + ListYaml(turned ? join.to_columns : join.from_columns));
      Line(4, "to_columns: " + ListYaml(turned ? join.from_columns : join.to_columns));
    }
  }

  /// SQL over qualified columns; empty where there is none that means the same.
  std::string SqlOf(const Metric& metric, int depth) const {
    if (depth > 16) return {};
    if (metric.kind == MetricKind::kSimple) {
      const Entity* entity = FindEntity(model_, metric.entity);
      const Measure* measure = entity == nullptr ? nullptr : FindMeasure(*entity, metric.measure);
      if (measure == nullptr || measure->additivity == Additivity::kSemiAdditive) return {};
      // A field of the dataset is `dataset.field`; an expression over more than a column would need its own.
      const std::string column = ColumnOfExpression(measure->expr);
      if (!measure->filter.empty() || !metric.filter.empty() || (!measure->expr.empty() && column.empty())) return {};
      if (measure->expr.empty() && entity->primary_key.size() != 1) return {};
      const std::string name = measure->expr.empty() ? entity->primary_key.front() : column;
      return AggregateText(*measure, entity->name + "." + ColumnExpression(name));
    }
    Formula formula;
    if (metric.kind == MetricKind::kRatio) {
      formula.kind = Formula::Kind::kDivide;
      formula.arguments = {Formula{.kind = Formula::Kind::kMetric, .text = metric.numerator},
                           Formula{.kind = Formula::Kind::kMetric, .text = metric.denominator}};
    } else if (metric.kind == MetricKind::kDerived) {
      const auto parsed = ParseFormula(metric.formula);
      if (!parsed.has_value()) return {};
      formula = *parsed;
    } else {
      return {};
    }
    bool is_whole = true;
    const std::string sql = FormulaSql(formula, [&](const std::string& name) {
      const Metric* part = FindMetric(model_, name);
      std::string text = part == nullptr ? "" : SqlOf(*part, depth + 1);
      is_whole = is_whole && !text.empty();
      return text;
    });
    return is_whole ? sql : "";
  }

  void MetricText(const Metric& metric) {
    const std::string sql = SqlOf(metric, 0);
    if (sql.empty())
      return Leave("metric " + metric.name, "the format has no words for it (filter, window, snapshot or expression)");
    Line(3, "- name: " + QuotedYaml(metric.name));
    Expression(4, sql);
    Describe(4, metric, metric.label);
  }

  const SemanticModel& model_;
  Export out_;
};

}  // namespace

Export ExportOpenSemanticInterchange(const SemanticModel& model) { return Exporter(model).Run(); }

}  // namespace neurolake::semantic
