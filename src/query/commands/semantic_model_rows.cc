#include "query/commands/semantic_model_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace neurolake::query {
namespace {

using semantic::Described;
using semantic::SemanticModel;
using Row = std::vector<std::optional<std::string>>;

std::string NameOf(semantic::DimensionType type) {
  static constexpr const char* kNames[] = {"categorical", "time", "geographic"};
  return kNames[static_cast<size_t>(type)];
}

std::string NameOf(semantic::Cardinality cardinality) {
  static constexpr const char* kNames[] = {"many_to_one", "one_to_one", "one_to_many", "many_to_many"};
  return kNames[static_cast<size_t>(cardinality)];
}

std::string NameOf(semantic::MetricKind kind) {
  static constexpr const char* kNames[] = {"simple", "ratio", "derived", "cumulative", "conversion"};
  return kNames[static_cast<size_t>(kind)];
}

std::string With(std::string text, const std::string& filter) {
  return filter.empty() ? text : text + " where " + filter;
}

std::string ExpressionOf(const semantic::Metric& metric) {
  using enum semantic::MetricKind;
  if (metric.kind == kRatio) return metric.numerator + " / " + metric.denominator;
  if (metric.kind == kDerived) return metric.formula;
  std::string text = With(metric.entity + "." + metric.measure, metric.filter);
  if (metric.kind == kConversion) text += " to " + metric.target_entity + "." + metric.target_measure;
  return text;
}

std::string ExpressionOf(const semantic::Join& join) {
  std::vector<std::string> equal;
  for (size_t i = 0; i < join.from_columns.size() && i < join.to_columns.size(); ++i) {
    equal.push_back(fmt::format("{}.{} = {}.{}", join.from, join.from_columns[i], join.to, join.to_columns[i]));
  }
  return fmt::format("{}", fmt::join(equal, " and "));
}

std::optional<std::string> OrNull(std::string text) {
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

class Rows {
 public:
  Rows(const SemanticModel& model, const SemanticModel* visible) : model_(model), visible_(visible) {}

  std::vector<Row> All() {
    for (const auto& entity : model_.entities) Add(entity);
    for (const auto& join : model_.joins) {
      const bool binds = visible_ == nullptr || semantic::FindJoin(*visible_, join.name) != nullptr;
      Add("join", join.name, join, NameOf(join.cardinality), ExpressionOf(join), binds);
    }
    for (const auto& metric : model_.metrics) {
      // That of a measure is told by the measure.
      if (metric.implicit) continue;
      const bool binds = visible_ == nullptr || semantic::FindMetric(*visible_, metric.name) != nullptr;
      Add("metric", metric.name, metric, NameOf(metric.kind), ExpressionOf(metric), binds);
    }
    for (const auto& verified : model_.verified_questions) {
      rows_.push_back({"verified question", verified.question, std::nullopt, std::nullopt, OrNull(verified.intent),
                       OrNull(verified.verified_by.empty() ? "" : "verified by " + verified.verified_by), std::nullopt,
                       "ok"});
    }
    return std::move(rows_);
  }

 private:
  void Add(const semantic::Entity& entity) {
    const semantic::Entity* seen = visible_ == nullptr ? &entity : semantic::FindEntity(*visible_, entity.name);
    Add("entity", entity.name, entity, "table", With(fmt::format("{}", fmt::join(entity.table, ".")), entity.filter),
        seen != nullptr);
    for (const auto& dimension : entity.dimensions) {
      const bool binds = seen != nullptr && semantic::FindDimension(*seen, dimension.name) != nullptr;
      Add("dimension", entity.name + "." + dimension.name, dimension, NameOf(dimension.type), dimension.expr, binds);
    }
    for (const auto& measure : entity.measures) {
      const bool binds = seen != nullptr && semantic::FindMeasure(*seen, measure.name) != nullptr;
      Add("measure", entity.name + "." + measure.name, measure,
          std::string(semantic::AggregationName(measure.aggregation)), With(measure.expr, measure.filter), binds);
    }
  }

  void Add(std::string kind, std::string member, const Described& described, std::string type, std::string expression,
           bool binds) {
    rows_.push_back({std::move(kind), std::move(member), OrNull(described.label), std::move(type),
                     OrNull(std::move(expression)), OrNull(described.description),
                     OrNull(fmt::format("{}", fmt::join(described.synonyms, ", "))), binds ? "ok" : "does not bind"});
  }

  const SemanticModel& model_;
  const SemanticModel* visible_;
  std::vector<Row> rows_;
};

}  // namespace

std::vector<OwnColumn> SemanticModelColumns() {
  return {{"kind", "VARCHAR"},       {"member", "VARCHAR"},      {"label", "VARCHAR"},    {"type", "VARCHAR"},
          {"expression", "VARCHAR"}, {"description", "VARCHAR"}, {"synonyms", "VARCHAR"}, {"state", "VARCHAR"}};
}

std::vector<Row> SemanticModelRows(const SemanticModel& model, const SemanticModel* visible) {
  return Rows(model, visible).All();
}

}  // namespace neurolake::query
