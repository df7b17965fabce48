#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "semantic/time_grain.h"

namespace neurolake::semantic {

/// A SQL expression as the model's author wrote it, over the columns of one entity's table. `ValidateModel` proves that
/// it is one complete expression without sub-queries, statements or comments; a SqlChecker binds it.
using SqlExpression = std::string;

/// What everything with a name shares. Names are `[a-z_][a-z0-9_]*`, at most 64 bytes, unique where `FindX` says so and
/// compared without case; `label` is what people read (never empty after loading: made of the name).
struct Described {
  std::string name;
  std::string label = {};
  std::string description = {};
  std::vector<std::string> synonyms = {};  ///< In any language, as people say them, singular; compared after folding.
  uint32_t line = 0;                       ///< In the YAML, from 1; 0: not read from one.
};

/// How values are written for people.
struct Format {
  std::string unit = {};     ///< "EUR", "km", "min", "%"; a currency by ISO 4217. Empty: a plain number.
  std::string pattern = {};  ///< "integer", "decimal", "percent", "currency", "date", "duration" or empty.
  std::optional<int> decimals = std::nullopt;
};

/// The type of a dimension's values: how literals are written and compared.
enum class ValueType : uint8_t { kText, kInteger, kNumber, kBoolean, kDate, kTimestamp, kTimestampTz };

enum class DimensionType : uint8_t { kCategorical, kTime, kGeographic };

/// A value a dimension may have that people call otherwise: `DE`, "Germany", "German".
struct NamedValue {
  std::string value;  ///< As the column holds it; typed by ValueType.
  std::string label = {};
  std::vector<std::string> synonyms = {};
};

struct Dimension : Described {
  DimensionType type = DimensionType::kCategorical;
  ValueType value_type = ValueType::kText;
  SqlExpression expr;  ///< Default: the column of the same name.
  Format format = {};
  /// Of kTime: the finest grain it can tell; coarser ones come from it.
  TimeGrain grain = TimeGrain::kDay;
  /// Of kTime with kTimestampTz, the zone is the calendar's or the intent's; a kTimestamp is taken as it is.
  /// Role-playing dates ("ordered", "shipped") are several time dimensions of one entity; `role` is the verb.
  std::string role = {};
  /// Of kGeographic: "continent", "country", "region", "city", "postcode", "latitude", "longitude".
  std::string geographic_level = {};
  /// The next coarser dimension of the same entity (city -> region -> country): shares of a parent go by it.
  std::string parent = {};
  std::vector<NamedValue> values = {};
  /// Kind of personal data ("email", "phone", "name", …); empty: none. "remove PII" leaves these out. It adds to what
  /// policies and tags of the table enforce and replaces none.
  std::string personal = {};
  /// The dimension names one row to people (a customer's name): shown for the entity itself. At most one per entity.
  bool is_label = false;
  bool hidden = false;  ///< Usable in the model's expressions, never offered or resolved.
};

enum class Aggregation : uint8_t {
  kSum,
  kCount,
  kCountDistinct,
  kAverage,
  kMin,
  kMax,
  kMedian,
  kPercentile,
  kStandardDeviation,
  kVariance,
  kFirst,  ///< The value at the earliest time of the measure's time dimension.
  kLast,   ///< … at the latest.
};

/// Over which dimensions sums of a measure's sums mean something.
enum class Additivity : uint8_t {
  kAdditive,
  kSemiAdditive,  ///< Not over time (balances, stock): see Measure::over_time.
  kNonAdditive,   ///< Never (averages, percentages, maxima): always computed from the rows.
  kDistinct,      ///< Distinct counts: from the rows, like kNonAdditive.
};

/// What stands for a period when a semi-additive measure is asked over one longer than its snapshots.
enum class SemiAdditiveChoice : uint8_t { kLast, kFirst, kAverage, kMin, kMax };

/// An aggregate over the rows of one entity.
struct Measure : Described {
  Aggregation aggregation = Aggregation::kSum;
  SqlExpression expr = {};    ///< Of a row. Of kCount: empty counts rows, else rows where it is not NULL.
  SqlExpression filter = {};  ///< A condition on the row; empty: all.
  double percentile = 0.5;    ///< Of kPercentile, between 0 and 1.
  Additivity additivity = Additivity::kAdditive;
  SemiAdditiveChoice over_time = SemiAdditiveChoice::kLast;
  /// Of kSemiAdditive: dimensions of the entity whose values each have a last (first, …) row of their own, such as an
  /// account. Empty: the table holds whole snapshots, and a period's is the one at its last time in the table.
  std::vector<std::string> over_time_per = {};
  std::string time = {};  ///< The time dimension it goes by, as Entity::default_time; empty: the entity's.
  Format format = {};
  bool hidden = false;  ///< An ingredient of metrics, not one itself.
};

struct Entity : Described {
  std::vector<std::string> table;        ///< Schema and table, or table alone: identifiers, not yet quoted.
  std::vector<std::string> primary_key;  ///< Columns; may be empty (then nothing is known to be unique).
  SqlExpression filter = {};             ///< Rows that exist for the model; empty: all.
  /// A time dimension: its name, or `entity.dimension` of an entity that each row belongs to; empty: none.
  std::string default_time = {};
  std::vector<Dimension> dimensions = {};
  std::vector<Measure> measures = {};
};

enum class Cardinality : uint8_t { kManyToOne, kOneToOne, kOneToMany, kManyToMany };

/// A way from one entity to another. `name` is the role ("origin", "destination") and unique in the model; a model with
/// two joins between the same entities needs roles to be told apart. Equality of the columns, pair by pair.
struct Join : Described {
  std::string from;
  std::string to;
  Cardinality cardinality = Cardinality::kManyToOne;  ///< Rows of `from` per row of `to`.
  std::vector<std::string> from_columns;
  std::vector<std::string> to_columns;
};

enum class MetricKind : uint8_t { kSimple, kRatio, kDerived, kCumulative, kConversion };

/// A number with a name. After loading, `SemanticModel::metrics` also holds an implicit kSimple metric for each visible
/// measure that no metric is named like, with its words, so that whoever looks for metrics need not look at measures.
/// It has the measure's name, or `entity_measure` where several entities have a measure of that name.
struct Metric : Described {
  MetricKind kind = MetricKind::kSimple;
  bool implicit = false;
  Format format = {};
  // kSimple, kCumulative, kConversion: a measure, as `entity.measure`.
  std::string entity = {};
  std::string measure = {};
  SqlExpression filter = {};  ///< Of kSimple and kCumulative: a further condition on the measure's rows.
  // kRatio: metrics. Always sum over sum, never a mean of ratios; NULL where the denominator is 0 or NULL.
  std::string numerator = {};
  std::string denominator = {};
  // kDerived: arithmetic over metrics by name: + - * / ( ) numbers, abs, round, coalesce, least, greatest.
  std::string formula = {};
  // kCumulative: of all time so far, of the last `window` periods, or since the start of `to_date`.
  std::optional<TimeGrain> window_grain = std::nullopt;
  int64_t window = 0;
  std::optional<TimeGrain> to_date = std::nullopt;
  // kConversion: share of the units (`conversion_key`, a dimension of both) with an event counted by `measure` that
  // have one counted by `target_measure` not before it and less than window x window_grain later (window 0: at any
  // later time).
  std::string target_entity = {};
  std::string target_measure = {};
  std::string conversion_key = {};
  bool hidden = false;
};

struct Holiday {
  std::string date;  ///< yyyy-mm-dd
  std::string name;
};

struct Calendar {
  int fiscal_year_start_month = 1;  ///< 1 to 12.
  bool fiscal_year_known = true;    ///< False of drafts: questions about fiscal years are refused, not guessed.
  /// Whether fiscal year 2024 is the one that ends in 2024 (else the one that starts in it).
  bool fiscal_year_named_by_end = true;
  std::string zone = "UTC";  ///< IANA name: what kTimestampTz is read in, unless the intent says otherwise.
  std::vector<Holiday> holidays = {};
};

/// A question somebody reviewed, with the intent that answers it (docs/formats/intent.md) as JSON.
struct VerifiedQuestion {
  std::string question;
  std::string intent;
  std::string verified_by = {};
  uint32_t line = 0;
};

/// What the tables mean. Plain data, immutable once loaded; source: docs/semantic-layer.md,
/// docs/formats/semantic-model.md.
struct SemanticModel : Described {
  int64_t format_version = 1;
  std::string version = {};  ///< The author's; any text.
  Calendar calendar = {};
  std::vector<Entity> entities = {};
  std::vector<Join> joins = {};
  std::vector<Metric> metrics = {};
  std::vector<VerifiedQuestion> verified_questions = {};
};

/// Look-ups by name without case; null if there is none. Linear: models have hundreds of members, not millions.
const Entity* FindEntity(const SemanticModel& model, std::string_view name);
const Dimension* FindDimension(const Entity& entity, std::string_view name);
const Measure* FindMeasure(const Entity& entity, std::string_view name);
const Metric* FindMetric(const SemanticModel& model, std::string_view name);
const Join* FindJoin(const SemanticModel& model, std::string_view name);
/// The dimension that names a row of the entity to people: its `is_label`, else its key's, else null.
const Dimension* LabelDimension(const Entity& entity);

std::string_view AggregationName(Aggregation aggregation);
std::optional<Aggregation> AggregationFromName(std::string_view name);

}  // namespace neurolake::semantic
