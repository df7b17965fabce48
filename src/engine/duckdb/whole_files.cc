#include "engine/duckdb/internal/whole_files.h"

#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/planner/expression_iterator.hpp"
#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/read_conditions.h"

namespace neurolake::engine::duckdb {
namespace {

using native::Expression;
using native::ExpressionType;
using Expressions = native::vector<native::unique_ptr<Expression>>;

native::unique_ptr<Expression> Either(Expressions children) {
  auto either = native::make_uniq<native::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_OR);
  either->children = std::move(children);
  return either;
}

native::unique_ptr<Expression> All(Expressions children) {
  auto all = native::make_uniq<native::BoundConjunctionExpression>(ExpressionType::CONJUNCTION_AND);
  all->children = std::move(children);
  return all;
}

native::unique_ptr<Expression> Compare(ExpressionType type, const Expression& left, const Expression& right) {
  return native::make_uniq<native::BoundComparisonExpression>(type, left.Copy(), right.Copy());
}

native::unique_ptr<Expression> NullTest(ExpressionType type, const Expression& operand) {
  auto test = native::make_uniq<native::BoundOperatorExpression>(type, native::LogicalType::BOOLEAN);
  test->children.push_back(operand.Copy());
  return test;
}

native::unique_ptr<Expression> NotTrue(const Expression& predicate);

/// `left <> right`, in comparisons that statistics can decide.
native::unique_ptr<Expression> Differs(const Expression& left, const Expression& right) {
  Expressions sides;
  sides.push_back(Compare(ExpressionType::COMPARE_LESSTHAN, left, right));
  sides.push_back(Compare(ExpressionType::COMPARE_GREATERTHAN, left, right));
  return Either(std::move(sides));
}

/// What is compared with NULL is never true, and never shown not to be either.
bool IsNull(const Expression& expression) {
  const auto value = ConstantOf(expression);
  return value.has_value() && value->IsNull();
}

native::unique_ptr<Expression> NotTrueComparison(const native::BoundComparisonExpression& comparison) {
  const Expression& left = *comparison.left;
  const Expression& right = *comparison.right;
  if (comparison.GetExpressionType() == ExpressionType::COMPARE_NOT_DISTINCT_FROM && IsNull(right)) {
    return NullTest(ExpressionType::OPERATOR_IS_NOT_NULL, left);
  }
  if (IsNull(left) || IsNull(right)) return nullptr;
  Expressions cases;
  switch (comparison.GetExpressionType()) {
    case ExpressionType::COMPARE_EQUAL: cases.push_back(Differs(left, right)); break;
    case ExpressionType::COMPARE_LESSTHAN:
      cases.push_back(Compare(ExpressionType::COMPARE_GREATERTHANOREQUALTO, left, right));
      break;
    case ExpressionType::COMPARE_LESSTHANOREQUALTO:
      cases.push_back(Compare(ExpressionType::COMPARE_GREATERTHAN, left, right));
      break;
    case ExpressionType::COMPARE_GREATERTHAN:
      cases.push_back(Compare(ExpressionType::COMPARE_LESSTHANOREQUALTO, left, right));
      break;
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      cases.push_back(Compare(ExpressionType::COMPARE_LESSTHAN, left, right));
      break;
    case ExpressionType::COMPARE_NOT_DISTINCT_FROM: cases.push_back(Differs(left, right)); break;
    default: return nullptr;
  }
  // One of them is a constant, of which a NULL test decides nothing: then the file is read.
  cases.push_back(NullTest(ExpressionType::OPERATOR_IS_NULL, left));
  return Either(std::move(cases));
}

native::unique_ptr<Expression> NotTrueConjunction(const native::BoundConjunctionExpression& conjunction) {
  Expressions children;
  for (const auto& child : conjunction.children) {
    auto inverted = NotTrue(*child);
    if (inverted == nullptr) return nullptr;
    children.push_back(std::move(inverted));
  }
  return conjunction.GetExpressionType() == ExpressionType::CONJUNCTION_AND ? Either(std::move(children))
                                                                            : All(std::move(children));
}

native::unique_ptr<Expression> NotTrueOperator(const native::BoundOperatorExpression& operation) {
  const auto& children = operation.children;
  switch (operation.GetExpressionType()) {
    case ExpressionType::OPERATOR_IS_NULL: return NullTest(ExpressionType::OPERATOR_IS_NOT_NULL, *children[0]);
    case ExpressionType::OPERATOR_IS_NOT_NULL: return NullTest(ExpressionType::OPERATOR_IS_NULL, *children[0]);
    case ExpressionType::COMPARE_IN: {
      if (std::ranges::any_of(children, [](const auto& child) { return IsNull(*child); })) return nullptr;
      Expressions all, either;
      for (size_t i = 1; i < children.size(); ++i) all.push_back(Differs(*children[0], *children[i]));
      either.push_back(All(std::move(all)));
      either.push_back(NullTest(ExpressionType::OPERATOR_IS_NULL, *children[0]));
      return Either(std::move(either));
    }
    default: return nullptr;
  }
}

/// A predicate that is true wherever `predicate` is false or NULL; null if there is none of the kind that files are
/// pruned by. It is never run.
native::unique_ptr<Expression> NotTrue(const Expression& predicate) {
  switch (predicate.GetExpressionClass()) {
    case native::ExpressionClass::BOUND_CONJUNCTION:
      return NotTrueConjunction(predicate.Cast<native::BoundConjunctionExpression>());
    case native::ExpressionClass::BOUND_COMPARISON:
      return NotTrueComparison(predicate.Cast<native::BoundComparisonExpression>());
    case native::ExpressionClass::BOUND_OPERATOR:
      return NotTrueOperator(predicate.Cast<native::BoundOperatorExpression>());
    case native::ExpressionClass::BOUND_BETWEEN: {
      const auto& between = predicate.Cast<native::BoundBetweenExpression>();
      if (IsNull(*between.input) || IsNull(*between.lower) || IsNull(*between.upper)) return nullptr;
      Expressions cases;
      cases.push_back(Compare(
          between.lower_inclusive ? ExpressionType::COMPARE_LESSTHAN : ExpressionType::COMPARE_LESSTHANOREQUALTO,
          *between.input, *between.lower));
      cases.push_back(Compare(
          between.upper_inclusive ? ExpressionType::COMPARE_GREATERTHAN : ExpressionType::COMPARE_GREATERTHANOREQUALTO,
          *between.input, *between.upper));
      cases.push_back(NullTest(ExpressionType::OPERATOR_IS_NULL, *between.input));
      return Either(std::move(cases));
    }
    default: return nullptr;
  }
}

/// Makes constants of casts of them as the optimiser will, which comes after: with the session's time zone.
void FoldCasts(native::ClientContext& context, native::unique_ptr<Expression>& expression) {
  native::Value value;
  if (expression->GetExpressionClass() == native::ExpressionClass::BOUND_CAST && expression->IsFoldable() &&
      native::ExpressionExecutor::TryEvaluateScalar(context, *expression, value)) {
    expression = native::make_uniq<native::BoundConstantExpression>(std::move(value));
    return;
  }
  native::ExpressionIterator::EnumerateChildren(
      *expression, [&](native::unique_ptr<Expression>& child) { FoldCasts(context, child); });
}

}  // namespace

void SplitWholeFiles(native::ClientContext& context, BoundPlan& plan) {
  StatementState& state = StatementState::Get(context);
  state.whole_files.clear();
  if (plan.root == nullptr || plan.root->type != native::LogicalOperatorType::LOGICAL_DELETE) return;
  native::LogicalOperator* op = plan.root->children[0].get();
  Expressions escapes;  // A row for which any of them is true is not deleted.
  Expressions filters;
  while (op->type == native::LogicalOperatorType::LOGICAL_FILTER) {
    for (const auto& condition : op->expressions) {
      auto predicate = condition->Copy();
      FoldCasts(context, predicate);
      auto inverted = NotTrue(*predicate);
      if (inverted == nullptr) return;
      escapes.push_back(std::move(inverted));
      filters.push_back(std::move(predicate));
    }
    op = op->children[0].get();
  }
  if (op->type != native::LogicalOperatorType::LOGICAL_GET) return;
  auto& get = op->Cast<native::LogicalGet>();
  const auto scan = FindLakeScan(get);
  if (scan == nullptr) return;
  Expressions predicate;
  if (!escapes.empty()) predicate.push_back(Either(std::move(escapes)));
  native::vector<native::column_t> columns;
  for (const auto& id : get.GetColumnIds()) columns.push_back(id.GetPrimaryIndex());

  auto& bound = get.bind_data->Cast<native::MultiFileBindData>();
  auto rest = std::make_shared<std::vector<uint32_t>>();
  std::vector<uint32_t> whole;
  for (const uint32_t file : static_cast<const LakeFileList&>(*bound.file_list).files()) {
    const bool counted = scan->snapshot->LiveRows(file).has_value();
    const bool all_rows =
        counted && (predicate.empty() || scan->pruner->Prune({file}, predicate, get.table_index, columns).empty());
    (all_rows ? whole : *rest).push_back(file);
  }
  if (whole.empty()) return;
  tables::delta::ReadPredicate wanted;
  AddConditions(filters, get.table_index, columns, scan->snapshot->schema(), wanted);
  scan->AddReading({.files = std::make_shared<std::vector<uint32_t>>(whole),
                    .predicate = std::make_shared<tables::delta::ReadPredicate>(std::move(wanted))});
  const auto all = static_cast<const LakeFileList&>(*bound.file_list).reading();
  bound.file_list = native::make_shared_ptr<LakeFileList>(scan, std::move(rest), all.predicate);
  state.whole_files[scan->table->entry().id] = std::move(whole);
}

}  // namespace neurolake::engine::duckdb
