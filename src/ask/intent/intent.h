#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "semantic/model.h"

namespace neurolake::ask {

using semantic::Aggregation;
using semantic::LocalTime;
using semantic::TimeGrain;
using semantic::TimePart;

/// A dimension of an entity. `via` names the joins walked to reach it from the metric's entity, and is needed only
/// where several ways lead there (an airport as origin or as destination); the compiler refuses what is ambiguous.
struct FieldRef {
  std::string entity;
  std::string name;
  std::vector<std::string> via = {};
  bool operator==(const FieldRef&) const = default;
};

/// A value in a condition: text (also dates as yyyy-mm-dd and times as yyyy-mm-dd hh:mm:ss), number, boolean.
using Literal = std::variant<std::string, int64_t, double, bool>;

enum class FilterOperator : uint8_t {
  kIn,     ///< One or more values: equal to one of them.
  kNotIn,  ///< Rows where the field is NULL are kept out, too, unless `or_null`.
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kBetween,     ///< Two values, both included.
  kStartsWith,  ///< Text operators: one or more values, any of them; case is folded.
  kEndsWith,
  kContains,
  kNotContains,  ///< None of them.
  kIsNull,       ///< No values.
  kIsNotNull,
};

/// One condition on a dimension. Of a time dimension, `grain` compares the period's start and `part` the recurring part
/// ("on Mondays": part day_of_week, kIn, 1).
struct Filter {
  FieldRef field;
  FilterOperator op = FilterOperator::kIn;
  std::vector<Literal> values = {};
  std::optional<TimeGrain> grain = std::nullopt;
  std::optional<TimePart> part = std::nullopt;
  bool or_null = false;
  bool operator==(const Filter&) const = default;
};

/// Holds if any of its filters does. A list of these holds if all do: conjunctive normal form.
struct FilterGroup {
  std::vector<Filter> any_of;
  bool operator==(const FilterGroup&) const = default;
};

/// Half-open: from <= t < to; a missing end is open. In the intent's zone.
struct TimeRange {
  std::optional<LocalTime> from = std::nullopt;
  std::optional<LocalTime> to = std::nullopt;
  bool operator==(const TimeRange&) const = default;
};

enum class ComparisonKind : uint8_t {
  kPreviousPeriod,  ///< The range moved back by its own length in whole periods; per row of a grain: the row before.
  kOffset,          ///< Moved back by `count` x `grain`, by the calendar: 31 March less a month is 29 or 28 February.
  kSameWeekday,     ///< Moved back by 52 weeks, so that Mondays meet Mondays.
  kRange,           ///< Against `range`, whatever it is.
};

/// What the metrics are also computed for. "Same period last year" is kOffset 1 x kYear.
struct Comparison {
  ComparisonKind kind = ComparisonKind::kPreviousPeriod;
  int64_t count = 1;                   ///< Of kOffset, 1 to 1000.
  TimeGrain grain = TimeGrain::kYear;  ///< Of kOffset.
  TimeRange range = {};                ///< Of kRange; both ends.
  bool show_value = true;              ///< Columns: the other value,
  bool show_difference = false;        ///< … value - other,
  bool show_growth = true;             ///< … (value - other) / |other|; NULL where other is 0 or NULL.
  bool operator==(const Comparison&) const = default;
};

/// The time of the question, resolved already: no "last month" here.
struct TimeScope {
  FieldRef field = {};  ///< Empty: each metric's own default time.
  TimeRange range = {};
  std::optional<TimeGrain> grain = std::nullopt;  ///< The time axis of the answer; none: the range as a whole.
  bool fill_gaps = false;  ///< With a grain and a closed range: a row for each period, also without data.
  std::vector<Comparison> comparisons = {};  ///< At most 3.
  bool operator==(const TimeScope&) const = default;
};

/// A number asked for: a metric of the model by name, or an aggregate over a field that the model has no metric for.
struct MetricUse {
  std::string metric = {};  ///< Name in the model; empty: `aggregation` over `field` or of `entity`'s rows.
  /// With `metric`: the same rows, another function ("median order value"); of simple metrics only.
  std::optional<Aggregation> aggregation = std::nullopt;
  double percentile = 0.5;                ///< Of kPercentile, 0 to 1.
  FieldRef field = {};                    ///< Without `metric`: what is aggregated. kMin and kMax take times, too.
  std::string entity = {};                ///< Without `metric` and `field`: its rows are counted.
  std::vector<FilterGroup> filters = {};  ///< For this number only, on top of the intent's.
  std::string label = {};                 ///< Column title; empty: the model's.
  std::string unit = {};                  ///< What it is told in ("MWh"); empty: what the model keeps it in.
  bool operator==(const MetricUse&) const = default;
};

/// What the answer is grouped by.
struct DimensionUse {
  FieldRef field;
  std::optional<TimeGrain> grain = std::nullopt;  ///< Of time dimensions: periods.
  std::optional<TimePart> part = std::nullopt;    ///< Of time dimensions: recurring parts, over all years.
  bool operator==(const DimensionUse&) const = default;
};

enum class CalculationKind : uint8_t {
  kShareOfTotal,   ///< Of the sum over all rows of the answer's filters, before any rank or having; additive metrics
                   ///< only, or the metric computed over all rows where it is not.
  kShareOfParent,  ///< Of the metric over the same `per` dimensions alone (empty: the model's parent of the last one).
  kCumulative,     ///< Sum so far along the time axis, per other dimensions.
  kToDate,         ///< The same, starting again with each `grain`.
  kRollingSum,     ///< Over the last `window` rows of the time axis, this one included; gaps are filled.
  kRollingAverage,
  kGrowth,        ///< Against the row before on the time axis, as a fraction.
  kDifference,    ///< Against the row before, absolute.
  kRankPosition,  ///< 1 for the largest.
  kRatio,         ///< Of another metric of the answer, `of`: the share of those that are so among all.
};

/// A further column, computed from one metric of the answer.
struct Calculation {
  CalculationKind kind = CalculationKind::kShareOfTotal;
  uint32_t metric = 0;                            ///< Index into Intent::metrics.
  int64_t window = 0;                             ///< Of the rolling ones, 2 to 1000.
  std::optional<TimeGrain> grain = std::nullopt;  ///< Of kToDate.
  std::vector<uint32_t> per = {};                 ///< Indices into Intent::dimensions; see the kinds.
  uint32_t of = 0;                                ///< Of kRatio: index into Intent::metrics, what it is divided by.
  bool operator==(const Calculation&) const = default;
};

/// Which number of the answer a condition or an order is about.
struct ValueRef {
  enum class Part : uint8_t { kMetric, kComparisonValue, kDifference, kGrowth, kCalculation };
  Part part = Part::kMetric;
  uint32_t index = 0;       ///< Into Intent::metrics, or Intent::calculations for kCalculation.
  uint32_t comparison = 0;  ///< Into TimeScope::comparisons for the parts of one.
  bool operator==(const ValueRef&) const = default;
};

enum class Ties : uint8_t {
  kInclude,  ///< All that are equal to the last one in are in: more than n rows may come.
  kBreak,    ///< Exactly n; equals are decided by the dimensions' values, ascending.
};

/// Top and bottom n, overall or per group, and the nth.
struct Rank {
  ValueRef by = {};
  int64_t n = 1;  ///< 1 to 100,000.
  bool descending = true;
  bool nth_only = false;           ///< Only position n ("the third largest").
  std::vector<uint32_t> per = {};  ///< Indices into Intent::dimensions: n for each of their values.
  bool per_period = false;         ///< … and for each period of the time axis.
  Ties ties = Ties::kInclude;
  bool operator==(const Rank&) const = default;
};

enum class CompareOperator : uint8_t { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kBetween };

/// A condition on a number of the answer, after aggregation.
struct Having {
  ValueRef value = {};
  CompareOperator op = CompareOperator::kGreater;
  double operand = 0;
  double upper = 0;  ///< Of kBetween, included.
  bool operator==(const Having&) const = default;
};

/// Keeps rows by what exists elsewhere: "customers without orders", "who bought A and B" (two of these), "not in the
/// last 90 days", "with more than 5 orders".
struct SetCondition {
  std::string subject;  ///< The entity that is kept or not; reached from the metrics' entities, or itself.
  std::vector<std::string> via = {};          ///< Joins from the metrics' entity to the subject, where ambiguous.
  std::string related;                        ///< The entity that has, or has not, rows for it.
  std::vector<std::string> related_via = {};  ///< Joins from `related` to the subject, where ambiguous.
  bool negated = false;
  std::vector<FilterGroup> filters = {};  ///< On `related` and what it reaches.
  FieldRef time_field = {};               ///< Empty: `related`'s default time.
  TimeRange time = {};
  /// Instead of mere existence: a metric of `related` per subject, compared. With `negated`, not so.
  std::optional<MetricUse> metric = std::nullopt;
  CompareOperator op = CompareOperator::kGreater;
  double operand = 0;
  double upper = 0;
  bool operator==(const SetCondition&) const = default;
};

enum class OutputKind : uint8_t {
  kTable,        ///< Metrics by dimensions; without metrics, the dimensions' distinct values.
  kRows,         ///< Rows of `entity`: `dimensions` are its columns (empty: all that are not hidden), no metrics.
  kExists,       ///< One boolean: is there any row of `entity`?
  kDescribe,     ///< What a member of the model means: `subject`. No SQL.
  kListAskable,  ///< What can be asked. No SQL.
};

struct SortKey {
  std::optional<ValueRef> value = std::nullopt;      ///< One of the two is there.
  std::optional<uint32_t> dimension = std::nullopt;  ///< Index into Intent::dimensions; the axis: kTimeAxis.
  bool descending = false;
  static constexpr uint32_t kTimeAxis = 0xffffffff;
  bool operator==(const SortKey&) const = default;
};

/// A transformation of what is shown, on top of policies and never in their place.
struct Privacy {
  bool remove_personal = false;       ///< Leaves out every column the model calls personal.
  std::vector<FieldRef> masked = {};  ///< Shows '***' in their place; grouping by them is refused.
  bool operator==(const Privacy&) const = default;
};

/// What a question means: all that the compiler needs, and nothing that is not checked against the model. Names,
/// never SQL.
/// Plain data; `Canonical` gives equal meanings one form. Source: docs/formats/intent.md.
struct Intent {
  OutputKind output = OutputKind::kTable;
  std::string entity = {};   ///< Of kRows and kExists.
  std::string subject = {};  ///< Of kDescribe: metric, `entity` or `entity.dimension`.
  std::vector<MetricUse> metrics = {};
  std::vector<DimensionUse> dimensions = {};
  std::vector<FilterGroup> filters = {};
  std::vector<SetCondition> sets = {};
  TimeScope time = {};
  std::vector<Calculation> calculations = {};
  std::vector<Having> having = {};
  std::optional<Rank> rank = std::nullopt;
  std::vector<SortKey> order = {};  ///< Empty: see docs/semantic-layer.md, "Order".
  Privacy privacy = {};
  /// Show values of dimensions that have no rows for the metrics ("all countries, also those without orders").
  bool keep_empty = false;
  std::string zone = {};       ///< IANA; empty: the model's calendar.
  int64_t row_limit = 10'000;  ///< 1 to 1,000,000; one more row is fetched, so that a cut shows.
  bool operator==(const Intent&) const = default;
};

/// The one form of all intents that mean the same whatever was said: names as the model spells them, conjunctions and
/// value lists sorted and without repetition, defaults written as such. Needs no model for anything else; pure.
Intent Canonical(const Intent& intent, const semantic::SemanticModel& model);

/// 64 hexadecimal digits over the JSON of the canonical form: the same in every process and release of one format
/// version.
std::string IntentHash(const Intent& intent, const semantic::SemanticModel& model);

}  // namespace neurolake::ask
