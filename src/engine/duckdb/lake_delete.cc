#include <boost/json.hpp>

#include "engine/duckdb/internal/change_data.h"
#include "engine/duckdb/internal/dml_target.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_write.h"

namespace neurolake::engine::duckdb {

void CheckMayDelete(const LakeTableEntry& table) {
  const auto& snapshot = *table.snapshot();
  if (snapshot.Property("delta.appendOnly") == "true") {
    ThrowLakeError(
        Error(ErrorCode::kNotSupported,
              fmt::format("rows of this table cannot be updated or deleted, it has delta.appendOnly = true: {}.{}",
                          table.entry().schema_name, table.entry().table_name)));
  }
}

std::string JsonTextOfList(const std::vector<std::string>& names) {
  boost::json::array list;
  for (const std::string& name : names) list.emplace_back(name);
  return boost::json::serialize(boost::json::string(boost::json::serialize(list)));
}

native::PhysicalOperator& LakeCatalog::PlanDelete(native::ClientContext& context,
                                                  native::PhysicalPlanGenerator& planner, native::LogicalDelete& op,
                                                  native::PhysicalOperator& plan) {
  RefuseReturning(op.return_chunk, "DELETE");
  LakeTableEntry& table = WritableTable(context, op.table);
  CheckMayDelete(table);
  auto job = NewWriteJob(table, "DELETE");
  job->rows_may_match_twice = true;  // DELETE … USING says nothing of how often.
  job->parameters = StatementState::Get(context).operation_parameters;
  CaptureChanges(context, *job);
  job->whole_files = std::move(StatementState::Get(context).whole_files[table.entry().id]);
  std::vector<native::idx_t> row_id_columns;
  for (const auto& expression : op.expressions) {
    row_id_columns.push_back(expression->Cast<native::BoundReferenceExpression>().index);
  }
  NL_CHECK(row_id_columns.size() >= 2);
  return planner.Make<LakeDeleteSink>(std::move(job), std::move(row_id_columns), plan);
}

}  // namespace neurolake::engine::duckdb
