#include "duckdb/execution/operator/scan/physical_empty_result.hpp"
#include "engine/duckdb/internal/change_data.h"
#include "engine/duckdb/internal/clustered_files.h"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/dml_target.h"
#include "engine/duckdb/internal/lake_append.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_rules.h"
#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/row_predicate.h"
#include "engine/duckdb/internal/table_creation.h"
#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {

LakeTableEntry& WritableTable(native::ClientContext& context, native::TableCatalogEntry& entry) {
  auto* table = dynamic_cast<LakeTableEntry*>(&entry);
  if (table == nullptr) {
    ThrowLakeError(Error(ErrorCode::kReadOnly, fmt::format("this relation cannot be written to: {}", entry.name)));
  }
  if (table->time_travel()) {
    ThrowLakeError(Error(ErrorCode::kReadOnly, fmt::format("an old version cannot be written to: {}.{}",
                                                           table->entry().schema_name, table->entry().table_name)));
  }
  LakeTransaction::Get(context, entry.ParentCatalog()).CheckMayWrite(table->entry(), table->snapshot());
  return *table;
}

std::shared_ptr<WriteJob> NewWriteJob(LakeTableEntry& table, std::string operation) {
  auto job = std::make_shared<WriteJob>();
  job->target =
      MakeWriteTarget(table.entry(), table.snapshot(), table.snapshot()->schema(), table.snapshot()->metadata());
  job->operation = std::move(operation);
  return job;
}

void RefuseReturning(bool returning, std::string_view statement) {
  if (!returning) return;
  ThrowLakeError(Error(ErrorCode::kNotSupported,
                       fmt::format("RETURNING is not supported; run a SELECT after the statement: {}", statement)));
}

native::PhysicalOperator& PlanWrite(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                    std::shared_ptr<WriteJob> job, native::PhysicalOperator& child) {
  native::vector<native::LogicalType> types;
  for (const auto& field : job->target.layout.schema.fields) types.push_back(ToDuckDbType(field.type));
  CaptureChanges(context, *job);
  native::PhysicalOperator* rows = &PlanTableRules(context, planner, job, child);
  // Only now are generated columns what they will be.
  const auto& intent = StatementState::Get(context).grants.write;
  if (intent && !intent->row_predicate.empty()) {
    rows = &PlanRowPredicate(context, planner, job->target, intent->row_predicate, *rows);
  }
  rows = &PlanPolicyCheck(context, planner, job->target, *rows);
  rows = &PlanExpectations(context, planner, job, *rows);
  rows = &PlanKeyExpectations(context, planner, job, *rows);
  if (job->changes) rows = &planner.Make<LakeChangeRows>(job, *rows);
  if (job->target.row_ids) types.insert(types.end(), 2, native::LogicalType::BIGINT);
  auto& check = planner.Make<LakeRowCheck>(job, std::move(types), *rows);
  if (intent && intent->curve) {
    auto& clustered = PlanClusteredFiles(context, planner, job, check);
    return planner.Make<LakeFileSink>(std::move(job), clustered);
  }
  auto& files = PlanParquetFiles(context, planner, job->target, PlanAppend(context, planner, job, check));
  return planner.Make<LakeFileSink>(std::move(job), files);
}

native::PhysicalOperator& LakeCatalog::PlanInsert(native::ClientContext& context,
                                                  native::PhysicalPlanGenerator& planner, native::LogicalInsert& op,
                                                  native::optional_ptr<native::PhysicalOperator> plan) {
  RefuseReturning(op.return_chunk, "INSERT");
  if (op.on_conflict_info.action_type != native::OnConflictAction::THROW) {
    ThrowLakeError(Error(ErrorCode::kNotSupported, "ON CONFLICT is not supported; lake tables have no keys"));
  }
  LakeTableEntry& table = WritableTable(context, op.table);
  NL_CHECK(plan);
  if (!op.column_index_map.empty()) plan = planner.ResolveDefaultsProjection(op, *plan);
  auto job = NewWriteJob(table, "WRITE");
  job->parameters = {{"mode", "\"Append\""},
                     {"partitionBy", JsonTextOfList(table.snapshot()->metadata().partition_columns)}};
  native::vector<native::LogicalType> more;
  if (table.row_ids() == LakeTableEntry::RowIds::kWritten) {
    job->target.row_ids = KeptRowIds(*table.snapshot());
    job->rows_move = true;
    more.insert(more.end(), 2, native::LogicalType::BIGINT);
  }
  auto& rows = PlanStored(context, planner, job->target.layout.schema, more, *plan);
  return PlanWrite(context, planner, std::move(job), rows);
}

native::PhysicalOperator& LakeCatalog::PlanCreateTableAs(native::ClientContext& context,
                                                         native::PhysicalPlanGenerator& planner,
                                                         native::LogicalCreateTable& op,
                                                         native::PhysicalOperator& plan) {
  auto job = std::make_shared<WriteJob>();
  CreatedTable created = PrepareCreation(context, op.schema, op.info->Base(), /*with_rows=*/true);
  // The name appeared since DuckDB asked the catalogue, just before. IF NOT EXISTS has nothing to do then.
  if (created.skip) return planner.Make<native::PhysicalEmptyResult>(op.types, op.estimated_cardinality);
  job->target = MakeWriteTarget(created.table, created.base, created.schema, created.making.metadata);
  job->operation = created.operation;
  job->parameters = created.parameters;
  job->making = std::move(created.making);
  auto& rows = PlanStored(context, planner, job->target.layout.schema, {}, plan);
  return PlanWrite(context, planner, std::move(job), rows);
}

}  // namespace neurolake::engine::duckdb
