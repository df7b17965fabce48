#include <algorithm>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/load_parts.h"
#include "semantic/internal/yaml_text.h"
#include "semantic/load.h"

namespace neurolake::semantic {
namespace {

class Writer {
 public:
  std::string text;

  void Item(int indent) { indent_ = indent, is_first_ = true; }
  void Top() { indent_ = 0, is_first_ = false; }
  void Raw(std::string_view name, std::string_view value) {
    text += std::string(size_t(indent_), ' ');
    if (indent_ > 0) text += is_first_ ? "- " : "  ";
    is_first_ = false;
    text += fmt::format("{}:{}{}\n", name, value.empty() ? "" : " ", value);
  }
  void Text(std::string_view name, std::string_view value) {
    if (!value.empty()) Raw(name, QuotedYaml(value));
  }
  void Word(std::string_view name, std::string_view value, std::string_view usual) {
    if (value != usual) Raw(name, value);
  }
  void Texts(std::string_view name, const std::vector<std::string>& values) {
    if (!values.empty()) Raw(name, ListYaml(values));
  }
  void Flag(std::string_view name, bool value) {
    if (value) Raw(name, "true");
  }
  void Of(const Described& described) {
    Raw("name", NameYaml(described.name));
    if (described.label != LabelOf(described.name)) Text("label", described.label);
    Text("description", described.description);
    Texts("synonyms", described.synonyms);
  }
  void Of(const Format& format) {
    Text("unit", format.unit);
    if (!format.pattern.empty()) Raw("pattern", format.pattern);
    if (format.decimals) Raw("decimals", std::to_string(*format.decimals));
  }

 private:
  int indent_ = 0;
  bool is_first_ = false;
};

constexpr std::string_view kDimensionTypes[] = {"categorical", "time", "geographic"};
constexpr std::string_view kValueTypes[] = {"text", "integer", "number", "boolean", "date", "timestamp", "timestamptz"};
constexpr std::string_view kAdditivities[] = {"additive", "semi_additive", "non_additive", "distinct"};
constexpr std::string_view kChoices[] = {"last", "first", "average", "min", "max"};
constexpr std::string_view kCardinalities[] = {"many_to_one", "one_to_one", "one_to_many", "many_to_many"};
constexpr std::string_view kKinds[] = {"simple", "ratio", "derived", "cumulative", "conversion"};

void Save(Writer& out, const Dimension& dimension) {
  out.Item(6);
  out.Of(dimension);
  out.Word("type", kDimensionTypes[size_t(dimension.type)], "categorical");
  out.Raw("value_type", kValueTypes[size_t(dimension.value_type)]);
  if (dimension.expr != ColumnExpression(dimension.name)) out.Text("expr", dimension.expr);
  if (dimension.type == DimensionType::kTime) out.Word("grain", TimeGrainName(dimension.grain), "day");
  out.Text("role", dimension.role);
  out.Text("level", dimension.geographic_level);
  out.Text("parent", dimension.parent);
  out.Text("personal", dimension.personal);
  out.Flag("is_label", dimension.is_label);
  out.Flag("hidden", dimension.hidden);
  out.Of(dimension.format);
  if (dimension.values.empty()) return;
  out.Raw("values", "");
  for (const NamedValue& value : dimension.values) {
    out.Item(10);
    out.Raw("value", QuotedYaml(value.value));
    out.Text("label", value.label);
    out.Texts("synonyms", value.synonyms);
  }
}

void Save(Writer& out, const Measure& measure) {
  out.Item(6);
  out.Of(measure);
  out.Word("aggregation", AggregationName(measure.aggregation), "sum");
  if (measure.aggregation == Aggregation::kCount || measure.expr != ColumnExpression(measure.name)) {
    out.Text("expr", measure.expr);
  }
  out.Text("filter", measure.filter);
  if (measure.percentile != 0.5) out.Raw("percentile", fmt::format("{}", measure.percentile));
  out.Raw("additivity", kAdditivities[size_t(measure.additivity)]);
  if (measure.additivity == Additivity::kSemiAdditive) out.Raw("over_time", kChoices[size_t(measure.over_time)]);
  out.Texts("over_time_per", measure.over_time_per);
  out.Text("time", measure.time);
  out.Of(measure.format);
  out.Flag("hidden", measure.hidden);
}

void Save(Writer& out, const Entity& entity) {
  out.Item(2);
  out.Of(entity);
  out.Texts("table", entity.table);
  out.Texts("primary_key", entity.primary_key);
  out.Text("filter", entity.filter);
  out.Text("default_time", entity.default_time);
  if (!entity.dimensions.empty()) out.Raw("dimensions", "");
  for (const Dimension& dimension : entity.dimensions) Save(out, dimension);
  out.Item(2);
  if (entity.measures.empty()) return;
  out.text += "    measures:\n";
  for (const Measure& measure : entity.measures) Save(out, measure);
}

void Save(Writer& out, const Join& join) {
  out.Item(2);
  out.Of(join);
  out.Raw("from", NameYaml(join.from));
  out.Raw("to", NameYaml(join.to));
  out.Raw("cardinality", kCardinalities[size_t(join.cardinality)]);
  std::vector<std::string> pairs;
  for (size_t i = 0; i < join.from_columns.size(); ++i) {
    pairs.push_back(QuotedYaml(join.from_columns[i]) + ": " + QuotedYaml(join.to_columns[i]));
  }
  out.Raw("on", fmt::format("{{{}}}", fmt::join(pairs, ", ")));
}

void Save(Writer& out, const Metric& metric) {
  out.Item(2);
  out.Of(metric);
  out.Word("kind", kKinds[size_t(metric.kind)], "simple");
  if (!metric.measure.empty()) out.Raw("measure", NameYaml(metric.entity + "." + metric.measure));
  out.Text("filter", metric.filter);
  out.Text("numerator", metric.numerator);
  out.Text("denominator", metric.denominator);
  out.Text("formula", metric.formula);
  if (metric.window > 0) out.Raw("window", std::to_string(metric.window));
  if (metric.window_grain) out.Raw("window_grain", TimeGrainName(*metric.window_grain));
  if (metric.to_date) out.Raw("to_date", TimeGrainName(*metric.to_date));
  if (!metric.target_measure.empty()) out.Raw("target", NameYaml(metric.target_entity + "." + metric.target_measure));
  out.Text("key", metric.conversion_key);
  out.Of(metric.format);
  out.Flag("hidden", metric.hidden);
}

void SaveCalendar(Writer& out, const Calendar& calendar) {
  out.text += "calendar:\n";
  if (calendar.fiscal_year_known)
    out.text += fmt::format("  fiscal_year_start_month: {}\n  fiscal_year_named_by: {}\n",
                            calendar.fiscal_year_start_month, calendar.fiscal_year_named_by_end ? "end" : "start");
  else out.text += "  fiscal_year_known: false\n";
  out.text += fmt::format("  zone: {}\n", QuotedYaml(calendar.zone));
  if (calendar.holidays.empty()) return;
  out.text += "  holidays:\n";
  for (const Holiday& holiday : calendar.holidays) {
    out.text += fmt::format("    - {{date: {}, name: {}}}\n", QuotedYaml(holiday.date), QuotedYaml(holiday.name));
  }
}

}  // namespace

std::string SaveModel(const SemanticModel& model) {
  Writer out;
  out.Top();
  out.Raw("semantic_model", NameYaml(model.name));
  out.Raw("format_version", std::to_string(model.format_version));
  out.Text("version", model.version);
  if (model.label != LabelOf(model.name)) out.Text("label", model.label);
  out.Text("description", model.description);
  out.Texts("synonyms", model.synonyms);
  SaveCalendar(out, model.calendar);
  out.text += "entities:\n";
  for (const Entity& entity : model.entities) Save(out, entity);
  if (!model.joins.empty()) out.text += "joins:\n";
  for (const Join& join : model.joins) Save(out, join);
  const bool has_metrics = std::ranges::any_of(model.metrics, [](const Metric& metric) { return !metric.implicit; });
  if (has_metrics) out.text += "metrics:\n";
  for (const Metric& metric : model.metrics) {
    if (!metric.implicit) Save(out, metric);
  }
  if (!model.verified_questions.empty()) out.text += "verified_questions:\n";
  for (const VerifiedQuestion& verified : model.verified_questions) {
    out.Item(2);
    out.Text("question", verified.question);
    out.Text("intent", verified.intent);
    out.Text("verified_by", verified.verified_by);
  }
  return out.text;
}

}  // namespace neurolake::semantic
