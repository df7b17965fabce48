#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ask/compile/internal/combined.h"

namespace neurolake::ask::compile {

/// A table of metrics by dimensions, in stages: facts side by side, what they are compared with, columns along the time
/// axis, columns over the whole, conditions, rank, order.
class Answer {
 public:
  Answer(Scope& scope, const Intent& intent) : scope_(scope), intent_(intent) {}

  Result<std::string> Sql();
  std::vector<OutputColumn> columns() const { return columns_; }

 private:
  Result<void> Plan();
  Result<void> CheckCalculations();
  Result<void> CheckUnits() const;
  Result<void> Base();
  Result<void> Comparisons();
  Result<std::string> MeetsSql(const Comparison& comparison, const std::string& other) const;
  Result<TimeRange> ComparedRange(const Comparison& comparison) const;
  Result<void> AlongTheAxis();
  Result<std::string> AlongSql(const Calculation& calculation) const;
  Result<void> OverTheWhole();
  Result<std::string> OverSql(const Calculation& calculation, size_t index);
  std::vector<std::string> RankedKeys();
  Result<std::string> RankedGroups();
  Result<std::string> Final();
  Result<std::string> ValueSql(const ValueRef& value) const;
  Result<std::string> RankSql(const std::string& value) const;
  Result<std::vector<std::string>> Order() const;
  Result<std::vector<std::string>> Having() const;
  void Outputs(std::vector<std::string>& select);
  void AddColumn(std::vector<std::string>& select, const std::string& sql, OutputColumn column);

  /// `"s"."d0"` and so on, of the relation `alias`.
  std::vector<std::string> Keys(const std::string& alias) const;
  std::string SameKeys(const std::string& a, const std::string& b, bool with_axis) const;
  bool RanksGroups() const;

  Scope& scope_;
  const Intent& intent_;
  MetricPlan plan_;
  FactScope facts_;
  std::string stage_;                    ///< The CTE that holds the answer so far.
  std::optional<LocalTime> shown_from_;  ///< Rows before it are there for what looks back.
  std::vector<OutputColumn> columns_;
};

/// "axis", metrics, comparisons and calculations by name: shared with definitions.
std::string MetricName(const Scope& scope, const MetricUse& use);
std::string ComparisonSuffix(const Comparison& comparison);

}  // namespace neurolake::ask::compile
