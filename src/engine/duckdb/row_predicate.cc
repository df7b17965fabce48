#include "engine/duckdb/internal/row_predicate.h"

#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/expression_binder/check_binder.hpp"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/lookup_check.h"
#include "engine/duckdb/internal/policy_expressions.h"
#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {
namespace {

struct PredicateState final : native::OperatorState {
  PredicateState(native::ClientContext& context, const native::Expression& predicate) : executor(context, predicate) {}
  native::ExpressionExecutor executor;
};

class RowPredicate final : public native::PhysicalOperator {
 public:
  RowPredicate(native::PhysicalPlan& plan, native::unique_ptr<native::Expression> predicate, Error refusal,
               native::PhysicalOperator& child)
      : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, child.types, child.estimated_cardinality),
        predicate_(std::move(predicate)),
        refusal_(std::move(refusal)) {
    children.push_back(child);
  }
  native::string GetName() const override { return "LAKE_ROW_PREDICATE"; }
  bool ParallelOperator() const override { return true; }

  native::unique_ptr<native::OperatorState> GetOperatorState(native::ExecutionContext& context) const override {
    return native::make_uniq<PredicateState>(context.client, *predicate_);
  }

  native::OperatorResultType Execute(native::ExecutionContext&, native::DataChunk& input, native::DataChunk& chunk,
                                     native::GlobalOperatorState&, native::OperatorState& state) const override {
    native::SelectionVector held(STANDARD_VECTOR_SIZE);
    if (state.Cast<PredicateState>().executor.SelectExpression(input, held) != input.size()) ThrowLakeError(refusal_);
    chunk.Reference(input);
    return native::OperatorResultType::NEED_MORE_INPUT;
  }

 private:
  native::unique_ptr<native::Expression> predicate_;
  Error refusal_;
};

}  // namespace

native::unique_ptr<native::Expression> BindRowExpression(native::ClientContext& context, const WriteTarget& target,
                                                         const std::string& sql, const native::LogicalType& type) {
  auto parsed = native::Parser::ParseExpressionList(sql);
  NL_CHECK(parsed.size() == 1);
  if (parsed[0]->HasSubquery()) {
    ThrowLakeError(Error(ErrorCode::kNotSupported, "what is worked out for each row may not have sub-queries"));
  }
  auto binder = native::Binder::CreateBinder(context);
  SetLookupCheck(*binder, StatementState::Get(context));
  native::ColumnList columns;
  for (const auto& field : target.layout.schema.fields) {
    columns.AddColumn(native::ColumnDefinition(field.name, ReadableType(field)));
  }
  native::physical_index_set_t bound_columns;
  native::CheckBinder check(*binder, context, target.table.table_name, columns, bound_columns);
  check.target_type = type;
  auto bound = check.Bind(parsed[0]);
  RefuseCells(*bound, target.layout.schema, "what is worked out for each row that is written");
  return bound;
}

native::PhysicalOperator& PlanRowPredicate(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                           const WriteTarget& target, const std::string& predicate,
                                           native::PhysicalOperator& child) {
  Error refusal(ErrorCode::kInvalidArgument,
                "a row to be written is not one of those it would replace: the predicate of REPLACE WHERE must be true "
                "for every new row");
  auto condition = BindRowExpression(context, target, predicate, native::LogicalType::BOOLEAN);
  return planner.Make<RowPredicate>(std::move(condition), std::move(refusal), child);
}

native::PhysicalOperator& PlanPolicyCheck(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                          const WriteTarget& target, native::PhysicalOperator& child) {
  const auto& grants = StatementState::Get(context).grants;
  // Rows that only move, and those that were checked where they were made.
  if ((grants.write && !grants.write->data_change) || grants.grouped) return child;
  const auto& policy = target.table.policy;
  if (policy == nullptr || !policy->filters_rows) return child;
  auto condition = BindPolicyCondition(context, policy->context, policy->permissive_checks, policy->restrictive_checks,
                                       policy->any_of_checks, ReadableSchemaOf(target.layout.schema));
  RefuseCells(*condition, target.layout.schema, "what a row policy checks of written rows");
  Error refusal(ErrorCode::kPermissionDenied,
                fmt::format("a row policy of the table does not let this row be written: {}.{}",
                            target.table.schema_name, target.table.table_name));
  return planner.Make<RowPredicate>(std::move(condition), std::move(refusal), child);
}

}  // namespace neurolake::engine::duckdb
