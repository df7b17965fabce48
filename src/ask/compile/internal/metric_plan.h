#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ask/compile/internal/scope.h"
#include "semantic/formula.h"

namespace neurolake::ask::compile {

/// One aggregate over the rows of one entity: what a fact's query computes.
struct Leaf {
  enum class Mode : uint8_t { kPlain, kSemiAdditive, kCumulative, kConversion };
  Mode mode = Mode::kPlain;
  const semantic::Entity* entity = nullptr;
  Aggregation aggregation = Aggregation::kSum;
  double percentile = 0.5;
  std::string expr = {};                         ///< Over the entity's table; empty: rows are counted, or `field`.
  std::optional<FieldRef> field = std::nullopt;  ///< Instead of `expr`.
  std::vector<std::string> row_conditions = {};  ///< SQL over the entity's table.
  std::vector<FilterGroup> filters = {};         ///< Of this number alone.
  std::string time = {};                         ///< As Measure::time, resolved to a default; may be empty.
  const semantic::Measure* measure = nullptr;    ///< Of kSemiAdditive.
  const semantic::Metric* metric = nullptr;      ///< Of kCumulative, kConversion.
  semantic::Additivity additivity = semantic::Additivity::kAdditive;
  std::string label = {};  ///< For messages.

  bool operator==(const Leaf&) const = default;
};

/// Whether no rows mean 0.
bool IsZeroWhenMissing(const Leaf& leaf);
/// Whether sums of it over groups are it over all.
bool IsAdditive(const Leaf& leaf);
/// Whether counting a row twice does not change it.
bool IsSafeUnderRepetition(const Leaf& leaf);

/// The intent's metrics as arithmetic over leaves: in `formulas`, a metric's name is the leaf's index in decimal.
struct MetricPlan {
  std::vector<Leaf> leaves = {};
  std::vector<semantic::Formula> formulas = {};  ///< One per metric of the intent.

  std::vector<size_t> LeavesOf(size_t metric) const;
};

/// Adds one more metric to the plan.
Result<void> AddMetric(Scope& scope, const MetricUse& use, MetricPlan& plan);

/// The aggregate's SQL; `value` is empty where rows are counted, `condition` where all rows are in, `time` is needed by
/// kFirst and kLast alone.
Result<std::string> AggregateSql(const Leaf& leaf, const std::string& value, const std::string& condition,
                                 const std::string& time);

}  // namespace neurolake::ask::compile
