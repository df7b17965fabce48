#include "common/text.h"
#include "query/append_messages.h"
#include "query/worker_statement.h"

namespace neurolake::query {

Result<engine::duckdb::ExecutionStatistics> WorkerStatement::RunGroup(const GroupMessage& group) {
  NL_ASSIGN_OR_RETURN(grouped_, ReadGroupedRows(group));
  const std::string insert = fmt::format("INSERT INTO {}.{} SELECT * FROM lake_grouped_rows()",
                                         QuoteIdentifier(group.name.schema_name), QuoteIdentifier(group.name.name));
  NL_ASSIGN_OR_RETURN(auto costed, Prepare(insert, governance::StatementOrigin::kProduct));
  NL_ASSIGN_OR_RETURN(const Statistics statistics, ExecuteAndSend(std::move(costed), /*send_count=*/false));
  grouped_.reset();
  if (group.compact && statistics.committed_version >= 0) {
    CompactAfterWriting({group.name.schema_name, group.name.name});
  }
  return statistics;
}

}  // namespace neurolake::query
