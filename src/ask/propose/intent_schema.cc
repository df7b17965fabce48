#include "ask/propose/intent_schema.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "ask/intent/intent_json.h"
#include "ask/intent/names.h"
#include "net/strict_json.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

constexpr size_t kAnswerBytesMax = 64 << 10;

/// An object of just these members, all required.
json::object Object(json::object members) {
  json::array names;
  for (const auto& member : members) names.push_back(json::string(member.key()));
  return {{"type", "object"},
          {"properties", std::move(members)},
          {"required", std::move(names)},
          {"additionalProperties", false}};
}

json::object OrNull(json::object schema) {
  return {{"anyOf", json::array{std::move(schema), json::object{{"type", "null"}}}}};
}

json::object ListOf(json::object schema) { return {{"type", "array"}, {"items", std::move(schema)}}; }
json::object Type(std::string_view name) { return {{"type", name}}; }

template <typename Names>
json::object OneOf(const Names& names) {
  json::array values;
  for (const auto& name : names) values.push_back(json::string(std::string_view(name)));
  // An enumeration of nothing is not allowed.
  if (values.empty()) return Type("null");
  return {{"type", "string"}, {"enum", std::move(values)}};
}

/// What stands under this name in the schema's definitions: said once, as prompts are paid for.
json::object Ref(std::string_view name) { return {{"$ref", fmt::format("#/$defs/{}", name)}}; }

json::object GrainNames() {
  return OneOf(std::array<std::string_view, 10>{"second", "minute", "hour", "day", "week", "month", "quarter", "year",
                                                "fiscal_quarter", "fiscal_year"});
}

json::object PartNames() {
  return OneOf(std::array<std::string_view, 7>{"hour_of_day", "day_of_week", "day_of_month", "day_of_year",
                                               "week_of_year", "month_of_year", "quarter_of_year"});
}

json::object Grain() { return OrNull(Ref("grain")); }
json::object Part() { return OrNull(Ref("part")); }

/// The parts of the schema that go by the model.
class Schema {
 public:
  explicit Schema(const semantic::SemanticModel& model) {
    std::vector<std::string> entities, fields, metrics, joins;
    for (const auto& metric : model.metrics) metrics.push_back(metric.name);
    for (const auto& entity : model.entities) {
      entities.push_back(entity.name);
      for (const auto& dimension : entity.dimensions) {
        if (std::find(fields.begin(), fields.end(), dimension.name) == fields.end()) fields.push_back(dimension.name);
      }
    }
    for (const auto& join : model.joins) joins.push_back(join.name);
    definitions_["entity"] = OneOf(entities);
    metric_ = OneOf(metrics);
    definitions_["field"] =
        Object({{"entity", Ref("entity")},
                {"name", OneOf(fields)},
                {"via", joins.empty() ? OrNull(ListOf(Type("string"))) : OrNull(ListOf(OneOf(joins)))}});
    definitions_["grain"] = GrainNames();
    definitions_["part"] = PartNames();
    definitions_["value"] =
        Object({{"part", OneOf(kValuePartNames)}, {"index", Type("integer")}, {"comparison", OrNull(Type("integer"))}});
    const json::object literal{
        {"anyOf", json::array{Type("string"), Type("number"), Type("integer"), Type("boolean")}}};
    definitions_["filters"] =
        OrNull(ListOf(Object({{"any_of", ListOf(Object({{"field", Ref("field")},
                                                        {"op", OneOf(kFilterOperatorNames)},
                                                        {"values", OrNull(ListOf(literal))},
                                                        {"grain", Grain()},
                                                        {"part", Part()},
                                                        {"or_null", OrNull(Type("boolean"))}}))}})));
  }

  const json::object& definitions() const { return definitions_; }

  json::object Intent() const {
    return Object(
        {{"output", OneOf(std::array<std::string_view, 3>{"table", "rows", "exists"})},
         {"entity", OrNull(Ref("entity"))},
         {"metrics", OrNull(ListOf(MetricUse()))},
         {"dimensions", OrNull(ListOf(Object({{"field", Ref("field")}, {"grain", Grain()}, {"part", Part()}})))},
         {"filters", Ref("filters")},
         {"sets", OrNull(ListOf(Set()))},
         {"time", OrNull(Time())},
         {"calculations", OrNull(ListOf(Calculation()))},
         {"having", OrNull(ListOf(Object({{"value", Ref("value")},
                                          {"op", OneOf(kCompareNames)},
                                          {"operand", Type("number")},
                                          {"upper", OrNull(Type("number"))}})))},
         {"rank", OrNull(Rank())}});
  }

 private:
  json::object MetricUse() const {
    return Object({{"metric", OrNull(metric_)},
                   {"aggregation", OrNull(OneOf(std::array<std::string_view, 9>{"sum", "count", "count_distinct",
                                                                                "average", "min", "max", "median",
                                                                                "percentile", "standard_deviation"}))},
                   {"percentile", OrNull(Type("number"))},
                   {"field", OrNull(Ref("field"))},
                   {"entity", OrNull(Ref("entity"))},
                   {"filters", Ref("filters")}});
  }
  json::object Time() const {
    return Object({{"field", OrNull(Ref("field"))},
                   {"from", OrNull(Type("string"))},
                   {"to", OrNull(Type("string"))},
                   {"grain", Grain()},
                   {"comparisons", OrNull(ListOf(Object({{"kind", OneOf(kComparisonNames)},
                                                         {"count", OrNull(Type("integer"))},
                                                         {"grain", Grain()},
                                                         {"from", OrNull(Type("string"))},
                                                         {"to", OrNull(Type("string"))}})))}});
  }
  json::object Set() const {
    return Object({{"subject", Ref("entity")},
                   {"related", Ref("entity")},
                   {"negated", OrNull(Type("boolean"))},
                   {"filters", Ref("filters")},
                   {"from", OrNull(Type("string"))},
                   {"to", OrNull(Type("string"))}});
  }
  static json::object Calculation() {
    return Object({{"kind", OneOf(kCalculationNames)},
                   {"metric", Type("integer")},
                   {"window", OrNull(Type("integer"))},
                   {"grain", Grain()},
                   {"per", OrNull(ListOf(Type("integer")))}});
  }
  static json::object Rank() {
    return Object({{"by", Ref("value")},
                   {"n", Type("integer")},
                   {"descending", OrNull(Type("boolean"))},
                   {"nth_only", OrNull(Type("boolean"))},
                   {"per", OrNull(ListOf(Type("integer")))},
                   {"per_period", OrNull(Type("boolean"))}});
  }

  json::object definitions_;
  json::object metric_;
};

/// Without members that are null, which an intent leaves out.
json::value WithoutNulls(const json::value& value) {
  if (const auto* array = value.if_array()) {
    json::array kept;
    for (const auto& one : *array) kept.push_back(WithoutNulls(one));
    return kept;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  json::object kept;
  for (const auto& [name, member] : *object) {
    if (!member.is_null()) kept[name] = WithoutNulls(member);
  }
  return kept;
}

/// What stands in an intent and is none of a model's business: words of its own would be shown as ours.
bool SetsWhatItMayNot(const Intent& intent) {
  const auto labelled = [](const MetricUse& metric) { return !metric.label.empty() || !metric.unit.empty(); };
  const bool set_label = std::any_of(intent.sets.begin(), intent.sets.end(),
                                     [&](const SetCondition& set) { return set.metric && labelled(*set.metric); });
  const bool known_output =
      intent.output == OutputKind::kTable || intent.output == OutputKind::kRows || intent.output == OutputKind::kExists;
  return !known_output || !intent.subject.empty() || !intent.zone.empty() || intent.row_limit != Intent().row_limit ||
         intent.privacy != Privacy() || intent.keep_empty || set_label ||
         std::any_of(intent.metrics.begin(), intent.metrics.end(), labelled);
}

std::unexpected<Error> Broken() {
  return MakeError(ErrorCode::kInvalidArgument, "the model's answer is not of the form that was asked for");
}

}  // namespace

std::string IntentSchema(const semantic::SemanticModel& model) {
  const Schema schema(model);
  json::object whole = Object({{"answerable", Type("boolean")}, {"intent", OrNull(schema.Intent())}});
  whole["$defs"] = schema.definitions();
  return json::serialize(whole);
}

Result<std::optional<Intent>> IntentOfAnswer(std::string_view answer) {
  if (answer.size() > kAnswerBytesMax) return Broken();
  const auto object = net::ParseStrictObject(answer, "the model's answer", 16);
  if (!object.has_value()) return Broken();
  const auto* answerable = object->if_contains("answerable");
  const auto* inner = object->if_contains("intent");
  const size_t known = (answerable != nullptr ? 1 : 0) + (inner != nullptr ? 1 : 0);
  if (answerable == nullptr || !answerable->is_bool() || known != object->size()) return Broken();
  const bool none = inner == nullptr || inner->is_null();
  if (!none && !inner->is_object()) return Broken();
  if (!answerable->get_bool() || none) return std::nullopt;
  auto intent = DecodeIntent(json::serialize(WithoutNulls(*inner)));
  // Its error would name members that the answer made up.
  if (!intent.has_value() || SetsWhatItMayNot(*intent)) return Broken();
  return std::optional<Intent>(std::move(*intent));
}

}  // namespace neurolake::ask
