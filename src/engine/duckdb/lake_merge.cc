#include "duckdb/planner/operator/logical_merge_into.hpp"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/dml_target.h"
#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/merge_rows.h"
#include "engine/duckdb/internal/row_identity.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/table_rules.h"

namespace neurolake::engine::duckdb {

using native::MergeActionCondition;
using native::MergeActionType;

namespace {

native::vector<native::LogicalType> TargetTypes(const WriteJob& job) {
  native::vector<native::LogicalType> types;
  for (const auto& field : job.target.layout.schema.fields) types.push_back(ToDuckDbType(field.type));
  return types;
}

/// Every column's new value for an UPDATE clause: LakeTableEntry::BindUpdateConstraints has added those not assigned
/// to.
native::vector<native::unique_ptr<native::Expression>> UpdatedRow(const native::LogicalMergeInto& op,
                                                                  native::BoundMergeIntoAction& action,
                                                                  CellWriter& writer) {
  native::vector<native::unique_ptr<native::Expression>> values(op.table.GetColumns().PhysicalColumnCount());
  for (native::idx_t i = 0; i < action.columns.size(); ++i) {
    const native::idx_t column = action.columns[i].index;
    auto value = action.expressions[i]->GetExpressionType() == native::ExpressionType::VALUE_DEFAULT
                     ? op.bound_defaults[column]->Copy()
                     : std::move(action.expressions[i]);
    values[column] = writer.Store(std::move(value), column);
  }
  for (const auto& value : values) NL_CHECK(value != nullptr);
  return values;
}

native::vector<native::unique_ptr<native::Expression>> InsertedRow(const native::LogicalMergeInto& op,
                                                                   native::BoundMergeIntoAction& action,
                                                                   CellWriter& writer) {
  native::vector<native::unique_ptr<native::Expression>> values;
  for (const auto& column : op.table.GetColumns().Physical()) {
    const native::idx_t position = column.Physical().index;
    const native::idx_t given = action.column_index_map.empty() ? position : action.column_index_map[column.Physical()];
    auto value = given == native::DConstants::INVALID_INDEX ? op.bound_defaults[position]->Copy()
                                                            : std::move(action.expressions[given]);
    values.push_back(writer.Store(std::move(value), position));
  }
  return values;
}

/// An identity column GENERATED ALWAYS takes no values but its own. (DEFAULT has become NULL by now.)
void CheckGivesNoIdentity(const native::LogicalMergeInto& op, const native::BoundMergeIntoAction& action,
                          const WriteJob& job) {
  for (const auto& column : op.table.GetColumns().Physical()) {
    const native::idx_t position = column.Physical().index;
    const auto& field = job.target.layout.schema.fields[position];
    if (!field.metadata.contains(tables::delta::kIdentityStart)) continue;
    const auto allows = field.metadata.find(tables::delta::kIdentityAllowExplicit);
    if (allows != field.metadata.end() && allows->second == "true") continue;
    const native::idx_t given = action.column_index_map.empty() ? position : action.column_index_map[column.Physical()];
    if (given == native::DConstants::INVALID_INDEX) continue;
    const auto value = ConstantOf(*action.expressions[given]);
    if (value.has_value() && value->IsNull()) continue;
    ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                         fmt::format("a column GENERATED ALWAYS AS IDENTITY takes no values: {}", field.name)));
  }
}

/// The message of an ERROR clause where it is a literal: what a row has made of it is row data.
std::string LiteralMessage(const native::BoundMergeIntoAction& action) {
  if (action.expressions.empty()) return "";
  if (action.expressions[0]->GetExpressionClass() != native::ExpressionClass::BOUND_CONSTANT) return "";
  return action.expressions[0]->Cast<native::BoundConstantExpression>().value.ToString();
}

std::vector<MergeClause> MakeClauses(native::ClientContext& context, native::LogicalMergeInto& op,
                                     const WriteJob& job) {
  CellWriter writer(context, job.target.layout.schema);
  std::vector<MergeClause> clauses;
  for (auto& [kind, actions] : op.actions) {
    for (auto& action : actions) {
      MergeClause clause{.kind = kind, .action = action->action_type, .condition = {}, .values = {}, .message = {}};
      clause.condition = std::move(action->condition);
      if (clause.action == MergeActionType::MERGE_UPDATE) clause.values = UpdatedRow(op, *action, writer);
      if (clause.action == MergeActionType::MERGE_INSERT) CheckGivesNoIdentity(op, *action, job);
      if (clause.action == MergeActionType::MERGE_INSERT) clause.values = InsertedRow(op, *action, writer);
      if (clause.action == MergeActionType::MERGE_ERROR) clause.message = LiteralMessage(*action);
      clauses.push_back(std::move(clause));
    }
  }
  return clauses;
}

/// Several rows of the source may match one row of the table only when there is nothing to choose between them: the one
/// thing done to matched rows is to delete them all.
bool OnlyDeletesMatches(const std::vector<MergeClause>& clauses) {
  const auto matched = [](const MergeClause& clause) { return clause.kind == MergeActionCondition::WHEN_MATCHED; };
  if (std::ranges::count_if(clauses, matched) != 1) return false;
  const auto only = std::ranges::find_if(clauses, matched);
  return only->action == MergeActionType::MERGE_DELETE && only->condition == nullptr;
}

bool TakesRowsAway(const std::vector<MergeClause>& clauses) {
  return std::ranges::any_of(clauses, [](const MergeClause& clause) {
    return clause.action == MergeActionType::MERGE_UPDATE || clause.action == MergeActionType::MERGE_DELETE;
  });
}

}  // namespace

native::PhysicalOperator& LakeCatalog::PlanMergeInto(native::ClientContext& context,
                                                     native::PhysicalPlanGenerator& planner,
                                                     native::LogicalMergeInto& op, native::PhysicalOperator& plan) {
  RefuseReturning(op.return_chunk, "MERGE INTO");
  LakeTableEntry& table = WritableTable(context, op.table);
  auto job = NewWriteJob(table, "MERGE");
  job->parameters = StatementState::Get(context).operation_parameters;
  auto types = TargetTypes(*job);
  auto clauses = MakeClauses(context, op, *job);
  if (TakesRowsAway(clauses)) CheckMayDelete(table);
  job->target.row_ids = KeptRowIds(*table.snapshot());
  job->rows_may_match_twice = OnlyDeletesMatches(clauses);
  types.emplace_back(native::LogicalTypeId::UBIGINT);
  types.emplace_back(native::LogicalTypeId::BIGINT);
  if (job->target.row_ids) types.emplace_back(native::LogicalTypeId::BIGINT);
  const MergeColumns columns{.row_id_start = op.row_id_start,
                             .row_id_count = table.GetRowIdColumns().size(),
                             .source_marker = op.source_marker};
  auto& rows = planner.Make<LakeMergeRows>(job, std::move(types), std::move(clauses), columns, plan);
  return PlanWrite(context, planner, std::move(job), rows);
}

}  // namespace neurolake::engine::duckdb
