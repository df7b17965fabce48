#include <algorithm>
#include <charconv>
#include <map>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/formula.h"
#include "semantic/internal/import_parts.h"
#include "semantic/internal/load_parts.h"

namespace neurolake::semantic {
namespace {

/// A key of a semantic model, in dbt's words an entity.
struct Key {
  std::string entity;
  std::string name;
  std::string column;
  bool is_unique = false;
};

class DbtImporter {
 public:
  DbtImporter(const YamlNode& root, std::string name, std::string schema)
      : root_(root), name_(std::move(name)), schema_(std::move(schema)) {}

  Result<Import> Run() {
    model_.name = name_;
    model_.label = LabelOf(name_);
    for (const YamlNode* node : MapsIn(root_, "semantic_models")) AddEntity(*node);
    if (model_.entities.empty()) {
      return WrongAt(root_.line,
                     "dbt's YAML has semantic_models: a list of them; the new form within models: is not read");
    }
    AddJoins();
    std::vector<const YamlNode*> metrics = MapsIn(root_, "metrics");
    for (const YamlNode* node : metrics) AddMetric(*node);
    DropDangling();
    return Finished(std::move(model_), std::move(unmapped_));
  }

 private:
  void Leave(const std::string& what, const std::string& why) { unmapped_.push_back(what + ": " + why); }

  static std::string TableOf(const std::string& model) {
    const size_t open = model.find_first_of("'\""), close = model.find_last_of("'\"");
    if (open == std::string::npos || close <= open) return model;
    const std::string inner = model.substr(open + 1, close - open - 1);
    const size_t last = inner.find_last_of("'\"");  // ref('project', 'model'): the last one.
    return last == std::string::npos ? inner : inner.substr(last + 1);
  }

  void AddEntity(const YamlNode& node) {
    Entity entity;
    DescribeFrom(node, entity);
    entity.table = {TableOf(TextIn(node, "model"))};
    if (!schema_.empty()) entity.table.insert(entity.table.begin(), schema_);
    for (const YamlNode* key : MapsIn(node, "entities")) AddKey(*key, entity);
    for (const YamlNode* dimension : MapsIn(node, "dimensions")) AddDimension(*dimension, entity);
    if (const YamlNode* defaults = MapIn(node, "defaults"))
      entity.default_time = TextIn(*defaults, "agg_time_dimension");
    if (FindDimension(entity, entity.default_time) == nullptr) entity.default_time.clear();
    for (const YamlNode* measure : MapsIn(node, "measures")) AddMeasure(*measure, entity);
    model_.entities.push_back(std::move(entity));
  }

  void AddKey(const YamlNode& node, Entity& entity) {
    const std::string type = LowerAscii(TextIn(node, "type"));
    const std::string expr = TextIn(node, "expr").empty() ? TextIn(node, "name") : TextIn(node, "expr");
    const std::string column = ColumnOfExpression(expr);
    if (column.empty()) {
      return Leave("entity " + TextIn(node, "name"), "a join is by columns, and it is an expression");
    }
    if (type == "primary") entity.primary_key = {column};
    keys_.push_back({entity.name, TextIn(node, "name"), column, type == "primary" || type == "unique"});
    Dimension dimension;
    DescribeFrom(node, dimension);
    dimension.expr = ColumnExpression(column);
    if (FindDimension(entity, dimension.name) == nullptr) entity.dimensions.push_back(std::move(dimension));
  }

  void AddDimension(const YamlNode& node, Entity& entity) {
    Dimension dimension;
    DescribeFrom(node, dimension);
    const std::string expr = TextIn(node, "expr");
    dimension.expr = expr.empty() ? ColumnExpression(dimension.name) : expr;
    if (LowerAscii(TextIn(node, "type")) == "time") {
      dimension.type = DimensionType::kTime;
      dimension.value_type = ValueType::kTimestamp;
      if (const YamlNode* parameters = MapIn(node, "type_params")) {
        dimension.grain =
            TimeGrainFromName(LowerAscii(TextIn(*parameters, "time_granularity"))).value_or(TimeGrain::kDay);
      }
    }
    if (!CheckExpressionText(dimension.expr).has_value()) {
      return Leave("dimension " + dimension.name, "its expression is not one SQL expression over the table");
    }
    std::erase_if(entity.dimensions,
                  [&](const Dimension& known) { return EqualsIgnoringCase(known.name, dimension.name); });
    entity.dimensions.push_back(std::move(dimension));
  }

  static std::optional<Aggregation> AggregationOf(const std::string& name) {
    if (name == "sum_boolean") return Aggregation::kSum;
    return AggregationFromName(name);
  }

  void AddMeasure(const YamlNode& node, Entity& entity) {
    Measure measure;
    DescribeFrom(node, measure);
    const std::string agg = LowerAscii(TextIn(node, "agg"));
    const auto aggregation = AggregationOf(agg);
    if (!aggregation) return Leave("measure " + measure.name, "its aggregation has no counterpart: " + agg);
    measure.aggregation = *aggregation;
    measure.hidden = TextIn(node, "create_metric") != "true";
    measure.expr = TextIn(node, "expr");
    if (measure.aggregation == Aggregation::kCount && measure.expr == "1") measure.expr.clear();
    if (measure.expr.empty() && measure.aggregation != Aggregation::kCount)
      measure.expr = ColumnExpression(measure.name);
    if (measure.expr == "1" && agg == "sum") measure.aggregation = Aggregation::kCount, measure.expr.clear();
    if (agg == "sum_boolean") measure.expr = "CAST(" + measure.expr + " AS INTEGER)";
    if (!measure.expr.empty() && !CheckExpressionText(measure.expr).has_value()) {
      return Leave("measure " + measure.name, "its expression is not one SQL expression over the table");
    }
    if (const YamlNode* parameters = MapIn(node, "agg_params")) {
      const std::string text = TextIn(*parameters, "percentile");
      std::from_chars(text.data(), text.data() + text.size(), measure.percentile);
    }
    measure.time = TextIn(node, "agg_time_dimension");
    const bool adds = measure.aggregation == Aggregation::kSum || measure.aggregation == Aggregation::kCount;
    measure.additivity = adds                                                 ? Additivity::kAdditive
                         : measure.aggregation == Aggregation::kCountDistinct ? Additivity::kDistinct
                                                                              : Additivity::kNonAdditive;
    if (const YamlNode* over = MapIn(node, "non_additive_dimension")) {
      measure.additivity = Additivity::kSemiAdditive;
      measure.time = TextIn(*over, "name");
      measure.over_time =
          TextIn(*over, "window_choice") == "min" ? SemiAdditiveChoice::kFirst : SemiAdditiveChoice::kLast;
      if (const YamlNode* per = over->Find("window_groupings")) {
        for (const YamlNode& item : per->items) measure.over_time_per.push_back(item.scalar);
      }
    }
    const std::string time = measure.time;
    if (!time.empty() && FindDimension(entity, time) == nullptr) {
      return Leave("measure " + measure.name, "it goes by a time that was not imported: " + time);
    }
    entity.measures.push_back(std::move(measure));
  }

  /// A key that is one side's own and the other side's reference to it.
  void AddJoins() {
    for (const Key& from : keys_) {
      for (const Key& to : keys_) {
        if (from.entity == to.entity || !EqualsIgnoringCase(from.name, to.name) || !to.is_unique) continue;
        if (from.is_unique && from.entity > to.entity) continue;
        Join join;
        join.name = from.entity + "_" + from.name;
        join.label = LabelOf(from.name);
        join.from = from.entity;
        join.to = to.entity;
        join.cardinality = from.is_unique ? Cardinality::kOneToOne : Cardinality::kManyToOne;
        join.from_columns = {from.column};
        join.to_columns = {to.column};
        if (FindJoin(model_, join.name) != nullptr) join.name += "_" + to.entity;
        model_.joins.push_back(std::move(join));
      }
    }
  }

  const Measure* FindMeasureAnywhere(const std::string& name, std::string& entity_name) const {
    for (const Entity& entity : model_.entities) {
      if (const Measure* measure = FindMeasure(entity, name)) {
        entity_name = entity.name;
        return measure;
      }
    }
    return nullptr;
  }

  /// A reference by name, or a map with name and more; what is more and would change the number is told.
  static std::string NameIn(const YamlNode& parameters, std::string_view member, bool& has_more) {
    const YamlNode* node = parameters.Find(member);
    if (node == nullptr) return {};
    if (node->kind == YamlNode::Kind::kScalar) return node->scalar;
    for (const auto& [name, value] : node->members) has_more = has_more || (name != "name" && !value.IsNull());
    return TextIn(*node, "name");
  }

  /// `{{ Dimension('order__status') }} = 'done'` over the measure's own table; empty if it is anything else.
  std::string FilterOf(std::string filter, const std::string& entity_name) const {
    const Entity* entity = FindEntity(model_, entity_name);
    constexpr std::string_view kCall = "Dimension('";
    for (size_t open = filter.find("{{"); open != std::string::npos; open = filter.find("{{")) {
      const size_t close = filter.find("}}", open);
      const size_t call = filter.find(kCall, open);
      if (close == std::string::npos || call == std::string::npos || call > close) return {};
      const size_t begin = call + kCall.size(), end = filter.find('\'', begin);
      const std::string inside = end < close ? filter.substr(begin, end - begin) : "";
      const size_t split = inside.find("__");
      if (split == std::string::npos || Trim(filter.substr(end + 1, close - end - 1)) != ")") return {};
      const auto own = [&](const Key& key) {
        return key.entity == entity_name && key.is_unique && key.name == inside.substr(0, split);
      };
      const Dimension* dimension = FindDimension(*entity, inside.substr(split + 2));
      if (dimension == nullptr || std::ranges::none_of(keys_, own)) return {};
      filter.replace(open, close + 2 - open, "(" + dimension->expr + ")");
    }
    return CheckExpressionText(filter).has_value() ? std::string(Trim(filter)) : "";
  }

  void AddMetric(const YamlNode& node) {
    Metric metric;
    DescribeFrom(node, metric);
    const std::string what = "metric " + metric.name, type = LowerAscii(TextIn(node, "type"));
    const YamlNode* parameters = MapIn(node, "type_params");
    if (parameters == nullptr) return Leave(what, "it has no type_params");
    bool has_more = false;
    if (type == "simple" || type == "cumulative") {
      const Measure* measure = FindMeasureAnywhere(NameIn(*parameters, "measure", has_more), metric.entity);
      if (measure == nullptr) return Leave(what, "its measure was not imported");
      metric.measure = measure->name;
      if (type == "cumulative" && !AddWindow(*parameters, metric)) return Leave(what, "its window is not understood");
    } else if (type == "ratio") {
      metric.kind = MetricKind::kRatio;
      metric.numerator = NameIn(*parameters, "numerator", has_more);
      metric.denominator = NameIn(*parameters, "denominator", has_more);
    } else if (type == "derived") {
      metric.kind = MetricKind::kDerived;
      metric.formula = TextIn(*parameters, "expr");
      for (const YamlNode* input : MapsIn(*parameters, "metrics")) {
        for (const auto& [name, value] : input->members) has_more = has_more || (name != "name" && !value.IsNull());
      }
    } else {
      return Leave(what, "metrics of this type are not imported: " + type);
    }
    if (has_more) return Leave(what, "an ingredient has a filter, an offset, an alias or a default of its own");
    if (const std::string filter = TextIn(node, "filter"); !filter.empty()) {
      metric.filter = metric.entity.empty() ? "" : FilterOf(filter, metric.entity);
      if (metric.filter.empty()) return Leave(what, "its filter is a template that was not understood");
    }
    model_.metrics.push_back(std::move(metric));
  }

  static bool AddWindow(const YamlNode& parameters, Metric& metric) {
    metric.kind = MetricKind::kCumulative;
    const YamlNode* own = MapIn(parameters, "cumulative_type_params");
    const YamlNode& from = own == nullptr ? parameters : *own;
    const std::string window = TextIn(from, "window"), to_date = TextIn(from, "grain_to_date");
    if (!to_date.empty()) {
      metric.to_date = TimeGrainFromName(to_date);
      return metric.to_date.has_value();
    }
    if (window.empty()) return true;
    const size_t space = window.find(' ');
    const auto read = std::from_chars(window.data(), window.data() + window.size(), metric.window);
    if (space == std::string::npos || read.ec != std::errc() || metric.window < 1) return false;
    std::string grain = window.substr(space + 1);
    if (grain.ends_with("s")) grain.pop_back();
    metric.window_grain = TimeGrainFromName(grain);
    return metric.window_grain.has_value();
  }

  /// Metrics of metrics that were left out go, too, until none is left that names one.
  void DropDangling() {
    const auto known = [&](const std::string& name) {
      if (FindMetric(model_, name) != nullptr) return true;
      std::string entity;
      const Measure* measure = FindMeasureAnywhere(name, entity);
      return measure != nullptr && !measure->hidden;
    };
    for (bool again = true; again;) {
      again = false;
      for (size_t i = 0; i < model_.metrics.size(); ++i) {
        const Metric& metric = model_.metrics[i];
        std::vector<std::string> parts;
        if (metric.kind == MetricKind::kRatio) parts = {metric.numerator, metric.denominator};
        if (metric.kind == MetricKind::kDerived) {
          const auto formula = ParseFormula(metric.formula);
          if (formula.has_value()) parts = MetricsOf(*formula);
          if (parts.empty()) parts = {""};
        }
        if (std::ranges::all_of(parts, known)) continue;
        Leave("metric " + metric.name, "it is made of what was not imported, or by more than arithmetic");
        model_.metrics.erase(model_.metrics.begin() + std::ptrdiff_t(i));
        again = true;
        break;
      }
    }
  }

  const YamlNode& root_;
  std::string name_, schema_;
  SemanticModel model_;
  std::vector<Key> keys_;
  std::vector<std::string> unmapped_;
};

}  // namespace

Result<Import> ImportDbt(const std::vector<std::string>& documents, const std::string& name,
                         const std::string& schema) {
  NL_ASSIGN_OR_RETURN(const YamlNode root, ParseTogether(documents));
  return DbtImporter(root, name, schema).Run();
}

}  // namespace neurolake::semantic
