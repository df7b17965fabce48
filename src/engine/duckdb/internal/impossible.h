#pragma once
#include <algorithm>

#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/dynamic_filter.hpp"
#include "duckdb/planner/filter/in_filter.hpp"
#include "duckdb/planner/filter/null_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "engine/duckdb/internal/file_pruning.h"

namespace neurolake::engine::duckdb {

// Whether no row can make a predicate true, as a walk over the predicate. What it is asked of, one file or many, is up
// to `Leaves`:
//   using Answer;                       whether it is impossible
//   Answer Unknown();                   nothing can be said: it may be true
//   Answer Compare(column, comparison, constant, without_nan);   without_nan: what else is asked keeps NaN away
//   Answer IsNull(column), IsNotNull(column);
//   Answer Either(Answer, Answer)       impossible as soon as one of both is; Both(Answer, Answer).

template <typename Leaves>
class ImpossibleWalk {
 public:
  using Answer = typename Leaves::Answer;
  explicit ImpossibleWalk(Leaves& leaves) : leaves_(leaves) {}

  Answer Ask(const native::Expression& expression, native::idx_t table_index,
             const native::vector<native::column_t>& column_ids) {
    using native::ExpressionClass;
    const auto ask = [&](const auto& child) { return Ask(*child, table_index, column_ids); };
    switch (expression.GetExpressionClass()) {
      case ExpressionClass::BOUND_CONJUNCTION:
        return Combine(expression.Cast<native::BoundConjunctionExpression>().children,
                       expression.GetExpressionType() == native::ExpressionType::CONJUNCTION_AND, ask);
      case ExpressionClass::BOUND_COMPARISON: {
        const auto& comparison = expression.Cast<native::BoundComparisonExpression>();
        auto kind = expression.GetExpressionType();
        auto column = ColumnOf(*comparison.left, table_index, column_ids);
        auto constant = ConstantOf(*comparison.right);
        if (!column.has_value()) {
          column = ColumnOf(*comparison.right, table_index, column_ids);
          constant = ConstantOf(*comparison.left);
          kind = native::FlipComparisonExpression(kind);
        }
        return column && constant ? leaves_.Compare(*column, kind, *constant, false) : leaves_.Unknown();
      }
      case ExpressionClass::BOUND_BETWEEN: {
        const auto& between = expression.Cast<native::BoundBetweenExpression>();
        const auto column = ColumnOf(*between.input, table_index, column_ids);
        if (!column.has_value()) return leaves_.Unknown();
        const auto lower = ConstantOf(*between.lower), upper = ConstantOf(*between.upper);
        const bool without_nan = upper && !upper->IsNull() && !IsNan(*upper);  // NaN is above it.
        return leaves_.Either(
            lower ? leaves_.Compare(*column, between.LowerComparisonType(), *lower, without_nan) : leaves_.Unknown(),
            upper ? leaves_.Compare(*column, between.UpperComparisonType(), *upper, without_nan) : leaves_.Unknown());
      }
      case ExpressionClass::BOUND_OPERATOR: {
        const auto& operation = expression.Cast<native::BoundOperatorExpression>();
        if (operation.children.empty()) return leaves_.Unknown();
        const auto column = ColumnOf(*operation.children[0], table_index, column_ids);
        if (!column.has_value()) return leaves_.Unknown();
        if (expression.GetExpressionType() == native::ExpressionType::OPERATOR_IS_NULL) return leaves_.IsNull(*column);
        if (expression.GetExpressionType() == native::ExpressionType::OPERATOR_IS_NOT_NULL) {
          return leaves_.IsNotNull(*column);
        }
        if (expression.GetExpressionType() != native::ExpressionType::COMPARE_IN) return leaves_.Unknown();
        std::vector<native::Value> values;
        for (size_t i = 1; i < operation.children.size(); ++i) {
          auto constant = ConstantOf(*operation.children[i]);
          if (!constant.has_value()) return leaves_.Unknown();
          values.push_back(*std::move(constant));
        }
        return AskIn(*column, values);
      }
      default: return leaves_.Unknown();
    }
  }

  Answer Ask(uint64_t column, const native::TableFilter& filter) {
    const auto ask = [&](const auto& child) { return Ask(column, *child); };
    switch (filter.filter_type) {
      case native::TableFilterType::CONSTANT_COMPARISON: {
        const auto& constant = filter.Cast<native::ConstantFilter>();
        return leaves_.Compare(column, constant.comparison_type, constant.constant, without_nan_);
      }
      case native::TableFilterType::IS_NULL: return leaves_.IsNull(column);
      case native::TableFilterType::IS_NOT_NULL: return leaves_.IsNotNull(column);
      case native::TableFilterType::CONJUNCTION_AND: {
        const auto& children = filter.Cast<native::ConjunctionAndFilter>().child_filters;
        const bool before = without_nan_;
        without_nan_ = before || std::ranges::any_of(children, [](const auto& child) { return ExcludesNan(*child); });
        Answer answer = Combine(children, true, ask);
        without_nan_ = before;
        return answer;
      }
      case native::TableFilterType::CONJUNCTION_OR:
        return Combine(filter.Cast<native::ConjunctionOrFilter>().child_filters, false, ask);
      case native::TableFilterType::IN_FILTER: return AskIn(column, filter.Cast<native::InFilter>().values);
      case native::TableFilterType::OPTIONAL_FILTER: {
        const auto& optional = filter.Cast<native::OptionalFilter>();
        return optional.child_filter == nullptr ? leaves_.Unknown() : Ask(column, *optional.child_filter);
      }
      case native::TableFilterType::DYNAMIC_FILTER: {
        const auto& data = filter.Cast<native::DynamicFilter>().filter_data;
        if (data == nullptr) return leaves_.Unknown();
        std::lock_guard lock(data->lock);
        return data->initialized && data->filter != nullptr ? Ask(column, *data->filter) : leaves_.Unknown();
      }
      case native::TableFilterType::STRUCT_EXTRACT:
      case native::TableFilterType::EXPRESSION_FILTER:
      case native::TableFilterType::BLOOM_FILTER: return leaves_.Unknown();
    }
    return leaves_.Unknown();
  }

 private:
  template <typename Children, typename AskOne>
  Answer Combine(const Children& children, bool conjunction, const AskOne& ask) {
    if (children.empty()) return leaves_.Unknown();
    Answer answer = ask(children[0]);
    for (size_t i = 1; i < children.size(); ++i) {
      answer = conjunction ? leaves_.Either(std::move(answer), ask(children[i]))
                           : leaves_.Both(std::move(answer), ask(children[i]));
    }
    return answer;
  }

  template <typename Values>
  Answer AskIn(uint64_t column, const Values& values) {
    return Combine(values, false, [&](const native::Value& value) {
      return leaves_.Compare(column, native::ExpressionType::COMPARE_EQUAL, value, without_nan_);
    });
  }

  Leaves& leaves_;
  /// What the column's filters ask besides keeps NaN away: then bounds, which do not count it, bound all that is left.
  bool without_nan_ = false;
};

}  // namespace neurolake::engine::duckdb
