#include "duckdb/execution/operator/projection/physical_projection.hpp"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/dml_target.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_rules.h"
#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/type_mapping.h"

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
    // What is not assigned to needs no key: its cell goes on as it is.
    const native::idx_t index = column.Logical().index;
    const bool kept = IsEncrypted(snapshot_->schema().fields.at(column.Physical().index));
    const native::LogicalType type = kept ? KeptCell::Type() : column.Type();
    update.expressions.push_back(native::make_uniq<native::BoundColumnRefExpression>(
        type, native::ColumnBinding(projection.table_index, projection.expressions.size())));
    projection.expressions.push_back(native::make_uniq<native::BoundColumnRefExpression>(
        type, BindColumn(get, kept ? KeptCell::kFirst + index : index)));
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

  const auto& schema = job->target.layout.schema;
  CellWriter writer(context, schema);
  native::vector<native::unique_ptr<native::Expression>> columns(schema.fields.size());
  for (native::idx_t i = 0; i < op.columns.size(); ++i) {
    const native::idx_t column = op.columns[i].index;
    const bool is_default = op.expressions[i]->GetExpressionType() == native::ExpressionType::VALUE_DEFAULT;
    columns[column] = writer.Store((is_default ? op.bound_defaults[column] : op.expressions[i])->Copy(), column);
  }
  native::vector<native::LogicalType> output_types;
  for (const auto& field : schema.fields) output_types.push_back(ToDuckDbType(field.type));
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
