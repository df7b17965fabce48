#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ask/compile/internal/conditions.h"
#include "ask/compile/internal/metric_plan.h"

namespace neurolake::ask::compile {

/// What numbers are grouped by: a time axis, and dimensions as the columns "d0", "d1", ….
struct Grouping {
  std::optional<TimeGrain> axis = std::nullopt;
  std::vector<DimensionUse> dimensions = {};

  /// `"axis"`, `"d0"`, …
  std::vector<std::string> Columns() const;
};

/// What a question says besides what is counted.
struct FactScope {
  const Intent* intent = nullptr;
  Grouping grouping = {};
  TimeRange range = {};
};

/// Leaves that one query can compute together: of one entity, going by one time. Indices into the plan.
struct FactGroup {
  std::vector<size_t> leaves;
  FieldRef time = {};  ///< Empty where none is needed.
};

Result<std::vector<FactGroup>> GroupLeaves(Scope& scope, const MetricPlan& plan, const std::vector<size_t>& leaves,
                                           const FactScope& facts);

/// The group's leaves at their own grain: columns of the grouping, then "l<index>".
Result<std::string> FactSql(Scope& scope, const MetricPlan& plan, const FactGroup& group, const FactScope& facts);

/// Periods of a closed range as a relation with the column "axis". Errors: kInvalidArgument for more than 100,000.
Result<std::string> SpineSql(const TimeRange& range, TimeGrain grain, const semantic::Calendar& calendar);
/// The same between the least and the greatest "axis" of a query.
std::string SpineOverSql(const std::string& query, TimeGrain grain);

}  // namespace neurolake::ask::compile
