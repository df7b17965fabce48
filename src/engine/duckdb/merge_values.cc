#include "engine/duckdb/internal/merge_values.h"

#include <map>
#include <set>

#include "duckdb/planner/expression_iterator.hpp"
#include "duckdb/planner/operator/logical_merge_into.hpp"

namespace neurolake::engine::duckdb {
namespace {

using native::BoundColumnRefExpression;
using ExpressionPointer = native::unique_ptr<native::Expression>;

bool PassesThrough(const native::Expression& expression) {
  return expression.GetExpressionClass() == native::ExpressionClass::BOUND_COLUMN_REF;
}

class Deferral {
 public:
  explicit Deferral(native::LogicalProjection& projection)
      : projection_(projection), computed_(projection.expressions.size()) {}

  void Defer(ExpressionPointer& value) {
    native::ExpressionIterator::VisitExpressionMutable<BoundColumnRefExpression>(
        value, [this](BoundColumnRefExpression& reference, ExpressionPointer& place) {
          if (reference.binding.table_index != projection_.table_index) return;
          const native::idx_t column = reference.binding.column_index;
          if (column >= computed_ || PassesThrough(*projection_.expressions[column])) return;
          auto computation = projection_.expressions[column]->Copy();
          PassInputs(computation);
          place = std::move(computation);
          deferred_.insert(column);
        });
  }

  /// What was moved leaves its place, as others are found by theirs.
  void Finish() {
    for (const native::idx_t column : deferred_) {
      auto& place = projection_.expressions[column];
      place = native::make_uniq<native::BoundConstantExpression>(native::Value(place->return_type));
    }
  }

 private:
  /// Lets the columns that `computation` needs through the projection, and makes it read them from there.
  void PassInputs(ExpressionPointer& computation) {
    native::ExpressionIterator::VisitExpressionMutable<BoundColumnRefExpression>(
        computation, [this](BoundColumnRefExpression& reference, ExpressionPointer&) {
          const std::pair key(reference.binding.table_index, reference.binding.column_index);
          const auto [known, added] = passed_.try_emplace(key, projection_.expressions.size());
          if (added) projection_.expressions.push_back(reference.Copy());
          reference.binding = native::ColumnBinding(projection_.table_index, known->second);
        });
  }

  native::LogicalProjection& projection_;
  native::idx_t computed_;
  std::set<native::idx_t> deferred_;
  std::map<std::pair<native::idx_t, native::idx_t>, native::idx_t> passed_;
};

}  // namespace

void DeferMergeValues(native::LogicalOperator& root) {
  if (root.type != native::LogicalOperatorType::LOGICAL_MERGE_INTO) return;
  auto& merge = root.Cast<native::LogicalMergeInto>();
  if (merge.children[0]->type != native::LogicalOperatorType::LOGICAL_PROJECTION) return;
  Deferral deferral(merge.children[0]->Cast<native::LogicalProjection>());
  for (auto& [kind, actions] : merge.actions) {
    for (auto& action : actions) {
      for (auto& value : action->expressions) deferral.Defer(value);
    }
  }
  deferral.Finish();
}

}  // namespace neurolake::engine::duckdb
