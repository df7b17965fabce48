#pragma once
#include <map>
#include <unordered_map>
#include <vector>

#include "engine/duckdb/internal/lineage_sources.h"
#include "engine/duckdb/internal/native.h"
#include "plan/lineage_digest.h"

namespace neurolake::engine::duckdb {

/// Follows column bindings through a bound plan. Table indexes are unique in a plan, so one map holds what every
/// operator gives; each operator answers what decides which rows it gives.
class LineageWalk {
 public:
  /// Fills in `relations`.
  explicit LineageWalk(std::vector<plan::LineageRelation>& relations) : relations_(relations) {}

  /// What decides which rows `op` gives; its columns are known afterwards.
  Sources Rows(native::LogicalOperator& op);
  const Sources& Column(const native::ColumnBinding& binding) const;
  /// Of the columns that `op`, walked already, gives.
  std::vector<Sources> Columns(native::LogicalOperator& op) const;
  Sources Of(const native::Expression& expression);

 private:
  Sources RowsOfGet(native::LogicalGet& get);
  Sources RowsOfJoin(native::LogicalOperator& op);
  Sources RowsOfAggregate(native::LogicalAggregate& aggregate);
  Sources RowsOfSetOperation(native::LogicalOperator& op);
  Sources RowsOfValues(native::LogicalExpressionGet& values);
  Sources RowsOfCte(native::LogicalOperator& op);
  Sources RowsOfDistinct(native::LogicalDistinct& distinct);
  Sources RowsOfPivot(native::LogicalPivot& pivot);
  Sources RowsOfUnknown(native::LogicalOperator& op);
  Sources RowsOfChildren(native::LogicalOperator& op);
  /// What all expressions of `op` read, as deciding by `kind`.
  Sources Deciding(native::LogicalOperator& op, plan::DependenceKind kind);
  Sources JoinConditions(native::LogicalOperator& op);
  void Compute(native::idx_t table_index, const native::vector<native::unique_ptr<native::Expression>>& expressions);
  void AddToColumns(native::LogicalOperator& op, const Sources& more);

  Sources OfChildren(const native::Expression& expression);
  Sources OfFunction(const native::BoundFunctionExpression& call);
  Sources OfCase(const native::BoundCaseExpression& expression);
  Sources OfOperator(const native::BoundOperatorExpression& expression);
  Sources OfAggregate(const native::BoundAggregateExpression& call);
  Sources OfWindow(const native::BoundWindowExpression& window);

  uint32_t Relation(const native::LogicalGet& get);

  std::vector<plan::LineageRelation>& relations_;
  std::unordered_map<native::idx_t, std::vector<Sources>> columns_;  // By table index.
  std::unordered_map<native::idx_t, uint32_t> scans_;                // Table index of a scan to its relation.
  std::unordered_map<native::idx_t, Sources> cte_rows_;              // By the table index of the CTE.
  std::vector<std::vector<Sources>> delim_columns_;                  // Of the delim joins around, innermost last.
};

}  // namespace neurolake::engine::duckdb
