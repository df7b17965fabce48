#include <algorithm>
#include <optional>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/formula.h"
#include "semantic/internal/import_parts.h"
#include "semantic/internal/load_parts.h"

namespace neurolake::semantic {
namespace {

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Cube's SQL over its own table: `{CUBE}.x` and `${CUBE}.x` are x. Nothing where it refers to something else.
std::optional<std::string> OwnSql(std::string sql) {
  ReplaceAll(sql, "${", "{");
  ReplaceAll(sql, "{CUBE}.", "");
  ReplaceAll(sql, "{CUBE.", "{");
  if (sql.find('{') != std::string::npos || !CheckExpressionText(sql).has_value()) return std::nullopt;
  return std::string(Trim(sql));
}

class CubeImporter {
 public:
  CubeImporter(const YamlNode& root, std::string name) : root_(root), name_(std::move(name)) {}

  Result<Import> Run() {
    model_.name = name_;
    model_.label = LabelOf(name_);
    const std::vector<const YamlNode*> cubes = MapsIn(root_, "cubes");
    for (const YamlNode* cube : cubes) AddCube(*cube);
    if (model_.entities.empty()) return WrongAt(root_.line, "Cube's YAML has cubes: a list with sql_table each");
    for (const YamlNode* cube : cubes) AddJoins(*cube);
    for (Metric& metric : computed_) AddComputed(std::move(metric));
    if (root_.Find("views") != nullptr) Leave("views", "they choose members, which policies and privileges do here");
    return Finished(std::move(model_), std::move(unmapped_));
  }

 private:
  void Leave(const std::string& what, const std::string& why) { unmapped_.push_back(what + ": " + why); }

  void AddCube(const YamlNode& node) {
    Entity entity;
    DescribeFrom(node, entity);
    const std::string table = TextIn(node, "sql_table");
    if (table.empty()) return Leave("cube " + entity.name, "it is a query; make it a view and name that as sql_table");
    entity.table = Split(table, '.');
    if (entity.table.size() > 2) entity.table.erase(entity.table.begin(), entity.table.end() - 2);
    for (const YamlNode* dimension : MapsIn(node, "dimensions")) AddDimension(*dimension, entity);
    for (const Dimension& dimension : entity.dimensions) {
      if (dimension.type == DimensionType::kTime && entity.default_time.empty()) entity.default_time = dimension.name;
    }
    for (const YamlNode* measure : MapsIn(node, "measures")) AddMeasure(*measure, entity);
    for (const std::string_view member : {"segments", "pre_aggregations", "hierarchies"}) {
      if (node.Find(member) != nullptr)
        Leave(fmt::format("cube {}", entity.name), fmt::format("{} are not imported", member));
    }
    model_.entities.push_back(std::move(entity));
  }

  void AddDimension(const YamlNode& node, Entity& entity) {
    Dimension dimension;
    DescribeFrom(node, dimension);
    const std::string what = fmt::format("dimension {}.{}", entity.name, dimension.name), type = TextIn(node, "type");
    const std::string sql = TextIn(node, "sql");
    const auto expr = sql.empty() ? std::optional(ColumnExpression(dimension.name)) : OwnSql(sql);
    if (!expr) return Leave(what, "its SQL is not one expression over its own table");
    dimension.expr = *expr;
    if (type == "geo") return Leave(what, "a pair of latitude and longitude; make two dimensions of it");
    dimension.value_type = type == "number"    ? ValueType::kNumber
                           : type == "boolean" ? ValueType::kBoolean
                           : type == "time"    ? ValueType::kTimestamp
                                               : ValueType::kText;
    if (type == "time") dimension.type = DimensionType::kTime, dimension.grain = TimeGrain::kSecond;
    dimension.hidden = TextIn(node, "public") == "false";
    if (TextIn(node, "primary_key") == "true") {
      const std::string column = ColumnOfExpression(dimension.expr);
      if (column.empty()) Leave(what, "a primary key is made of columns, and it is an expression");
      if (!column.empty()) entity.primary_key.push_back(column);
    }
    entity.dimensions.push_back(std::move(dimension));
  }

  void AddMeasure(const YamlNode& node, Entity& entity) {
    Measure measure;
    DescribeFrom(node, measure);
    const std::string what = fmt::format("measure {}.{}", entity.name, measure.name), type = TextIn(node, "type");
    const std::string sql = TextIn(node, "sql");
    if (node.Find("rolling_window") != nullptr) return Leave(what, "rolling windows are not imported");
    if (type == "number") {
      Metric metric;
      static_cast<Described&>(metric) = measure;
      metric.kind = MetricKind::kDerived;
      metric.formula = sql;
      computed_.push_back(std::move(metric));
      return;
    }
    const auto aggregation = type == "avg"                     ? std::optional(Aggregation::kAverage)
                             : type == "count_distinct_approx" ? std::optional(Aggregation::kCountDistinct)
                                                               : AggregationFromName(type);
    if (!aggregation) return Leave(what, "its type has no counterpart: " + type);
    measure.aggregation = *aggregation;
    measure.additivity = type == "sum" || type == "count"                     ? Additivity::kAdditive
                         : measure.aggregation == Aggregation::kCountDistinct ? Additivity::kDistinct
                                                                              : Additivity::kNonAdditive;
    if (!sql.empty()) {
      const auto expr = OwnSql(sql);
      if (!expr) return Leave(what, "its SQL is not one expression over its own table");
      measure.expr = *expr;
    }
    std::vector<std::string> filters;
    for (const YamlNode* filter : MapsIn(node, "filters")) {
      const auto condition = OwnSql(TextIn(*filter, "sql"));
      if (!condition) return Leave(what, "its filter is not one expression over its own table");
      filters.push_back("(" + *condition + ")");
    }
    measure.filter = fmt::format("{}", fmt::join(filters, " AND "));
    entity.measures.push_back(std::move(measure));
  }

  /// `{orders} / {customers.count}` over measures by name.
  void AddComputed(Metric metric) {
    std::string formula = metric.formula;
    ReplaceAll(formula, "${", "{");
    ReplaceAll(formula, "{CUBE}.", "");
    ReplaceAll(formula, "{", "");
    ReplaceAll(formula, "}", "");
    for (const Entity& entity : model_.entities) ReplaceAll(formula, entity.name + ".", "");
    const auto parsed = ParseFormula(formula);
    const auto is_measure = [&](const std::string& name) {
      int found = 0;
      for (const Entity& entity : model_.entities) found += FindMeasure(entity, name) == nullptr ? 0 : 1;
      return found == 1;
    };
    if (!parsed.has_value() || MetricsOf(*parsed).empty() || !std::ranges::all_of(MetricsOf(*parsed), is_measure)) {
      return Leave("measure " + metric.name, "it is more than arithmetic over measures");
    }
    metric.formula = formula;
    model_.metrics.push_back(std::move(metric));
  }

  void AddJoins(const YamlNode& node) {
    const std::string from = TextIn(node, "name");
    for (const YamlNode* each : MapsIn(node, "joins")) {
      Join join;
      const std::string to = TextIn(*each, "name"), relation = TextIn(*each, "relationship");
      join.name = from + "_" + to;
      join.label = LabelOf(to);
      join.from = from;
      join.to = to;
      join.line = each->line;
      join.cardinality = relation == "one_to_one" || relation == "has_one"     ? Cardinality::kOneToOne
                         : relation == "one_to_many" || relation == "has_many" ? Cardinality::kOneToMany
                                                                               : Cardinality::kManyToOne;
      if (FindEntity(model_, from) == nullptr || FindEntity(model_, to) == nullptr ||
          !ReadOn(TextIn(*each, "sql"), join)) {
        Leave("join " + join.name, "it is not an equality of columns of two imported cubes");
        continue;
      }
      model_.joins.push_back(std::move(join));
    }
  }

  /// `{CUBE}.customer_id = {customers}.id`, any of it also as `{customers.id}`.
  static bool ReadOn(std::string sql, Join& join) {
    ReplaceAll(sql, "${", "{");
    ReplaceAll(sql, "{", "");
    ReplaceAll(sql, "}", "");
    const size_t equals = sql.find('=');
    if (equals == std::string::npos || sql.find('=', equals + 1) != std::string::npos) return false;
    for (const std::string& side : {sql.substr(0, equals), sql.substr(equals + 1)}) {
      const std::string text(Trim(side));
      const size_t dot = text.find('.');
      if (dot == std::string::npos) return false;
      const std::string owner = text.substr(0, dot), column = ColumnOfExpression(text.substr(dot + 1));
      if (column.empty()) return false;
      if (owner == "CUBE" || EqualsIgnoringCase(owner, join.from)) {
        join.from_columns = {column};
      } else if (EqualsIgnoringCase(owner, join.to)) {
        join.to_columns = {column};
      }
    }
    return !join.from_columns.empty() && !join.to_columns.empty();
  }

  const YamlNode& root_;
  std::string name_;
  SemanticModel model_;
  std::vector<Metric> computed_;
  std::vector<std::string> unmapped_;
};

}  // namespace

Result<Import> ImportCube(const std::vector<std::string>& documents, const std::string& name) {
  NL_ASSIGN_OR_RETURN(const YamlNode root, ParseTogether(documents));
  return CubeImporter(root, name).Run();
}

}  // namespace neurolake::semantic
