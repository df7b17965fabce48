#include "duckdb/execution/operator/projection/physical_projection.hpp"
#include "engine/duckdb/internal/dml_target.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_rules.h"
#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/row_identity.h"

namespace neurolake::engine::duckdb {

namespace {

/// Where `get` gives `column`, asked for if it is not yet. Never twice: DuckDB's Parquet reader, given one column twice
/// and a filter on it, reads the second from behind the first.
native::ColumnBinding BindColumn(native::LogicalGet& get, native::column_t column) {
  const auto& known = get.GetColumnIds();
  for (native::idx_t i = 0; i < known.size(); ++i) {
    if (known[i].GetPrimaryIndex() == column && !known[i].HasChildren()) return {get.table_index, i};
  }
  get.AddColumnId(column);
  return {get.table_index, get.GetColumnIds().size() - 1};
}

}  // namespace

// An update is a deletion and an insertion in one version, so it needs every column of the row: those that are not
// assigned to are assigned themselves.
void LakeTableEntry::BindUpdateConstraints(native::Binder&, native::LogicalGet& get,
                                           native::LogicalProjection& projection, native::LogicalUpdate& update,
                                           native::ClientContext&) {
  update.update_is_del_and_insert = true;
  for (const auto& column : update.columns) CheckMayAssign(snapshot_->schema().fields.at(column.index));
  for (const auto& column : GetColumns().Physical()) {
    if (std::ranges::find(update.columns, column.Physical()) != update.columns.end()) continue;
    update.columns.push_back(column.Physical());
    if (IsComputed(snapshot_->schema().fields.at(column.Physical().index))) {
      update.expressions.push_back(native::make_uniq<native::BoundConstantExpression>(native::Value(column.Type())));
      continue;
    }
    update.expressions.push_back(native::make_uniq<native::BoundColumnRefExpression>(
        column.Type(), native::ColumnBinding(projection.table_index, projection.expressions.size())));
    projection.expressions.push_back(
        native::make_uniq<native::BoundColumnRefExpression>(column.Type(), BindColumn(get, column.Logical().index)));
  }
}

native::PhysicalOperator& LakeCatalog::PlanUpdate(native::ClientContext& context,
                                                  native::PhysicalPlanGenerator& planner, native::LogicalUpdate& op,
                                                  native::PhysicalOperator& plan) {
  RefuseReturning(op.return_chunk, "UPDATE");
  LakeTableEntry& table = WritableTable(context, op.table);
  CheckMayDelete(table);
  auto job = NewWriteJob(table, "UPDATE");
  job->target.row_ids = KeptRowIds(*table.snapshot());
  job->parameters = StatementState::Get(context).operation_parameters;

  const auto types = table.GetTypes();
  native::vector<native::unique_ptr<native::Expression>> columns(types.size());
  for (native::idx_t i = 0; i < op.columns.size(); ++i) {
    auto& column = columns[op.columns[i].index];
    if (op.expressions[i]->GetExpressionType() == native::ExpressionType::VALUE_DEFAULT) {
      column = native::BoundCastExpression::AddCastToType(context, op.bound_defaults[op.columns[i].index]->Copy(),
                                                          types[op.columns[i].index]);
    } else {
      column =
          native::BoundCastExpression::AddCastToType(context, op.expressions[i]->Copy(), types[op.columns[i].index]);
    }
  }
  auto output_types = types;
  // The binder puts the row ids behind everything else.
  const native::idx_t width = plan.types.size();
  for (native::idx_t i = width - table.GetRowIdColumns().size(); i < width; ++i) {
    columns.push_back(native::make_uniq<native::BoundReferenceExpression>(plan.types[i], i));
    output_types.push_back(plan.types[i]);
  }
  for (const auto& column : columns) NL_CHECK(column != nullptr);
  auto& projection =
      planner.Make<native::PhysicalProjection>(std::move(output_types), std::move(columns), plan.estimated_cardinality);
  projection.children.push_back(plan);
  return PlanWrite(context, planner, std::move(job), projection);
}

}  // namespace neurolake::engine::duckdb
