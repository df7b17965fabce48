// What a value depends on: LineageWalk's part about expressions.
#include <set>

#include "common/text.h"
#include "duckdb/planner/expression_iterator.hpp"
#include "engine/duckdb/internal/lineage_walk.h"

namespace neurolake::engine::duckdb {
namespace {

using native::ExpressionClass;
using native::LogicalTypeId;
using plan::DependenceKind;

/// Whether the cast keeps every value as it is, so that the column still counts as taken.
bool Widens(const native::LogicalType& from, const native::LogicalType& to) {
  if (from == to) return true;
  if (from.IsIntegral() && to.IsIntegral()) {
    return native::GetTypeIdSize(from.InternalType()) < native::GetTypeIdSize(to.InternalType()) &&
           (from.IsUnsigned() || !to.IsUnsigned());
  }
  if (from.id() == LogicalTypeId::FLOAT) return to.id() == LogicalTypeId::DOUBLE;
  if (from.id() == LogicalTypeId::DECIMAL && to.id() == LogicalTypeId::DECIMAL) {
    const int from_whole = native::DecimalType::GetWidth(from) - native::DecimalType::GetScale(from);
    const int to_whole = native::DecimalType::GetWidth(to) - native::DecimalType::GetScale(to);
    return to_whole >= from_whole && native::DecimalType::GetScale(to) >= native::DecimalType::GetScale(from);
  }
  // Untyped nulls and the like; strings with a collation are strings.
  return from.id() == LogicalTypeId::SQLNULL || (from.id() == LogicalTypeId::VARCHAR && to.id() == from.id());
}

/// Aggregates that pick one of the values they are given. DuckDB also makes `first` out of scalar sub-queries.
bool Picks(const std::string& function) {
  static const std::set<std::string> names = {"first", "last", "any_value", "arbitrary"};
  return names.contains(LowerAscii(function));
}

}  // namespace

Sources LineageWalk::OfChildren(const native::Expression& expression) {
  Sources sources;
  native::ExpressionIterator::EnumerateChildren(expression,
                                                [&](const native::Expression& child) { sources.Add(Of(child)); });
  return sources;
}

Sources LineageWalk::Of(const native::Expression& expression) {
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::BOUND_COLUMN_REF: return Column(expression.Cast<native::BoundColumnRefExpression>().binding);
    case ExpressionClass::BOUND_CAST: {
      const auto& cast = expression.Cast<native::BoundCastExpression>();
      const bool widens = !cast.try_cast && Widens(cast.child->return_type, cast.return_type);
      return Of(*cast.child).Computed(widens ? DependenceKind::kIdentity : DependenceKind::kTransformation);
    }
    case ExpressionClass::BOUND_CASE: return OfCase(expression.Cast<native::BoundCaseExpression>());
    case ExpressionClass::BOUND_OPERATOR: return OfOperator(expression.Cast<native::BoundOperatorExpression>());
    case ExpressionClass::BOUND_AGGREGATE: return OfAggregate(expression.Cast<native::BoundAggregateExpression>());
    case ExpressionClass::BOUND_WINDOW: return OfWindow(expression.Cast<native::BoundWindowExpression>());
    case ExpressionClass::BOUND_SUBQUERY: {
      // Those that the planner could not make joins of.
      const auto& subquery = expression.Cast<native::BoundSubqueryExpression>();
      Sources sources = OfChildren(expression);
      if (subquery.subquery.plan != nullptr) {
        sources.Add(Rows(*subquery.subquery.plan));
        for (const Sources& column : Columns(*subquery.subquery.plan)) sources.Add(column);
      }
      return sources.Computed(DependenceKind::kTransformation);
    }
    default: return OfChildren(expression).Computed(DependenceKind::kTransformation);
  }
}

Sources LineageWalk::OfCase(const native::BoundCaseExpression& expression) {
  Sources sources;
  for (const auto& check : expression.case_checks) {
    sources.Add(Of(*check.when_expr).Deciding(DependenceKind::kConditional));
    sources.Add(Of(*check.then_expr).Computed(DependenceKind::kTransformation));
  }
  sources.Add(Of(*expression.else_expr).Computed(DependenceKind::kTransformation));
  return sources;
}

Sources LineageWalk::OfOperator(const native::BoundOperatorExpression& expression) {
  Sources sources = OfChildren(expression).Computed(DependenceKind::kTransformation);
  if (expression.GetExpressionType() == native::ExpressionType::OPERATOR_COALESCE) {
    for (size_t i = 0; i + 1 < expression.children.size(); ++i) {
      sources.Add(Of(*expression.children[i]).Deciding(DependenceKind::kConditional));
    }
  }
  return sources;
}

Sources LineageWalk::OfAggregate(const native::BoundAggregateExpression& call) {
  const bool picks = Picks(call.function.name);
  Sources sources;
  for (const auto& child : call.children) {
    sources.Add(Of(*child).Computed(picks ? DependenceKind::kTransformation : DependenceKind::kAggregation));
  }
  if (call.filter != nullptr) sources.Add(Of(*call.filter).Deciding(DependenceKind::kFilter));
  if (call.order_bys != nullptr) {
    for (const auto& order : call.order_bys->orders) {
      sources.Add(Of(*order.expression).Deciding(DependenceKind::kSort));
    }
  }
  return sources;
}

Sources LineageWalk::OfWindow(const native::BoundWindowExpression& window) {
  const bool aggregates = window.aggregate != nullptr && !Picks(window.aggregate->name);
  Sources sources;
  for (const auto& child : window.children) {
    sources.Add(Of(*child).Computed(aggregates ? DependenceKind::kAggregation : DependenceKind::kTransformation));
  }
  if (window.default_expr != nullptr) {
    sources.Add(Of(*window.default_expr).Computed(DependenceKind::kTransformation));
  }
  const auto decides = [&](const native::unique_ptr<native::Expression>& part) {
    if (part != nullptr) sources.Add(Of(*part).Deciding(DependenceKind::kWindow));
  };
  for (const auto& partition : window.partitions) decides(partition);
  for (const auto& order : window.orders) decides(order.expression);
  for (const auto& order : window.arg_orders) decides(order.expression);
  decides(window.start_expr);
  decides(window.end_expr);
  decides(window.offset_expr);
  if (window.filter_expr != nullptr) sources.Add(Of(*window.filter_expr).Deciding(DependenceKind::kFilter));
  return sources;
}

}  // namespace neurolake::engine::duckdb
