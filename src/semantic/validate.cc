#include <algorithm>
#include <map>
#include <set>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/formula.h"
#include "semantic/internal/yaml.h"
#include "semantic/load.h"

namespace neurolake::semantic {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr size_t kTextBytesMax = 4096;
constexpr size_t kSynonymsMax = 64;

bool IsName(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || name.size() > kNameBytesMax || !is_letter(name.front())) return false;
  return std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

Result<void> CheckDescribed(const Described& described, std::string_view what) {
  if (!IsName(described.name)) {
    return WrongAt(described.line, fmt::format("a name has letters, digits and _, at most 64: {} {}", what,
                                               described.name.substr(0, kNameBytesMax)));
  }
  if (described.synonyms.size() > kSynonymsMax || described.label.size() > 256 ||
      described.description.size() > kTextBytesMax) {
    return WrongAt(described.line, fmt::format("a label has at most 256 bytes, a description 4096, and there are 64 "
                                               "synonyms at most: {} {}",
                                               what, described.name));
  }
  return {};
}

Result<void> CheckExpression(const SqlExpression& expression, uint32_t line, const std::string& where) {
  const Result<void> checked = CheckExpressionText(expression);
  if (checked.has_value()) return {};
  return WrongAt(line, where + ": " + checked.error().message());
}

/// No name twice, without case.
class Names {
 public:
  Result<void> Add(const Described& described, std::string_view what) {
    const auto [known, is_new] = lines_.emplace(LowerAscii(described.name), described.line);
    if (is_new) return {};
    return WrongAt(described.line,
                   fmt::format("a name stands twice, here and in line {}: {} {}", known->second, what, described.name));
  }

 private:
  std::map<std::string, uint32_t> lines_;
};

class Validator {
 public:
  explicit Validator(const SemanticModel& model) : model_(model) {}

  Result<void> Check() {
    NL_RETURN_IF_ERROR(CheckDescribed(model_, "the semantic model"));
    if (model_.entities.empty()) return WrongAt(model_.line, "a semantic model has at least one entity");
    if (model_.format_version != 1) return WrongAt(model_.line, "format_version is 1");
    NL_RETURN_IF_ERROR(CheckCalendar());
    Names entities, joins, metrics;
    for (const Entity& entity : model_.entities) {
      NL_RETURN_IF_ERROR(CheckDescribed(entity, "entity"));
      NL_RETURN_IF_ERROR(entities.Add(entity, "entity"));
    }
    for (const Entity& entity : model_.entities) NL_RETURN_IF_ERROR(CheckEntity(entity));
    for (const Join& join : model_.joins) {
      NL_RETURN_IF_ERROR(CheckDescribed(join, "join"));
      NL_RETURN_IF_ERROR(joins.Add(join, "join"));
      NL_RETURN_IF_ERROR(CheckJoin(join));
    }
    for (const Metric& metric : model_.metrics) {
      NL_RETURN_IF_ERROR(CheckDescribed(metric, "metric"));
      NL_RETURN_IF_ERROR(metrics.Add(metric, "metric"));
    }
    for (const Metric& metric : model_.metrics) NL_RETURN_IF_ERROR(CheckMetric(metric));
    return CheckCycles();
  }

 private:
  Result<void> CheckCalendar() const {
    const auto is_zone_letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
             c == '-' || c == '+';
    };
    const std::string& zone = model_.calendar.zone;
    if (zone.empty() || zone.size() > 64 || !std::ranges::all_of(zone, is_zone_letter)) {
      return WrongAt(model_.line, "the calendar's zone is an IANA name, such as Europe/Berlin");
    }
    for (const Holiday& holiday : model_.calendar.holidays) {
      if (holiday.date.size() != 10 || !ParseTimestamp(holiday.date).has_value()) {
        return WrongAt(model_.line, "a holiday's date is yyyy-mm-dd, not: " + holiday.date);
      }
    }
    return {};
  }

  Result<void> CheckTable(const Entity& entity) const {
    const bool is_named = entity.table.size() == 1 || entity.table.size() == 2;
    const auto fits = [](const std::string& part) {
      return !part.empty() && part.size() <= 255 && part.find('\0') == std::string::npos;
    };
    if (!is_named || !std::ranges::all_of(entity.table, fits)) {
      return WrongAt(entity.line, "an entity's table is written schema.table: entity " + entity.name);
    }
    return {};
  }

  Result<void> CheckEntity(const Entity& entity) const {
    NL_RETURN_IF_ERROR(CheckTable(entity));
    if (std::ranges::any_of(entity.primary_key, [](const std::string& c) { return c.empty() || c.size() > 255; })) {
      return WrongAt(entity.line, "a primary key is made of columns, which have names: entity " + entity.name);
    }
    Names names;
    if (!entity.filter.empty())
      NL_RETURN_IF_ERROR(CheckExpression(entity.filter, entity.line, entity.name + ".filter"));
    int labels = 0;
    for (const Dimension& dimension : entity.dimensions) {
      NL_RETURN_IF_ERROR(CheckDescribed(dimension, "dimension"));
      NL_RETURN_IF_ERROR(names.Add(dimension, "dimension"));
      NL_RETURN_IF_ERROR(CheckDimension(entity, dimension));
      labels += dimension.is_label ? 1 : 0;
    }
    if (labels > 1) return WrongAt(entity.line, "an entity has one dimension with is_label: " + entity.name);
    for (const Measure& measure : entity.measures) {
      NL_RETURN_IF_ERROR(CheckDescribed(measure, "measure"));
      NL_RETURN_IF_ERROR(names.Add(measure, "measure"));
      NL_RETURN_IF_ERROR(CheckMeasure(entity, measure));
    }
    return CheckTime(entity, entity.default_time, entity.line, "default_time");
  }

  Result<void> CheckDimension(const Entity& entity, const Dimension& dimension) const {
    const std::string where = entity.name + "." + dimension.name;
    NL_RETURN_IF_ERROR(CheckExpression(dimension.expr, dimension.line, where));
    const bool holds_time = dimension.value_type == ValueType::kDate || dimension.value_type == ValueType::kTimestamp ||
                            dimension.value_type == ValueType::kTimestampTz;
    if (dimension.type == DimensionType::kTime && !holds_time) {
      return WrongAt(dimension.line, "a time dimension's value_type is date, timestamp or timestamptz: " + where);
    }
    if (dimension.values.size() > 10'000)
      return WrongAt(dimension.line, "a dimension lists at most 10000 values: " + where);
    if (dimension.parent.empty()) return {};
    std::set<std::string> seen{LowerAscii(dimension.name)};
    const Dimension* at = &dimension;
    while (!at->parent.empty()) {
      const Dimension* next = FindDimension(entity, at->parent);
      if (next == nullptr) {
        return WrongAt(dimension.line,
                       fmt::format("a parent is a dimension of the same entity: {}, not {}", where, at->parent));
      }
      if (!seen.insert(LowerAscii(next->name)).second)
        return WrongAt(dimension.line, "parents go in a circle: " + where);
      at = next;
    }
    return {};
  }

  Result<void> CheckMeasure(const Entity& entity, const Measure& measure) const {
    const std::string where = entity.name + "." + measure.name;
    if (!measure.expr.empty()) NL_RETURN_IF_ERROR(CheckExpression(measure.expr, measure.line, where));
    if (!measure.filter.empty()) NL_RETURN_IF_ERROR(CheckExpression(measure.filter, measure.line, where + ".filter"));
    if (measure.expr.empty() && measure.aggregation != Aggregation::kCount) {
      return WrongAt(measure.line, "a measure that is no count needs expr: " + where);
    }
    NL_RETURN_IF_ERROR(CheckTime(entity, measure.time, measure.line, where + ".time"));
    const std::string& time = measure.time.empty() ? entity.default_time : measure.time;
    if (measure.additivity == Additivity::kSemiAdditive && (time.empty() || time.find('.') != std::string::npos)) {
      return WrongAt(measure.line, "a semi-additive measure needs a time dimension of its own entity: " + where);
    }
    const bool adds = measure.aggregation == Aggregation::kSum || measure.aggregation == Aggregation::kCount;
    if (measure.additivity == Additivity::kAdditive && !adds) {
      return WrongAt(measure.line, fmt::format("only sums and counts are additive, {} is not: {}",
                                               AggregationName(measure.aggregation), where));
    }
    for (const std::string& per : measure.over_time_per) {
      if (FindDimension(entity, per) == nullptr) {
        return WrongAt(measure.line,
                       fmt::format("over_time_per names dimensions of the entity: {}, not {}", where, per));
      }
    }
    return {};
  }

  Result<void> CheckTime(const Entity& entity, const std::string& text, uint32_t line, const std::string& where) const {
    if (text.empty()) return {};
    const size_t dot = text.find('.');
    const Entity* owner = dot == std::string::npos ? &entity : FindEntity(model_, text.substr(0, dot));
    const Dimension* time =
        owner == nullptr ? nullptr : FindDimension(*owner, dot == std::string::npos ? text : text.substr(dot + 1));
    if (time != nullptr && time->type == DimensionType::kTime) return {};
    return WrongAt(line,
                   fmt::format("{} names a dimension of type time, its own or entity.dimension: {}", where, text));
  }

  Result<void> CheckJoin(const Join& join) const {
    for (const std::string& end : {join.from, join.to}) {
      if (FindEntity(model_, end) == nullptr) {
        return WrongAt(join.line, fmt::format("a join is between entities of the model: {} names {}", join.name, end));
      }
    }
    if (join.from_columns.empty() || join.from_columns.size() != join.to_columns.size()) {
      return WrongAt(join.line, "a join needs on: {column of from: column of to}: " + join.name);
    }
    for (const auto* columns : {&join.from_columns, &join.to_columns}) {
      for (const std::string& column : *columns) {
        if (column.empty() || column.size() > 255)
          return WrongAt(join.line, "a join's columns have names: " + join.name);
      }
    }
    return {};
  }

  Result<void> NeedMetric(const Metric& metric, const std::string& name, std::string_view member) const {
    if (FindMetric(model_, name) != nullptr) return {};
    // A hidden measure is an ingredient by its own metric; the model has to name one.
    return WrongAt(metric.line, fmt::format("{} names a metric of the model: {} names {}", member, metric.name,
                                            name.empty() ? "none" : name));
  }

  Result<void> NeedMeasure(const Metric& metric, const std::string& entity_name, const std::string& name,
                           std::string_view member) const {
    const Entity* entity = FindEntity(model_, entity_name);
    if (entity != nullptr && FindMeasure(*entity, name) != nullptr) return {};
    return WrongAt(metric.line,
                   fmt::format("{} names a measure of the model, entity.measure: metric {}", member, metric.name));
  }

  Result<void> CheckMetric(const Metric& metric) const {
    if (!metric.filter.empty()) {
      NL_RETURN_IF_ERROR(CheckExpression(metric.filter, metric.line, metric.name + ".filter"));
      if (metric.kind != MetricKind::kSimple && metric.kind != MetricKind::kCumulative) {
        return WrongAt(metric.line,
                       "simple and cumulative metrics have a filter; give it to the ingredients: " + metric.name);
      }
    }
    if (metric.window_grain && *metric.window_grain >= TimeGrain::kMonth && metric.window > 1000) {
      return WrongAt(metric.line, "a window has at most 1000 months or longer periods: " + metric.name);
    }
    switch (metric.kind) {
      case MetricKind::kSimple: return NeedMeasure(metric, metric.entity, metric.measure, "measure");
      case MetricKind::kRatio:
        NL_RETURN_IF_ERROR(NeedMetric(metric, metric.numerator, "numerator"));
        return NeedMetric(metric, metric.denominator, "denominator");
      case MetricKind::kDerived: return CheckFormula(metric);
      case MetricKind::kCumulative:
        if (metric.window_grain.has_value() != (metric.window > 0) || (metric.window_grain && metric.to_date)) {
          return WrongAt(metric.line,
                         "a cumulative metric has window and window_grain, or to_date, or none: " + metric.name);
        }
        return NeedMeasure(metric, metric.entity, metric.measure, "measure");
      case MetricKind::kConversion: return CheckConversion(metric);
    }
    return {};
  }

  Result<void> CheckFormula(const Metric& metric) const {
    const Result<Formula> formula = ParseFormula(metric.formula);
    if (!formula.has_value()) return WrongAt(metric.line, metric.name + ": " + formula.error().message());
    const std::vector<std::string> names = MetricsOf(*formula);
    if (names.empty()) return WrongAt(metric.line, "a formula names at least one metric: " + metric.name);
    for (const std::string& name : names) NL_RETURN_IF_ERROR(NeedMetric(metric, name, "formula"));
    return {};
  }

  Result<void> CheckConversion(const Metric& metric) const {
    NL_RETURN_IF_ERROR(NeedMeasure(metric, metric.entity, metric.measure, "measure"));
    NL_RETURN_IF_ERROR(NeedMeasure(metric, metric.target_entity, metric.target_measure, "target"));
    if (metric.window_grain.has_value() != (metric.window > 0)) {
      return WrongAt(metric.line, "a conversion's window comes with window_grain: " + metric.name);
    }
    for (const std::string& name : {metric.entity, metric.target_entity}) {
      const Entity* entity = FindEntity(model_, name);
      if (FindDimension(*entity, metric.conversion_key) == nullptr) {
        return WrongAt(
            metric.line,
            fmt::format("a conversion's key is a dimension of both entities, not of {}: metric {}", name, metric.name));
      }
      if (entity->default_time.empty()) {
        return WrongAt(metric.line, fmt::format("a conversion's entities have a default_time, {} has none: metric {}",
                                                name, metric.name));
      }
    }
    return {};
  }

  std::vector<std::string> IngredientsOf(const Metric& metric) const {
    if (metric.kind == MetricKind::kRatio) return {metric.numerator, metric.denominator};
    if (metric.kind != MetricKind::kDerived) return {};
    const Result<Formula> formula = ParseFormula(metric.formula);
    return formula.has_value() ? MetricsOf(*formula) : std::vector<std::string>();
  }

  /// Levels of metrics within metrics, each taken once; a circle never gets one.
  Result<void> CheckCycles() const {
    std::map<std::string, int> levels;
    constexpr int kLevelsMax = 16;
    for (int round = 0; round <= kLevelsMax; ++round) {
      for (const Metric& metric : model_.metrics) {
        if (levels.contains(LowerAscii(metric.name))) continue;
        const std::vector<std::string> parts = IngredientsOf(metric);
        const auto is_done = [&](const std::string& part) {
          const auto found = levels.find(LowerAscii(part));
          return found != levels.end() && found->second < round;
        };
        if (std::ranges::all_of(parts, is_done)) levels[LowerAscii(metric.name)] = round;
      }
    }
    for (const Metric& metric : model_.metrics) {
      if (!levels.contains(LowerAscii(metric.name))) {
        return WrongAt(metric.line, "a metric is made of itself, or of metrics more than 16 deep: " + metric.name);
      }
    }
    return {};
  }

  const SemanticModel& model_;
};

}  // namespace

Result<void> ValidateModel(const SemanticModel& model) { return Validator(model).Check(); }

}  // namespace neurolake::semantic
