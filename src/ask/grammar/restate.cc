#include "ask/grammar/understand.h"

#include <array>

#include "ask/language/words.h"
#include "ask/time/calendar.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::SemanticModel;

std::string Value(const Literal& literal) {
  if (const auto* text = std::get_if<std::string>(&literal)) return fmt::format("“{}”", *text);
  if (const auto* whole = std::get_if<int64_t>(&literal)) return fmt::format("{}", *whole);
  if (const auto* number = std::get_if<double>(&literal)) return fmt::format("{:g}", *number);
  return std::get<bool>(literal) ? "yes" : "no";
}

std::string Field(const FieldRef& field, const SemanticModel& model) {
  const auto* entity = semantic::FindEntity(model, field.entity);
  const auto* dimension = entity == nullptr ? nullptr : semantic::FindDimension(*entity, field.name);
  std::string text = dimension == nullptr ? field.entity + "." + field.name : dimension->label;
  const bool common = entity != nullptr &&
                      std::count_if(model.entities.begin(), model.entities.end(), [&](const semantic::Entity& other) {
                        const auto* same = semantic::FindDimension(other, field.name);
                        return same != nullptr && dimension != nullptr && same->label == dimension->label;
                      }) > 1;
  if (common) text = entity->label + " " + text;
  for (const std::string& join : field.via) text += " (" + join + ")";
  return text;
}

std::string Range(const TimeRange& range) {
  if (!range.from && !range.to) return "all time";
  if (!range.from) return "before " + TimeName(*range.to);
  if (!range.to) return "from " + TimeName(*range.from) + " on";
  return TimeName(*range.from) + " to before " + TimeName(*range.to);
}

std::string_view FilterWord(FilterOperator op) {
  switch (op) {
    case FilterOperator::kIn: return "is";
    case FilterOperator::kNotIn: return "is not";
    case FilterOperator::kLess: return "below";
    case FilterOperator::kLessOrEqual: return "at most";
    case FilterOperator::kGreater: return "above";
    case FilterOperator::kGreaterOrEqual: return "at least";
    case FilterOperator::kBetween: return "between";
    case FilterOperator::kStartsWith: return "starts with";
    case FilterOperator::kEndsWith: return "ends with";
    case FilterOperator::kContains: return "contains";
    case FilterOperator::kNotContains: return "does not contain";
    case FilterOperator::kIsNull: return "is missing";
    case FilterOperator::kIsNotNull: return "is there";
  }
  return "";
}

/// " is from 8:00 to before 10:00 or from 14:00 to before 15:00".
std::string Hours(const std::vector<Literal>& values) {
  std::array<bool, 25> kept{};
  for (const Literal& value : values) {
    const auto* hour = std::get_if<int64_t>(&value);
    if (hour != nullptr && *hour >= 0 && *hour < 24) kept[static_cast<size_t>(*hour)] = true;
  }
  std::string text;
  for (size_t from = 0; from < 24; ++from) {
    if (!kept[from]) continue;
    size_t to = from;
    while (kept[to]) ++to;
    text += fmt::format("{} {}:00 to before {}:00", text.empty() ? " is from" : " or from", from, to);
    from = to;
  }
  return text;
}

std::string Filters(const std::vector<FilterGroup>& groups, const SemanticModel& model) {
  std::string text;
  for (const FilterGroup& group : groups) {
    text += ", where ";
    for (size_t i = 0; i < group.any_of.size(); ++i) {
      const Filter& filter = group.any_of[i];
      text += (i == 0 ? "" : " or ") + Field(filter.field, model);
      if (filter.part == semantic::TimePart::kHourOfDay && filter.op == FilterOperator::kIn) {
        text += Hours(filter.values);
        continue;
      }
      if (filter.part) text += fmt::format(" ({})", semantic::TimePartName(*filter.part));
      if (filter.grain) text += fmt::format(" ({})", semantic::TimeGrainName(*filter.grain));
      text += fmt::format(" {}", FilterWord(filter.op));
      for (size_t v = 0; v < filter.values.size(); ++v) {
        text += (v == 0 ? " " : filter.op == FilterOperator::kBetween ? " and " : " or ") + Value(filter.values[v]);
      }
    }
  }
  return text;
}

std::string MetricAlone(const MetricUse& use, const SemanticModel& model) {
  std::string text;
  if (use.aggregation) {
    text = *use.aggregation == Aggregation::kCountDistinct
               ? "number of different "
               : std::string(semantic::AggregationName(*use.aggregation)) + " of ";
    if (*use.aggregation == Aggregation::kPercentile) text = fmt::format("percentile {:g} of ", use.percentile * 100);
  }
  if (!use.metric.empty()) {
    const auto* metric = semantic::FindMetric(model, use.metric);
    return text + (metric == nullptr ? use.metric : metric->label);
  }
  if (!use.entity.empty() && use.field.name.empty()) return "number of rows of " + use.entity;
  return text + Field(use.field, model) + (use.entity.empty() ? "" : " in " + use.entity);
}

std::string Metric(const MetricUse& use, const SemanticModel& model) {
  const std::string filters = Filters(use.filters, model);
  const std::string unit = use.unit.empty() ? "" : " in " + use.unit;
  return MetricAlone(use, model) + unit + (filters.empty() ? "" : " (" + filters.substr(2) + ")");
}

std::string_view CompareWord(CompareOperator op) {
  switch (op) {
    case CompareOperator::kEqual: return "exactly";
    case CompareOperator::kNotEqual: return "other than";
    case CompareOperator::kLess: return "less than";
    case CompareOperator::kLessOrEqual: return "at most";
    case CompareOperator::kGreater: return "more than";
    case CompareOperator::kGreaterOrEqual: return "at least";
    case CompareOperator::kBetween: return "between";
  }
  return "";
}

std::string Operand(CompareOperator op, double operand, double upper) {
  return op == CompareOperator::kBetween ? fmt::format("{:g} and {:g}", operand, upper) : fmt::format("{:g}", operand);
}

std::string ValueText(const ValueRef& ref, const Intent& intent, const SemanticModel& model) {
  switch (ref.part) {
    case ValueRef::Part::kMetric:
      return ref.index < intent.metrics.size() ? Metric(intent.metrics[ref.index], model) : "it";
    case ValueRef::Part::kComparisonValue: return "the value compared with";
    case ValueRef::Part::kDifference: return "the difference";
    case ValueRef::Part::kGrowth: return "growth";
    case ValueRef::Part::kCalculation: return "the calculation";
  }
  return "";
}

std::string Calculations(const Intent& intent, const SemanticModel& model) {
  static constexpr std::string_view kNames[] = {"share of the total",
                                                "share within",
                                                "running total",
                                                "total to date",
                                                "rolling sum",
                                                "rolling average",
                                                "growth on the row before",
                                                "difference to the row before",
                                                "rank",
                                                "the share of"};
  std::string text;
  for (const Calculation& calculation : intent.calculations) {
    if (calculation.kind == CalculationKind::kRatio && intent.metrics[calculation.metric].filters.empty()) {
      text += fmt::format(", {} divided by {}", Metric(intent.metrics[calculation.metric], model),
                          Metric(intent.metrics[calculation.of], model));
      continue;
    }
    text += fmt::format(", with {}", kNames[static_cast<size_t>(calculation.kind)]);
    if (calculation.window > 0) text += fmt::format(" over {} periods", calculation.window);
    if (calculation.kind == CalculationKind::kRatio)
      text += fmt::format(" these among all: {}", Metric(intent.metrics[calculation.of], model));
    for (const uint32_t index : calculation.per) text += fmt::format(" {}", intent.dimensions[index].field.name);
  }
  return text;
}

std::string Times(const Intent& intent, const SemanticModel& model) {
  std::string text;
  if (!intent.time.field.name.empty()) text += ", by " + Field(intent.time.field, model);
  if (intent.time.range.from || intent.time.range.to) text += ", " + Range(intent.time.range);
  for (const Comparison& comparison : intent.time.comparisons) {
    switch (comparison.kind) {
      case ComparisonKind::kPreviousPeriod: text += ", compared with the period before"; break;
      case ComparisonKind::kOffset:
        text +=
            fmt::format(", compared with {} {} before", comparison.count, semantic::TimeGrainName(comparison.grain));
        break;
      case ComparisonKind::kSameWeekday: text += ", compared with the same weekdays 52 weeks before"; break;
      case ComparisonKind::kRange: text += ", compared with " + Range(comparison.range); break;
    }
    if (comparison.show_difference) text += " (difference)";
  }
  return text;
}

std::string Sets(const Intent& intent, const SemanticModel& model) {
  std::string text;
  for (const SetCondition& set : intent.sets) {
    text += fmt::format(", only {} {} ", set.subject, set.negated ? "without" : "with");
    if (set.metric)
      text += fmt::format("{} {} {}", Metric(*set.metric, model), CompareWord(set.op),
                          Operand(set.op, set.operand, set.upper));
    else text += set.related;
    text += Filters(set.filters, model);
    if (!set.time_field.name.empty()) text += ", by " + Field(set.time_field, model);
    if (set.time.from || set.time.to) text += " (" + Range(set.time) + ")";
  }
  return text;
}

std::string Head(const Intent& intent, const SemanticModel& model) {
  if (intent.output == OutputKind::kDescribe) return "what " + intent.subject + " means";
  if (intent.output == OutputKind::kListAskable) return "what can be asked";
  if (intent.output == OutputKind::kExists) return "whether there are any " + intent.entity;
  std::string text;
  if (intent.output == OutputKind::kRows) text = "rows of " + intent.entity;
  for (size_t i = 0; i < intent.metrics.size(); ++i) text += (i == 0 ? "" : " and ") + Metric(intent.metrics[i], model);
  const bool lists = intent.metrics.empty() && intent.output == OutputKind::kTable;
  for (size_t i = 0; i < intent.dimensions.size(); ++i) {
    const DimensionUse& use = intent.dimensions[i];
    text += i == 0 ? (lists ? "the values of " : " by ") : " and ";
    text += Field(use.field, model);
    if (use.grain) text += fmt::format(" ({})", semantic::TimeGrainName(*use.grain));
    if (use.part) text += fmt::format(" ({})", semantic::TimePartName(*use.part));
  }
  if (intent.time.grain)
    text +=
        fmt::format("{} {}", intent.dimensions.empty() ? " by" : " and", semantic::TimeGrainName(*intent.time.grain));
  return text;
}

}  // namespace

std::string Restate(const Intent& intent, const SemanticModel& model) {
  std::string text = Head(intent, model) + Filters(intent.filters, model) + Sets(intent, model) + Times(intent, model) +
                     Calculations(intent, model);
  for (const Having& having : intent.having) {
    text += fmt::format(", only with {} {} {}", ValueText(having.value, intent, model), CompareWord(having.op),
                        Operand(having.op, having.operand, having.upper));
  }
  if (intent.rank) {
    const ask::Rank& rank = *intent.rank;
    const bool rows = intent.output == OutputKind::kRows;  // They are ranked by their order.
    text += fmt::format(", {} {}{}",
                        rank.nth_only             ? "only number"
                        : rank.descending && rows ? "the first"
                        : rank.descending         ? "the top"
                                                  : "the bottom",
                        rank.n, rows ? "" : " by " + ValueText(rank.by, intent, model));
    if (rank.nth_only && !rows) text += rank.descending ? " from the top" : " from the bottom";
    for (const uint32_t index : rank.per) text += ", for each " + Field(intent.dimensions[index].field, model);
    if (rank.per_period) text += ", for each period";
  }
  for (const SortKey& key : intent.order) {
    const std::string by = key.value ? ValueText(*key.value, intent, model)
                           : *key.dimension == SortKey::kTimeAxis
                               ? "time"
                               : Field(intent.dimensions[*key.dimension].field, model);
    text += fmt::format(", sorted by {} {}", by, key.descending ? "downwards" : "upwards");
  }
  if (intent.privacy.remove_personal) text += ", without personal data";
  for (const FieldRef& field : intent.privacy.masked) text += ", " + Field(field, model) + " masked";
  if (intent.keep_empty) text += ", also those with none";
  if (intent.time.fill_gaps) text += ", also periods with none";
  if (intent.row_limit != Intent{}.row_limit) text += fmt::format(", at most {} rows", intent.row_limit);
  return text;
}

}  // namespace neurolake::ask
