#include "ask/intent/intent_json.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "ask/intent/names.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

json::string Name(std::string_view text) { return json::string(text.data(), text.size()); }

template <size_t kSize, typename Value>
void PutChoice(json::object& out, std::string_view member, const std::array<std::string_view, kSize>& names,
               Value value, Value usual) {
  if (value != usual) out[Name(member)] = Name(names[size_t(value)]);
}

void PutText(json::object& out, std::string_view member, const std::string& text) {
  if (!text.empty()) out[Name(member)] = Name(text);
}

void PutTexts(json::object& out, std::string_view member, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json::array list;
  for (const std::string& text : texts) list.push_back(Name(text));
  out[Name(member)] = std::move(list);
}

void PutNumber(json::object& out, std::string_view member, double value, double usual) {
  if (value != usual) out[Name(member)] = value;
}

void PutFlag(json::object& out, std::string_view member, bool value, bool usual = false) {
  if (value != usual) out[Name(member)] = value;
}

void PutIndices(json::object& out, std::string_view member, const std::vector<uint32_t>& indices) {
  if (indices.empty()) return;
  json::array list;
  for (const uint32_t index : indices) list.push_back(index);
  out[Name(member)] = std::move(list);
}

template <typename Member, typename Encode>
void PutList(json::object& out, std::string_view member, const std::vector<Member>& members, Encode encode) {
  if (members.empty()) return;
  json::array list;
  for (const Member& each : members) list.push_back(encode(each));
  out[Name(member)] = std::move(list);
}

void PutGrain(json::object& out, const std::optional<TimeGrain>& grain) {
  if (grain) out["grain"] = Name(TimeGrainName(*grain));
}

std::string TimeText(LocalTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  std::string text = fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
  if (day == time) return text;
  const std::chrono::hh_mm_ss clock(time - day);
  return text +
         fmt::format(" {:02}:{:02}:{:02}", clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

void PutRange(json::object& out, const TimeRange& range) {
  if (range.from) out["from"] = Name(TimeText(*range.from));
  if (range.to) out["to"] = Name(TimeText(*range.to));
}

json::object Encode(const FieldRef& field) {
  json::object out;
  PutText(out, "entity", field.entity);
  PutText(out, "name", field.name);
  PutTexts(out, "via", field.via);
  return out;
}

json::value Encode(const Literal& literal) {
  if (const auto* text = std::get_if<std::string>(&literal)) return Name(*text);
  if (const auto* whole = std::get_if<int64_t>(&literal)) return *whole;
  if (const auto* number = std::get_if<double>(&literal)) return *number;
  return std::get<bool>(literal);
}

json::value Encode(const Filter& filter) {
  json::object out{{"field", Encode(filter.field)}};
  PutChoice(out, "op", kFilterOperatorNames, filter.op, FilterOperator::kIn);
  PutList(out, "values", filter.values, [](const Literal& literal) { return Encode(literal); });
  PutGrain(out, filter.grain);
  if (filter.part) out["part"] = Name(TimePartName(*filter.part));
  PutFlag(out, "or_null", filter.or_null);
  return out;
}

json::value EncodeGroup(const FilterGroup& group) {
  json::object out;
  PutList(out, "any_of", group.any_of, [](const Filter& filter) { return Encode(filter); });
  return out;
}

json::value Encode(const MetricUse& use) {
  json::object out;
  PutText(out, "metric", use.metric);
  if (use.aggregation) out["aggregation"] = Name(AggregationName(*use.aggregation));
  PutNumber(out, "percentile", use.percentile, 0.5);
  if (use.field != FieldRef{}) out["field"] = Encode(use.field);
  PutText(out, "entity", use.entity);
  PutList(out, "filters", use.filters, EncodeGroup);
  PutText(out, "label", use.label);
  PutText(out, "unit", use.unit);
  return out;
}

json::value Encode(const ValueRef& value) {
  json::object out;
  PutChoice(out, "part", kValuePartNames, value.part, ValueRef::Part::kMetric);
  if (value.index != 0) out["index"] = value.index;
  if (value.comparison != 0) out["comparison"] = value.comparison;
  return out;
}

json::value Encode(const Comparison& comparison) {
  json::object out{{"kind", Name(kComparisonNames[size_t(comparison.kind)])}};
  if (comparison.count != 1) out["count"] = comparison.count;
  if (comparison.kind == ComparisonKind::kOffset || comparison.grain != TimeGrain::kYear) {
    out["grain"] = Name(TimeGrainName(comparison.grain));
  }
  PutRange(out, comparison.range);
  PutFlag(out, "show_value", comparison.show_value, true);
  PutFlag(out, "show_difference", comparison.show_difference);
  PutFlag(out, "show_growth", comparison.show_growth, true);
  return out;
}

json::value Encode(const TimeScope& time) {
  json::object out;
  if (time.field != FieldRef{}) out["field"] = Encode(time.field);
  PutRange(out, time.range);
  PutGrain(out, time.grain);
  PutFlag(out, "fill_gaps", time.fill_gaps);
  PutList(out, "comparisons", time.comparisons, [](const Comparison& comparison) { return Encode(comparison); });
  return out;
}

json::value Encode(const SetCondition& set) {
  json::object out;
  PutText(out, "subject", set.subject);
  PutTexts(out, "via", set.via);
  PutText(out, "related", set.related);
  PutTexts(out, "related_via", set.related_via);
  PutFlag(out, "negated", set.negated);
  PutList(out, "filters", set.filters, EncodeGroup);
  if (set.time_field != FieldRef{}) out["time_field"] = Encode(set.time_field);
  PutRange(out, set.time);
  if (set.metric) out["metric"] = Encode(*set.metric);
  PutChoice(out, "op", kCompareNames, set.op, CompareOperator::kGreater);
  PutNumber(out, "operand", set.operand, 0);
  PutNumber(out, "upper", set.upper, 0);
  return out;
}

json::value Encode(const Calculation& calculation) {
  json::object out{{"kind", Name(kCalculationNames[size_t(calculation.kind)])}};
  if (calculation.metric != 0) out["metric"] = calculation.metric;
  if (calculation.window != 0) out["window"] = calculation.window;
  PutGrain(out, calculation.grain);
  PutIndices(out, "per", calculation.per);
  if (calculation.of != 0) out["of"] = calculation.of;
  return out;
}

json::value Encode(const Rank& rank) {
  json::object out{{"by", Encode(rank.by)}, {"n", rank.n}};
  PutFlag(out, "descending", rank.descending, true);
  PutFlag(out, "nth_only", rank.nth_only);
  PutIndices(out, "per", rank.per);
  PutFlag(out, "per_period", rank.per_period);
  PutChoice(out, "ties", kTiesNames, rank.ties, Ties::kInclude);
  return out;
}

json::value Encode(const Having& having) {
  json::object out{{"value", Encode(having.value)}};
  PutChoice(out, "op", kCompareNames, having.op, CompareOperator::kGreater);
  PutNumber(out, "operand", having.operand, 0);
  PutNumber(out, "upper", having.upper, 0);
  return out;
}

json::value Encode(const SortKey& key) {
  json::object out;
  if (key.value) out["value"] = Encode(*key.value);
  if (key.dimension == SortKey::kTimeAxis) {
    out["time_axis"] = true;
  } else if (key.dimension) {
    out["dimension"] = *key.dimension;
  }
  PutFlag(out, "descending", key.descending);
  return out;
}

}  // namespace

std::string EncodeIntent(const Intent& intent) {
  json::object out;
  PutChoice(out, "output", kOutputNames, intent.output, OutputKind::kTable);
  PutText(out, "entity", intent.entity);
  PutText(out, "subject", intent.subject);
  PutList(out, "metrics", intent.metrics, [](const MetricUse& use) { return Encode(use); });
  PutList(out, "dimensions", intent.dimensions, [](const DimensionUse& use) {
    json::object dimension{{"field", Encode(use.field)}};
    PutGrain(dimension, use.grain);
    if (use.part) dimension["part"] = Name(TimePartName(*use.part));
    return dimension;
  });
  PutList(out, "filters", intent.filters, EncodeGroup);
  PutList(out, "sets", intent.sets, [](const SetCondition& set) { return Encode(set); });
  const json::value time = Encode(intent.time);
  if (!time.as_object().empty()) out["time"] = time;
  PutList(out, "calculations", intent.calculations, [](const Calculation& calculation) { return Encode(calculation); });
  PutList(out, "having", intent.having, [](const Having& having) { return Encode(having); });
  if (intent.rank) out["rank"] = Encode(*intent.rank);
  PutList(out, "order", intent.order, [](const SortKey& key) { return Encode(key); });
  json::object privacy;
  PutFlag(privacy, "remove_personal", intent.privacy.remove_personal);
  PutList(privacy, "masked", intent.privacy.masked, [](const FieldRef& field) { return Encode(field); });
  if (!privacy.empty()) out["privacy"] = std::move(privacy);
  PutFlag(out, "keep_empty", intent.keep_empty);
  PutText(out, "zone", intent.zone);
  if (intent.row_limit != 10'000) out["row_limit"] = intent.row_limit;
  return json::serialize(out);
}

}  // namespace neurolake::ask
