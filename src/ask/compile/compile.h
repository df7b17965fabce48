#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ask/intent/intent.h"
#include "common/result.h"

namespace neurolake::ask {

/// What one column of the answer is, in the order of the result.
struct OutputColumn {
  enum class Role : uint8_t {
    kTimeAxis,  ///< The start of each period, a DATE or TIMESTAMP.
    kDimension,
    kMetric,
    kComparisonValue,  ///< The metric, in the time it is compared with.
    kDifference,
    kGrowth,  ///< A fraction: 0.1 is 10 %.
    kCalculation,
    kExists,
  };
  std::string name;  ///< As in the SQL, unique in the answer.
  std::string label;
  Role role = Role::kMetric;
  std::string member;             ///< `entity.dimension` or the metric; empty for an aggregate that has no name.
  std::optional<uint32_t> index;  ///< Into the intent's metrics, dimensions or calculations.
  std::optional<uint32_t> comparison;
  std::optional<TimeGrain> grain;
  std::optional<TimePart> part;  ///< Of a dimension that is a recurring part of a time.
  semantic::Format format;
};

/// How something in the answer is defined, for people.
struct Definition {
  std::string name;
  std::string text;
};

/// Something that was decided and could have been decided otherwise. `part` names the intent's member to edit.
struct Assumption {
  std::string part;  ///< "time.field", "rank.ties", "join", …
  std::string text;
};

/// A query whose answer says whether the main one can be trusted: one row, one column `problem_rows`, to be zero.
struct CheckQuery {
  enum class Kind : uint8_t { kDanglingKeys, kDuplicateKeys, kNullTime };
  Kind kind = Kind::kDanglingKeys;
  std::string sql;
  std::string meaning;  ///< What it means if it is not zero: "rows of orders whose customer is not in customers".
};

struct CompiledQuery {
  std::string sql;  ///< One SELECT. Fetches at most row_limit + 1 rows, in an order that ties cannot change.
  std::vector<OutputColumn> columns;
  std::vector<Definition> definitions;
  std::vector<Assumption> assumptions;
  std::vector<std::vector<std::string>> tables;  ///< Schema and table of all that is read.
  std::vector<CheckQuery> checks;
  /// Members of the model that the query uses, as `entity.member` or the metric's name.
  std::vector<std::string> members;
};

/// SQL for `intent` over `model`, correct by construction: nothing is counted twice over a join, ratios are sums over
/// sums, every name is quoted and every literal escaped. kDescribe and kListAskable have no SQL and are refused here.
/// Errors: kInvalidArgument for what the model does not have or the intent contradicts itself in; kBindError where a
///   dimension is ambiguous (detail "choices": the joins to choose from, by comma) or cannot be reached from a metric
///   without counting rows twice (detail "metric").
/// Pure and thread-safe; the same intent and model give the same bytes.
/// Source: docs/semantic-layer.md, "From intent to SQL".
Result<CompiledQuery> CompileIntent(const Intent& intent, const semantic::SemanticModel& model);

}  // namespace neurolake::ask
