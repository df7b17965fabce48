#pragma once
#include "duckdb/planner/operator/logical_extension_operator.hpp"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Stands above a row filter. No filter of a query's crosses it on its way down, as the optimiser does not know it:
/// what may fail or tell of a value never meets a row that the policy hides. It is nothing when the plan runs.
class PolicyBarrier final : public native::LogicalExtensionOperator {
 public:
  explicit PolicyBarrier(native::unique_ptr<native::LogicalOperator> child) { children.push_back(std::move(child)); }
  native::vector<native::ColumnBinding> GetColumnBindings() override { return children[0]->GetColumnBindings(); }
  native::PhysicalOperator& CreatePlan(native::ClientContext& context, native::PhysicalPlanGenerator& planner) override;
  /// A plan with a barrier is not copied by writing it out: the optimiser then computes a CTE that is used twice once.
  void Serialize(native::Serializer& serializer) const override;
  native::string GetName() const override { return "POLICY"; }

 protected:
  void ResolveTypes() override { types = children[0]->types; }
};

/// Moves what is leak-proof of the query's own conditions below the barriers of `root`, where it prunes files and row
/// groups as it does in a table without policies. Wants an unoptimised plan.
native::unique_ptr<native::LogicalOperator> PushLeakProof(native::ClientContext& context, native::Binder& binder,
                                                          native::unique_ptr<native::LogicalOperator> root);

/// Whether evaluating `condition` on a row that is hidden can neither fail nor tell anything of it: comparisons of
/// columns with constants and a few functions known to take every value.
bool IsLeakProof(const native::Expression& condition);

}  // namespace neurolake::engine::duckdb
