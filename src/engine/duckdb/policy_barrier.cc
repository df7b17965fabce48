#include "engine/duckdb/internal/policy_barrier.h"

#include "duckdb/execution/physical_plan_generator.hpp"
#include "duckdb/optimizer/filter_pushdown.hpp"
#include "duckdb/optimizer/optimizer.hpp"
#include "engine/duckdb/internal/column_cells.h"

namespace neurolake::engine::duckdb {
namespace {

using native::ExpressionClass;
using native::ExpressionType;
using OperatorPointer = native::unique_ptr<native::LogicalOperator>;

/// Stands for a source while conditions are moved towards it, so that they come to lie above it.
class SourceStandIn final : public native::LogicalExtensionOperator {
 public:
  explicit SourceStandIn(OperatorPointer source) : source_(std::move(source)) {
    source_->ResolveOperatorTypes();
    bindings_ = source_->GetColumnBindings();
  }
  OperatorPointer Take() { return std::move(source_); }
  native::vector<native::ColumnBinding> GetColumnBindings() override { return bindings_; }
  native::vector<native::idx_t> GetTableIndex() const override {
    return bindings_.empty() ? native::vector<native::idx_t>()
                             : native::vector<native::idx_t>{bindings_[0].table_index};
  }
  native::PhysicalOperator& CreatePlan(native::ClientContext&, native::PhysicalPlanGenerator&) override {
    throw native::InternalException("a stand-in was left in a plan");
  }

 protected:
  void ResolveTypes() override { types = source_->types; }

 private:
  OperatorPointer source_;
  native::vector<native::ColumnBinding> bindings_;
};

void PutStandIns(OperatorPointer& op) {
  if (dynamic_cast<OpenedCells*>(op.get()) != nullptr) {
    op = native::make_uniq<SourceStandIn>(std::move(op));
    return;
  }
  for (auto& child : op->children) PutStandIns(child);
  if (op->type == native::LogicalOperatorType::LOGICAL_GET && op->children.empty()) {
    op = native::make_uniq<SourceStandIn>(std::move(op));
  }
}

void TakeStandIns(OperatorPointer& op) {
  if (auto* stand_in = dynamic_cast<SourceStandIn*>(op.get())) {
    op = stand_in->Take();
    return;
  }
  for (auto& child : op->children) TakeStandIns(child);
}

/// Integers into wider ones, and numbers into doubles: never fail.
bool IsSafeCast(const native::LogicalType& from, const native::LogicalType& to) {
  using Id = native::LogicalTypeId;
  const auto width = [](const native::LogicalType& type) {
    switch (type.id()) {
      case Id::TINYINT: return 1;
      case Id::SMALLINT: return 2;
      case Id::INTEGER: return 4;
      case Id::BIGINT: return 8;
      case Id::HUGEINT: return 16;
      default: return 0;
    }
  };
  if (width(from) > 0 && width(to) >= width(from)) return true;
  if (to.id() == Id::DOUBLE) return width(from) > 0 || from.id() == Id::FLOAT || from.id() == Id::DECIMAL;
  return from == to;
}

bool AllLeakProof(const native::vector<native::unique_ptr<native::Expression>>& expressions) {
  return std::ranges::all_of(expressions, [](const auto& one) { return IsLeakProof(*one); });
}

bool IsLeakProofOperator(const native::BoundOperatorExpression& operation) {
  switch (operation.GetExpressionType()) {
    case ExpressionType::OPERATOR_IS_NULL:
    case ExpressionType::OPERATOR_IS_NOT_NULL:
    case ExpressionType::OPERATOR_NOT:
    case ExpressionType::COMPARE_IN:
    case ExpressionType::COMPARE_NOT_IN: return AllLeakProof(operation.children);
    default: return false;
  }
}

/// Of texts, with a pattern that is taken literally or has no way to be wrong.
bool IsLeakProofFunction(const native::BoundFunctionExpression& call) {
  constexpr std::string_view kKnown[] = {"~~", "!~~", "prefix", "suffix", "contains", "starts_with", "ends_with"};
  if (std::ranges::find(kKnown, std::string_view(call.function.name)) == std::end(kKnown)) return false;
  const auto is_text = [](const auto& child) { return child->return_type.id() == native::LogicalTypeId::VARCHAR; };
  return std::ranges::all_of(call.children, is_text) && AllLeakProof(call.children);
}

/// A condition right above a barrier, split: what may go below goes to the row filter.
void MoveBelow(OperatorPointer& op) {
  for (auto& child : op->children) MoveBelow(child);
  if (op->type != native::LogicalOperatorType::LOGICAL_FILTER) return;
  auto* barrier = dynamic_cast<PolicyBarrier*>(op->children[0].get());
  if (barrier == nullptr || op->Cast<native::LogicalFilter>().HasProjectionMap()) return;
  native::vector<native::unique_ptr<native::Expression>> above, below;
  for (auto& condition : op->expressions) {
    (IsLeakProof(*condition) ? below : above).push_back(std::move(condition));
  }
  op->expressions = std::move(above);
  if (!below.empty()) {
    // A policy that is true or false for every row has left no filter.
    auto& hidden = barrier->children[0];
    if (hidden->type != native::LogicalOperatorType::LOGICAL_FILTER) {
      auto filter = native::make_uniq<native::LogicalFilter>();
      filter->children.push_back(std::move(hidden));
      hidden = std::move(filter);
    }
    for (auto& condition : below) hidden->expressions.push_back(std::move(condition));
  }
  if (op->expressions.empty()) op = std::move(op->children[0]);
}

}  // namespace

native::PhysicalOperator& PolicyBarrier::CreatePlan(native::ClientContext&, native::PhysicalPlanGenerator& planner) {
  return planner.CreatePlan(*children[0]);
}

void PolicyBarrier::Serialize(native::Serializer&) const {
  throw native::NotImplementedException("a plan with a policy is not copied");
}

bool IsLeakProof(const native::Expression& condition) {
  switch (condition.GetExpressionClass()) {
    case ExpressionClass::BOUND_COLUMN_REF:
    case ExpressionClass::BOUND_CONSTANT:
    case ExpressionClass::BOUND_PARAMETER: return !condition.return_type.IsNested();
    case ExpressionClass::BOUND_COMPARISON: {
      const auto& comparison = condition.Cast<native::BoundComparisonExpression>();
      return IsLeakProof(*comparison.left) && IsLeakProof(*comparison.right);
    }
    case ExpressionClass::BOUND_BETWEEN: {
      const auto& between = condition.Cast<native::BoundBetweenExpression>();
      return IsLeakProof(*between.input) && IsLeakProof(*between.lower) && IsLeakProof(*between.upper);
    }
    case ExpressionClass::BOUND_CONJUNCTION:
      return AllLeakProof(condition.Cast<native::BoundConjunctionExpression>().children);
    case ExpressionClass::BOUND_OPERATOR: return IsLeakProofOperator(condition.Cast<native::BoundOperatorExpression>());
    case ExpressionClass::BOUND_FUNCTION: return IsLeakProofFunction(condition.Cast<native::BoundFunctionExpression>());
    case ExpressionClass::BOUND_CAST: {
      const auto& cast = condition.Cast<native::BoundCastExpression>();
      // A cast of a constant fails or not whatever the rows are, but it would while no row is visible: so only safe
      // ones.
      return IsSafeCast(cast.child->return_type, cast.return_type) && IsLeakProof(*cast.child);
    }
    default: return false;
  }
}

OperatorPointer PushLeakProof(native::ClientContext& context, native::Binder& binder, OperatorPointer root) {
  // DuckDB's own rules of what a condition may cross, run once on a plan whose sources take nothing.
  PutStandIns(root);
  native::Optimizer optimizer(binder, context);
  native::FilterPushdown pushdown(optimizer);
  native::unordered_set<native::idx_t> top_bindings;
  pushdown.CheckMarkToSemi(*root, top_bindings);
  root = pushdown.Rewrite(std::move(root));
  TakeStandIns(root);
  MoveBelow(root);
  return root;
}

}  // namespace neurolake::engine::duckdb
