// A write that its application numbered: WorkerStatement's part that has it take effect once.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "query/worker_statement.h"

namespace neurolake::query {

using engine::duckdb::ExecutionStatistics;

namespace {

constexpr const char* kOneTable =
    "an application's transaction goes with one statement that writes rows of one table: INSERT, UPDATE, DELETE, MERGE "
    "or TRUNCATE";

}  // namespace

Result<void> WorkerStatement::CheckTakesTransaction(const FrontStatement* statement) const {
  if (!start_.request.transaction) return {};
  const bool may_write_rows = statement != nullptr && (std::holds_alternative<PassThrough>(statement->statement) ||
                                                       std::holds_alternative<ReplaceRows>(statement->statement));
  if (may_write_rows) return {};
  return MakeError(ErrorCode::kNotSupported, "{}", kOneTable);
}

std::vector<tables::delta::SetTransaction> WorkerStatement::ApplicationTransactions() const {
  const auto& given = start_.request.transaction;
  if (!given) return {};
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(ctx_.clock().Now().time_since_epoch());
  return {{.app_id = given->application_id, .version = given->version, .last_updated_ms = now.count()}};
}

Result<bool> WorkerStatement::WasAppliedBefore(const plan::CostedQuery& query) {
  const auto& given = start_.request.transaction;
  if (!given) return false;
  const plan::PlanDigest& digest = query.digest();
  const std::string& kind = digest.statement_kind;
  const bool writes_rows = kind == "INSERT" || kind == "UPDATE" || kind == "DELETE" || kind == "MERGE";
  if (!writes_rows || digest.writes.size() != 1) return MakeError(ErrorCode::kNotSupported, "{}", kOneTable);
  const plan::WriteDigest& write = digest.writes[0];
  NL_ASSIGN_OR_RETURN(const auto table, engine_.FindTable({write.schema_name, write.table_name}));
  if (!table || table->id != write.table) {
    return MakeError(ErrorCode::kConflict,
                     "another statement dropped the table or made it anew at the same time; run this one again: {}.{}",
                     write.schema_name, write.table_name);
  }
  const auto found = table->transactions.find(given->application_id);
  if (found == table->transactions.end() || found->second < given->version) return false;
  // There will be no commit whose server would ask. Who may not write here is told that, not what others wrote.
  const boost::json::object arguments{{"table", write.table.value()}};
  NL_RETURN_IF_ERROR(provider_.Maintain("may_modify", boost::json::serialize(arguments)));
  return true;
}

Result<ExecutionStatistics> WorkerStatement::AnswerAppliedBefore() {
  NL_RETURN_IF_ERROR(SendRowsChanged(0));
  Statistics statistics;
  statistics.rows_changed = 0;
  statistics.applied_before = true;
  return statistics;
}

}  // namespace neurolake::query
