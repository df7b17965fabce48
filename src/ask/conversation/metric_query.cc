#include "ask/conversation/internal/metric_query.h"

#include <algorithm>

#include "ask/answer/table.h"
#include "ask/conversation/internal/door_json.h"
#include "ask/intent/names.h"
#include "ask/link/linker.h"
#include "common/text.h"
#include "semantic/time_grain.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;
using semantic::SemanticModel;

constexpr size_t kListMax = 100;

std::string_view TypeName(semantic::DimensionType type) {
  switch (type) {
    case semantic::DimensionType::kCategorical: return "categorical";
    case semantic::DimensionType::kTime: return "time";
    case semantic::DimensionType::kGeographic: return "geographic";
  }
  return {};
}

/// What is called so, by the names that a query takes.
std::vector<std::string> NamesOf(const SemanticModel& model, const std::string& label) {
  std::vector<std::string> names;
  for (const auto& metric : model.metrics) {
    if (!metric.hidden && Fold(metric.label) == Fold(label)) names.push_back(metric.name);
  }
  for (const auto& entity : model.entities) {
    for (const auto& dimension : entity.dimensions) {
      if (!dimension.hidden && Fold(dimension.label) == Fold(label))
        names.push_back(entity.name + "." + dimension.name);
    }
  }
  return names;
}

std::string Near(const SemanticModel& model, const std::string& word) {
  std::vector<std::string> near;
  for (const auto& label : Linker(model, nullptr).Nearest(Fold(word), 3)) {
    for (auto& name : NamesOf(model, label)) near.push_back(std::move(name));
  }
  return near.empty() ? std::string("ask for the list of metrics") : fmt::format("near are: {}", fmt::join(near, ", "));
}

std::unexpected<Error> Unknown(std::string_view what, const std::string& name, const SemanticModel& model) {
  return MakeError(ErrorCode::kInvalidArgument, "there is no {} {}; {}", what, name, Near(model, name));
}

/// Members of `object` at `path`, and no others.
Result<void> CheckKnown(const json::object& object, std::string_view path,
                        std::initializer_list<std::string_view> known) {
  for (const auto& [name, member] : object) {
    if (std::ranges::find(known, std::string_view(name)) != known.end()) continue;
    return MakeError(ErrorCode::kInvalidArgument, "{} has no member \"{}\"; known are: {}", path,
                     std::string_view(name), fmt::join(known, ", "));
  }
  return {};
}

Result<json::array> List(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return json::array();
  if (!value->is_array() || value->get_array().size() > kListMax) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be an array of at most {}", name, kListMax);
  }
  return value->get_array();
}

Result<int64_t> Whole(const json::object& object, std::string_view name, int64_t fallback, int64_t most) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return fallback;
  if (!value->is_int64() || value->get_int64() < 1 || value->get_int64() > most) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be an integer from 1 to {}", name, most);
  }
  return value->get_int64();
}

Result<MetricUse> MetricOf(const std::string& name, const SemanticModel& model) {
  const auto* metric = semantic::FindMetric(model, name);
  if (metric == nullptr || metric->hidden) return Unknown("metric", name, model);
  return MetricUse{.metric = metric->name};
}

/// "entity.dimension", or the dimension alone where one entity has it.
Result<FieldRef> FieldOf(const std::string& name, const SemanticModel& model) {
  const size_t dot = name.find('.');
  std::vector<FieldRef> found;
  for (const auto& entity : model.entities) {
    if (dot != std::string::npos && !EqualsIgnoringCase(entity.name, name.substr(0, dot))) continue;
    const auto* dimension =
        semantic::FindDimension(entity, std::string_view(name).substr(dot == std::string::npos ? 0 : dot + 1));
    if (dimension != nullptr && !dimension->hidden) found.push_back({.entity = entity.name, .name = dimension->name});
  }
  if (found.empty()) return Unknown("dimension", name, model);
  if (found.size() == 1) return found[0];
  return MakeError(ErrorCode::kInvalidArgument, "several entities have a dimension {}: write {}.{}", name,
                   found[0].entity, found[0].name);
}

Result<std::optional<TimeGrain>> GrainOf(const json::object& object) {
  NL_ASSIGN_OR_RETURN(const std::string name, TextMember(object, "grain"));
  if (name.empty()) return std::nullopt;
  const auto grain = semantic::TimeGrainFromName(name);
  if (!grain.has_value()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the member \"grain\" must be day, week, month, quarter, year, fiscal_quarter, fiscal_year, hour, "
                     "minute or second");
  }
  return grain;
}

Result<DimensionUse> DimensionOf(const json::value& value, const SemanticModel& model) {
  DimensionUse use;
  if (value.is_string()) {
    NL_ASSIGN_OR_RETURN(use.field, FieldOf(std::string(value.get_string()), model));
    return use;
  }
  if (!value.is_object()) {
    return MakeError(ErrorCode::kInvalidArgument, "each of \"dimensions\" must be a name or an object");
  }
  const auto& object = value.get_object();
  NL_RETURN_IF_ERROR(CheckKnown(object, "dimensions[]", {"dimension", "grain"}));
  NL_ASSIGN_OR_RETURN(const std::string name, TextMember(object, "dimension"));
  NL_ASSIGN_OR_RETURN(use.field, FieldOf(name, model));
  NL_ASSIGN_OR_RETURN(use.grain, GrainOf(object));
  return use;
}

Result<Literal> LiteralOf(const json::value& value) {
  if (value.is_string()) return Literal(std::string(value.get_string()));
  if (value.is_int64()) return Literal(value.get_int64());
  if (value.is_double()) return Literal(value.get_double());
  if (value.is_bool()) return Literal(value.get_bool());
  return MakeError(ErrorCode::kInvalidArgument, "a filter's values must be texts, numbers or truth values");
}

Result<FilterGroup> FilterOf(const json::value& value, const SemanticModel& model) {
  if (!value.is_object()) return MakeError(ErrorCode::kInvalidArgument, "each of \"filters\" must be an object");
  const auto& object = value.get_object();
  NL_RETURN_IF_ERROR(CheckKnown(object, "filters[]", {"dimension", "operator", "values"}));
  Filter filter;
  NL_ASSIGN_OR_RETURN(const std::string name, TextMember(object, "dimension"));
  NL_ASSIGN_OR_RETURN(filter.field, FieldOf(name, model));
  NL_ASSIGN_OR_RETURN(const std::string op, TextMember(object, "operator"));
  const auto known = std::ranges::find(kFilterOperatorNames, op.empty() ? "in" : op);
  if (known == kFilterOperatorNames.end()) {
    return MakeError(ErrorCode::kInvalidArgument, "a filter's \"operator\" must be one of {}",
                     fmt::join(kFilterOperatorNames, ", "));
  }
  filter.op = static_cast<FilterOperator>(known - kFilterOperatorNames.begin());
  NL_ASSIGN_OR_RETURN(const auto values, List(object, "values"));
  for (const auto& one : values) {
    NL_ASSIGN_OR_RETURN(auto literal, LiteralOf(one));
    filter.values.push_back(std::move(literal));
  }
  return FilterGroup{.any_of = {std::move(filter)}};
}

Result<std::optional<LocalTime>> Instant(const json::object& object, std::string_view name) {
  NL_ASSIGN_OR_RETURN(const std::string text, TextMember(object, name));
  if (text.empty()) return std::nullopt;
  const auto time = ParseSqlTime(text);
  if (!time.has_value()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the member \"{}\" must be a date such as 2025-04-02, or a date and a time", name);
  }
  return time;
}

Result<std::optional<Comparison>> ComparisonOf(const json::object& time) {
  NL_ASSIGN_OR_RETURN(const std::string compare, TextMember(time, "compare"));
  if (compare.empty()) return std::nullopt;
  if (compare == "previous_period") return Comparison{.kind = ComparisonKind::kPreviousPeriod};
  if (compare == "same_weekday") return Comparison{.kind = ComparisonKind::kSameWeekday};
  for (const auto& [name, grain] :
       {std::pair("previous_year", TimeGrain::kYear), std::pair("previous_quarter", TimeGrain::kQuarter),
        std::pair("previous_month", TimeGrain::kMonth), std::pair("previous_week", TimeGrain::kWeek)}) {
    if (compare == name) return Comparison{.kind = ComparisonKind::kOffset, .count = 1, .grain = grain};
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   "the member \"compare\" must be previous_period, previous_year, previous_quarter, previous_month, "
                   "previous_week or same_weekday");
}

Result<TimeScope> TimeOf(const json::object& query, const SemanticModel& model) {
  TimeScope scope;
  const auto* value = query.if_contains("time");
  if (value == nullptr || value->is_null()) return scope;
  if (!value->is_object()) return MakeError(ErrorCode::kInvalidArgument, "the member \"time\" must be an object");
  const auto& time = value->get_object();
  NL_RETURN_IF_ERROR(CheckKnown(time, "time", {"dimension", "from", "to", "grain", "compare"}));
  NL_ASSIGN_OR_RETURN(const std::string field, TextMember(time, "dimension"));
  if (!field.empty()) {
    NL_ASSIGN_OR_RETURN(scope.field, FieldOf(field, model));
  }
  NL_ASSIGN_OR_RETURN(scope.range.from, Instant(time, "from"));
  NL_ASSIGN_OR_RETURN(scope.range.to, Instant(time, "to"));
  NL_ASSIGN_OR_RETURN(scope.grain, GrainOf(time));
  NL_ASSIGN_OR_RETURN(const auto comparison, ComparisonOf(time));
  if (comparison.has_value()) scope.comparisons.push_back(*comparison);
  return scope;
}

Result<std::optional<Rank>> RankOf(const json::object& query, const std::vector<std::string>& metrics) {
  const auto* value = query.if_contains("rank");
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_object()) return MakeError(ErrorCode::kInvalidArgument, "the member \"rank\" must be an object");
  const auto& object = value->get_object();
  NL_RETURN_IF_ERROR(CheckKnown(object, "rank", {"by", "n", "direction"}));
  Rank rank;
  NL_ASSIGN_OR_RETURN(const std::string by, TextMember(object, "by"));
  const auto found =
      std::ranges::find_if(metrics, [&](const std::string& name) { return EqualsIgnoringCase(name, by); });
  if (!by.empty() && found == metrics.end()) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"by\" must be one of \"metrics\"");
  }
  if (!by.empty()) rank.by.index = static_cast<uint32_t>(found - metrics.begin());
  NL_ASSIGN_OR_RETURN(rank.n, Whole(object, "n", 10, 100'000));
  NL_ASSIGN_OR_RETURN(const std::string direction, TextMember(object, "direction"));
  if (!direction.empty() && direction != "descending" && direction != "ascending") {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"direction\" must be descending or ascending");
  }
  rank.descending = direction != "ascending";
  return rank;
}

json::object Named(const semantic::Described& one) {
  return {{"name", one.name}, {"label", one.label}, {"description", one.description}};
}

}  // namespace

json::object DescribeModel(const SemanticModel& model) {
  json::object object = Named(model);
  json::array metrics, dimensions, entities;
  for (const auto& metric : model.metrics) {
    if (!metric.hidden) metrics.push_back(Named(metric));
  }
  for (const auto& entity : model.entities) {
    entities.push_back(Named(entity));
    for (const auto& dimension : entity.dimensions) {
      if (dimension.hidden) continue;
      json::object one = Named(dimension);
      one["name"] = entity.name + "." + dimension.name;
      one["type"] = TypeName(dimension.type);
      dimensions.push_back(std::move(one));
    }
  }
  object["metrics"] = std::move(metrics);
  object["dimensions"] = std::move(dimensions);
  object["entities"] = std::move(entities);
  return object;
}

Result<Intent> MetricQuery(const json::object& query, const SemanticModel& model) {
  Intent intent;
  std::vector<std::string> names;
  NL_ASSIGN_OR_RETURN(const auto metrics, List(query, "metrics"));
  for (const auto& metric : metrics) {
    if (!metric.is_string()) return MakeError(ErrorCode::kInvalidArgument, "each of \"metrics\" must be a name");
    names.emplace_back(metric.get_string());
    NL_ASSIGN_OR_RETURN(auto use, MetricOf(names.back(), model));
    intent.metrics.push_back(std::move(use));
  }
  if (intent.metrics.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"metrics\" must name at least one metric");
  }
  NL_ASSIGN_OR_RETURN(const auto dimensions, List(query, "dimensions"));
  for (const auto& dimension : dimensions) {
    NL_ASSIGN_OR_RETURN(auto use, DimensionOf(dimension, model));
    intent.dimensions.push_back(std::move(use));
  }
  NL_ASSIGN_OR_RETURN(const auto filters, List(query, "filters"));
  for (const auto& filter : filters) {
    NL_ASSIGN_OR_RETURN(auto group, FilterOf(filter, model));
    intent.filters.push_back(std::move(group));
  }
  NL_ASSIGN_OR_RETURN(intent.time, TimeOf(query, model));
  NL_ASSIGN_OR_RETURN(intent.rank, RankOf(query, names));
  NL_ASSIGN_OR_RETURN(intent.row_limit, Whole(query, "limit", intent.row_limit, 1'000'000));
  return intent;
}

}  // namespace neurolake::ask
