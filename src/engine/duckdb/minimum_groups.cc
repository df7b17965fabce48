#include "engine/duckdb/internal/minimum_groups.h"

#include <algorithm>

#include "duckdb/function/aggregate/distributive_function_utils.hpp"
#include "duckdb/function/aggregate/distributive_functions.hpp"
#include "duckdb/function/function_binder.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/field_masks.h"
#include "engine/duckdb/internal/policy_barrier.h"

namespace neurolake::engine::duckdb {
namespace {

using native::ExpressionClass;
using native::LogicalOperatorType;
using ExpressionPointer = native::unique_ptr<native::Expression>;
using FloorsOf = std::function<std::vector<GroupFloor>(const native::LogicalGet&)>;

/// Of which no single row's value can be read off.
bool MayLeave(const std::string& aggregate) {
  constexpr std::string_view kKnown[] = {"count_star", "count",       "sum",     "avg",     "mean",
                                         "stddev_pop", "stddev_samp", "var_pop", "var_samp"};
  return std::ranges::find(kKnown, std::string_view(aggregate)) != std::end(kKnown);
}

/// One aggregate over one scan, if it is of the shape that is proven.
class ProtectedAggregate {
 public:
  ProtectedAggregate(native::ClientContext& context, native::LogicalAggregate& aggregate, native::LogicalGet& get,
                     const std::vector<GroupFloor>& floors)
      : context_(context), aggregate_(aggregate), get_(get), floors_(floors) {}

  void CheckShape() const {
    if (aggregate_.grouping_sets.size() > 1) Refuse();
    // A condition that may fail would tell of single rows.
    for (const auto* op = aggregate_.children[0].get(); op != &get_; op = op->children[0].get()) {
      for (const auto& condition : op->expressions) {
        if (!IsLeakProof(*condition)) Refuse();
      }
    }
    for (const auto& group : aggregate_.groups) {
      if (!IsColumn(*group)) Refuse();
    }
    for (const auto& expression : aggregate_.expressions) {
      if (expression->GetExpressionClass() != ExpressionClass::BOUND_AGGREGATE) Refuse();
      CheckAggregate(expression->Cast<native::BoundAggregateExpression>());
    }
  }

  /// That each group is large enough, and so is what of it each aggregate is made of: NULLs are not.
  native::vector<ExpressionPointer> Conditions() {
    native::vector<ExpressionPointer> arguments;
    for (const auto& expression : aggregate_.expressions) {
      for (const auto& child : expression->Cast<native::BoundAggregateExpression>().children) {
        arguments.push_back(child->Copy());
      }
    }
    native::vector<ExpressionPointer> conditions;
    for (const GroupFloor& floor : floors_) {
      conditions.push_back(AtLeast(floor, Counted(floor, nullptr)));
      for (const auto& argument : arguments) conditions.push_back(AtLeast(floor, Counted(floor, argument->Copy())));
    }
    return conditions;
  }

  [[noreturn]] void Refuse() const {
    ThrowLakeError(Error(
        ErrorCode::kPermissionDenied,
        fmt::format("for this purpose a table is read as count, sum, avg, stddev or variance of columns alone, over "
                    "groups by columns with at least so many {}: {}",
                    floors_[0].entity ? "of whom it is about" : "rows", floors_[0].size)));
  }

 private:
  bool IsColumn(const native::Expression& expression) const {
    if (expression.GetExpressionClass() == ExpressionClass::BOUND_CAST) {
      return IsLeakProof(expression) && IsColumn(*expression.Cast<native::BoundCastExpression>().child);
    }
    return expression.GetExpressionClass() == ExpressionClass::BOUND_COLUMN_REF &&
           expression.Cast<native::BoundColumnRefExpression>().binding.table_index == get_.table_index;
  }

  void CheckAggregate(const native::BoundAggregateExpression& call) const {
    const bool distinct_count = !call.IsDistinct() || call.function.name == "count";
    if (!MayLeave(call.function.name) || !distinct_count || call.filter != nullptr || call.order_bys != nullptr) {
      Refuse();
    }
    for (const auto& child : call.children) {
      if (!IsColumn(*child)) Refuse();
    }
  }

  ExpressionPointer ColumnOfScan(native::idx_t column) {
    const auto& ids = get_.GetColumnIds();
    native::idx_t position = 0;
    while (position < ids.size() && (ids[position].GetPrimaryIndex() != column || ids[position].HasChildren())) {
      ++position;
    }
    if (position == ids.size()) get_.AddColumnId(column);
    return native::make_uniq<native::BoundColumnRefExpression>(get_.returned_types[column],
                                                               native::ColumnBinding(get_.table_index, position));
  }
  ExpressionPointer Entity(const native::Expression& counted) {
    ExpressionPointer entity = counted.Copy();
    ReplaceBehind(entity, 0, [&](size_t column) { return ColumnOfScan(column); });
    return entity;
  }

  /// Adds a count to the aggregate, of rows where `argument` is not NULL, and refers to it.
  ExpressionPointer Counted(const GroupFloor& floor, ExpressionPointer argument) {
    native::vector<ExpressionPointer> children;
    ExpressionPointer filter;
    auto how = native::AggregateType::NON_DISTINCT;
    if (floor.entity) {
      how = native::AggregateType::DISTINCT;
      children.push_back(Entity(*floor.entity));
      if (argument != nullptr) {
        auto is_there = native::make_uniq<native::BoundOperatorExpression>(native::ExpressionType::OPERATOR_IS_NOT_NULL,
                                                                           native::LogicalType::BOOLEAN);
        is_there->children.push_back(std::move(argument));
        filter = std::move(is_there);
      }
    } else if (argument != nullptr) {
      children.push_back(std::move(argument));
    }
    native::FunctionBinder binder(context_);
    auto function = children.empty() ? native::CountStarFun::GetFunction() : native::CountFunctionBase::GetFunction();
    auto count = binder.BindAggregateFunction(std::move(function), std::move(children), std::move(filter), how);
    const native::LogicalType type = count->return_type;
    aggregate_.expressions.push_back(std::move(count));
    return native::make_uniq<native::BoundColumnRefExpression>(
        type, native::ColumnBinding(aggregate_.aggregate_index, aggregate_.expressions.size() - 1));
  }

  static ExpressionPointer AtLeast(const GroupFloor& floor, ExpressionPointer count) {
    return native::make_uniq<native::BoundComparisonExpression>(
        native::ExpressionType::COMPARE_GREATERTHANOREQUALTO, std::move(count),
        native::make_uniq<native::BoundConstantExpression>(native::Value::BIGINT(floor.size)));
  }

  native::ClientContext& context_;
  native::LogicalAggregate& aggregate_;
  native::LogicalGet& get_;
  const std::vector<GroupFloor>& floors_;
};

/// The scan that an aggregate reads through nothing but conditions.
native::LogicalGet* ScanBelow(native::LogicalOperator& aggregate) {
  native::LogicalOperator* op = aggregate.children[0].get();
  while (op->type == LogicalOperatorType::LOGICAL_FILTER && !op->Cast<native::LogicalFilter>().HasProjectionMap()) {
    op = op->children[0].get();
  }
  return op->type == LogicalOperatorType::LOGICAL_GET ? &op->Cast<native::LogicalGet>() : nullptr;
}

}  // namespace

void RequireGroups(native::ClientContext& context, native::unique_ptr<native::LogicalOperator>& root,
                   const FloorsOf& floors_of) {
  if (root->type == LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY) {
    native::LogicalGet* get = ScanBelow(*root);
    const auto floors = get == nullptr ? std::vector<GroupFloor>() : floors_of(*get);
    if (!floors.empty()) {
      ProtectedAggregate aggregate(context, root->Cast<native::LogicalAggregate>(), *get, floors);
      aggregate.CheckShape();
      auto filter = native::make_uniq<native::LogicalFilter>();
      filter->expressions = aggregate.Conditions();
      filter->children.push_back(std::move(root));
      root = std::move(filter);
      return;
    }
  }
  for (auto& child : root->children) RequireGroups(context, child, floors_of);
  if (root->type != LogicalOperatorType::LOGICAL_GET) return;
  const auto floors = floors_of(root->Cast<native::LogicalGet>());
  if (floors.empty()) return;
  ThrowLakeError(Error(
      ErrorCode::kPermissionDenied,
      fmt::format("for this purpose a table is read by aggregates straight over it alone, of groups with at least so "
                  "many {}: {}",
                  floors[0].entity ? "of whom it is about" : "rows", floors[0].size)));
}

}  // namespace neurolake::engine::duckdb
