#include "ask/compile/internal/check_intent.h"

#include <algorithm>
#include <cmath>

namespace neurolake::ask::compile {
namespace {

constexpr size_t kMembersMax = 64;

std::unexpected<Error> Refuse(std::string_view why) {
  return MakeError(ErrorCode::kInvalidArgument, "the intent contradicts itself: {}", why);
}

bool IsYearWritten(LocalTime time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  // Two thousand years of room for whatever a comparison moves by.
  return date.year() >= std::chrono::year(1001) && date.year() <= std::chrono::year(8999);
}

Result<void> CheckRange(const TimeRange& range, std::string_view where) {
  if ((range.from && !IsYearWritten(*range.from)) || (range.to && !IsYearWritten(*range.to))) {
    return MakeError(ErrorCode::kInvalidArgument, "a time range lies in the years 1001 to 8999: {}", where);
  }
  if (range.from && range.to && *range.from >= *range.to) {
    return MakeError(ErrorCode::kInvalidArgument, "a time range ends after it begins (from < to): {}", where);
  }
  return {};
}

Result<void> CheckSizes(const Intent& intent) {
  if (intent.metrics.size() > kMembersMax || intent.dimensions.size() > kMembersMax ||
      intent.filters.size() > kMembersMax || intent.sets.size() > 16 || intent.calculations.size() > kMembersMax ||
      intent.having.size() > kMembersMax || intent.order.size() > kMembersMax || intent.time.comparisons.size() > 3) {
    return MakeError(ErrorCode::kInvalidArgument, "an intent has at most {} of each member, 16 sets and 3 comparisons",
                     kMembersMax);
  }
  if (intent.row_limit < 1 || intent.row_limit > 1'000'000) {
    return MakeError(ErrorCode::kInvalidArgument, "row_limit is 1 to 1000000, not: {}", intent.row_limit);
  }
  const auto is_zone_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  };
  if (intent.zone.size() > 64 || !std::ranges::all_of(intent.zone, is_zone_letter)) {
    return MakeError(ErrorCode::kInvalidArgument, "a time zone is an IANA name, such as Europe/Berlin");
  }
  return {};
}

Result<void> CheckIndices(const Intent& intent) {
  const size_t dimensions = intent.dimensions.size();
  const auto in_dimensions = [&](uint32_t index) { return index < dimensions; };
  for (const Calculation& calculation : intent.calculations) {
    if (calculation.metric >= intent.metrics.size()) return Refuse("a calculation is of a metric that is not there");
    if (calculation.of >= intent.metrics.size()) return Refuse("a ratio is to a metric that is not there");
    if (!std::ranges::all_of(calculation.per, in_dimensions)) return Refuse("a calculation is per a missing dimension");
  }
  for (const SortKey& key : intent.order) {
    if (key.value.has_value() == key.dimension.has_value()) return Refuse("an order is by a value or by a dimension");
    if (key.dimension == SortKey::kTimeAxis) {
      if (intent.output != OutputKind::kRows && !intent.time.grain) return Refuse("an order is by a missing time axis");
    } else if (key.dimension && !in_dimensions(*key.dimension)) {
      return Refuse("an order is by a dimension that is not there");
    }
  }
  if (!intent.rank) return {};
  if (intent.rank->n < 1 || intent.rank->n > 100'000) return Refuse("a rank keeps 1 to 100000");
  if (!std::ranges::all_of(intent.rank->per, in_dimensions))
    return Refuse("a rank is per a dimension that is not there");
  if (intent.rank->per_period && !intent.time.grain && intent.output == OutputKind::kTable) {
    return Refuse("a rank per period needs a time axis");
  }
  return {};
}

Result<void> CheckKind(const Intent& intent) {
  const bool has_numbers = !intent.metrics.empty();
  switch (intent.output) {
    case OutputKind::kTable:
      if (has_numbers) return {};
      if (intent.rank || !intent.having.empty() || !intent.time.comparisons.empty() || intent.time.grain ||
          intent.keep_empty) {
        return Refuse("rank, having, comparisons, a time axis and keep_empty need a metric");
      }
      return {};
    case OutputKind::kRows:
      if (has_numbers || !intent.having.empty() || !intent.time.comparisons.empty() || intent.time.grain) {
        return Refuse("rows are listed without metrics, having, comparisons and a time axis");
      }
      if (intent.rank && intent.rank->per_period) return Refuse("rows have no periods to rank in");
      return {};
    case OutputKind::kExists:
      if (has_numbers || intent.rank || !intent.dimensions.empty())
        return Refuse("existence has no metrics and columns");
      return {};
    case OutputKind::kDescribe:
    case OutputKind::kListAskable:
      return MakeError(ErrorCode::kInvalidArgument, "descriptions are answered from the model, not by SQL");
  }
  return {};
}

bool AreFinite(double a, double b) { return std::isfinite(a) && std::isfinite(b); }

}  // namespace

Result<void> CheckIntent(const Intent& intent) {
  NL_RETURN_IF_ERROR(CheckSizes(intent));
  NL_RETURN_IF_ERROR(CheckKind(intent));
  NL_RETURN_IF_ERROR(CheckIndices(intent));
  NL_RETURN_IF_ERROR(CheckRange(intent.time.range, "time.range"));
  for (const Comparison& comparison : intent.time.comparisons) {
    NL_RETURN_IF_ERROR(CheckRange(comparison.range, "time.comparisons.range"));
  }
  for (const SetCondition& set : intent.sets) {
    NL_RETURN_IF_ERROR(CheckRange(set.time, "sets.time"));
    if (!AreFinite(set.operand, set.upper)) return Refuse("a number is compared with one that is not finite");
  }
  for (const Having& having : intent.having) {
    if (!AreFinite(having.operand, having.upper)) return Refuse("a number is compared with one that is not finite");
  }
  return {};
}

std::vector<Definition> DefinitionsOf(const Scope& scope) {
  std::vector<Definition> definitions;
  for (const std::string& member : scope.members) {
    const size_t dot = member.find('.');
    if (dot == std::string::npos) {
      const semantic::Metric* metric = FindMetric(scope.model, member);
      if (metric == nullptr) continue;
      std::string text = metric->description;
      const auto add = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
      if (metric->kind == semantic::MetricKind::kRatio) add(metric->numerator + " / " + metric->denominator);
      if (metric->kind == semantic::MetricKind::kDerived) add(metric->formula);
      if (!metric->filter.empty()) add("where " + metric->filter);
      definitions.push_back({metric->label, text.empty() ? metric->label : text});
      continue;
    }
    const semantic::Entity* entity = FindEntity(scope.model, member.substr(0, dot));
    if (entity == nullptr) continue;
    if (const semantic::Measure* measure = FindMeasure(*entity, member.substr(dot + 1))) {
      std::string text = fmt::format("{} of {}", AggregationName(measure->aggregation),
                                     measure->expr.empty() ? "rows of " + entity->name : measure->expr);
      if (!measure->filter.empty()) text += " where " + measure->filter;
      definitions.push_back({measure->label, measure->description.empty() ? text : measure->description + "; " + text});
    } else if (const semantic::Dimension* dimension = FindDimension(*entity, member.substr(dot + 1))) {
      if (!dimension->description.empty()) definitions.push_back({dimension->label, dimension->description});
    }
  }
  return definitions;
}

}  // namespace neurolake::ask::compile
