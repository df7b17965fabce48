// What a value depends on: LineageWalk's part about expressions.
#include <set>

#include "common/text.h"
#include "duckdb/function/scalar/struct_utils.hpp"
#include "duckdb/planner/expression/bound_unnest_expression.hpp"
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

bool IsStruct(const native::LogicalType& type) { return type.id() == LogicalTypeId::STRUCT; }

bool IsOneOf(const std::string& function, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view name) { return EqualsIgnoringCase(function, name); });
}

/// Whether both have the same fields in the same order, so that a cast takes each from the one of its name.
bool HaveSameFields(const native::LogicalType& a, const native::LogicalType& b) {
  if (!IsStruct(a) || !IsStruct(b)) return false;
  return std::ranges::equal(
      native::StructType::GetChildTypes(a), native::StructType::GetChildTypes(b),
      [](const auto& one, const auto& other) { return !one.first.empty() && one.first == other.first; });
}

/// Of a struct `sources` cast to `to`, which has the same fields.
Sources OfStructCast(const Sources& sources, const native::LogicalType& from, const native::LogicalType& to) {
  Sources cast;
  const auto& before = native::StructType::GetChildTypes(from);
  const auto& after = native::StructType::GetChildTypes(to);
  for (size_t i = 0; i < after.size(); ++i) {
    const Sources inside = sources.Inside(after[i].first);
    const bool nested = HaveSameFields(before[i].second, after[i].second);
    const auto kind =
        Widens(before[i].second, after[i].second) ? DependenceKind::kIdentity : DependenceKind::kTransformation;
    const Sources field = nested ? OfStructCast(inside, before[i].second, after[i].second) : inside.Computed(kind);
    cast.Add(field.Within(after[i].first));
  }
  return cast;
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
      const auto& from = cast.child->return_type;
      if (!cast.try_cast && from != cast.return_type && HaveSameFields(from, cast.return_type)) {
        return OfStructCast(Of(*cast.child), from, cast.return_type);
      }
      const bool widens = !cast.try_cast && Widens(from, cast.return_type);
      return Of(*cast.child).Computed(widens ? DependenceKind::kIdentity : DependenceKind::kTransformation);
    }
    case ExpressionClass::BOUND_CASE: return OfCase(expression.Cast<native::BoundCaseExpression>());
    case ExpressionClass::BOUND_FUNCTION: return OfFunction(expression.Cast<native::BoundFunctionExpression>());
    case ExpressionClass::BOUND_UNNEST: {
      const auto& child = *expression.Cast<native::BoundUnnestExpression>().child;
      if (child.return_type.id() == LogicalTypeId::LIST) return Of(child).Inside("element");
      return Of(child).Computed(DependenceKind::kTransformation);
    }
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

// What takes structs apart, and puts them together, is known field by field; all else computes.
Sources LineageWalk::OfFunction(const native::BoundFunctionExpression& call) {
  const std::string& name = call.function.name;
  const auto& children = call.children;
  const auto whole = [&] { return OfChildren(call).Computed(DependenceKind::kTransformation); };
  if (children.empty()) return {};
  const auto& first = children[0]->return_type;
  if (IsStruct(first) && call.bind_info != nullptr &&
      IsOneOf(name, {"struct_extract", "struct_extract_at", "array_extract"})) {
    const auto index = call.bind_info->Cast<native::StructExtractBindData>().index;
    const auto& fields = native::StructType::GetChildTypes(first);
    if (index >= fields.size() || fields[index].first.empty()) return whole();
    return Of(*children[0]).Inside(fields[index].first);
  }
  if (first.id() == LogicalTypeId::LIST && IsOneOf(name, {"list_extract", "list_element", "array_extract"})) {
    Sources sources = Of(*children[0]).Inside("element");
    for (size_t i = 1; i < children.size(); ++i) {
      sources.Add(Of(*children[i]).Computed(DependenceKind::kTransformation));
    }
    return sources;
  }
  if (!IsStruct(call.return_type)) return whole();
  const auto& made = native::StructType::GetChildTypes(call.return_type);
  const bool packs = IsOneOf(name, {"struct_pack", "row"}) && made.size() == children.size();
  const bool changes = IsStruct(first) && IsOneOf(name, {"struct_update", "struct_insert"});
  if ((!packs && !changes) || std::ranges::any_of(made, [](const auto& field) { return field.first.empty(); })) {
    return whole();
  }
  Sources sources;
  size_t named = 1;
  for (size_t i = 0; i < made.size(); ++i) {
    const std::string& field = made[i].first;
    if (packs) {
      sources.Add(Of(*children[i]).Within(field));
      continue;
    }
    const auto given = std::find_if(children.begin() + 1, children.end(),
                                    [&](const auto& child) { return EqualsIgnoringCase(child->GetAlias(), field); });
    named += given == children.end() ? 0 : 1;
    sources.Add((given == children.end() ? Of(*children[0]).Inside(field) : Of(**given)).Within(field));
  }
  // One that is called otherwise went nobody knows where.
  return packs || named == children.size() ? sources : whole();
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
