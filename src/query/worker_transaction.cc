// BEGIN … COMMIT in one request: WorkerStatement's part that runs several statements as one.
#include "query/worker_statement.h"

namespace neurolake::query {

using engine::duckdb::ExecutionStatistics;
using governance::StatementOrigin;

namespace {

template <typename Kind>
bool Is(const StatementText& text) {
  const auto parsed = ParseFront(text.sql);
  return parsed.has_value() && std::holds_alternative<Kind>(parsed->statement);
}

}  // namespace

Result<void> WorkerStatement::RunTransactionStep(const std::string& step,
                                                 std::vector<tables::delta::SetTransaction> transactions) {
  NL_ASSIGN_OR_RETURN(auto costed, Prepare(step, StatementOrigin::kUser, std::move(transactions)));
  NL_ASSIGN_OR_RETURN(auto running, engine_.Execute(std::move(costed)));
  NL_ASSIGN_OR_RETURN(const auto end, running->Next());
  return {};
}

Result<ExecutionStatistics> WorkerStatement::RunTransactionBody(std::span<const StatementText> statements, bool& sent) {
  Statistics total;
  total.rows_changed = 0;
  for (size_t i = 0; i < statements.size(); ++i) {
    NL_ASSIGN_OR_RETURN(const FrontStatement parsed, ParseFront(statements[i].sql));
    const auto* sql = std::get_if<PassThrough>(&parsed.statement);
    if (sql == nullptr) {
      return MakeError(ErrorCode::kNotSupported, "inside a transaction only queries and changes of rows are supported");
    }
    std::optional<engine::duckdb::WriteIntent> intent;
    if (sql->evolves_schema) intent = engine::duckdb::WriteIntent{.evolves_schema = true};
    NL_ASSIGN_OR_RETURN(auto costed, Prepare(sql->sql, StatementOrigin::kUser, {}, std::move(intent)));
    const bool last = i + 1 == statements.size();
    const bool is_query = costed.digest().statement_kind == "SELECT";
    if (is_query && !last) {
      return MakeError(ErrorCode::kNotSupported,
                       "a transaction answers with its last statement; a query must be that one");
    }
    NL_RETURN_IF_ERROR(AwaitGrant(costed, "TRANSACTION"));
    NL_ASSIGN_OR_RETURN(const Statistics one, ExecuteAndSend(std::move(costed), /*send_count=*/false));
    sent = is_query;
    total.rows_changed += std::max<int64_t>(0, one.rows_changed);
    total.rows_scanned += one.rows_scanned;
    total.bytes_read += one.bytes_read;
  }
  return total;
}

Result<ExecutionStatistics> WorkerStatement::RunTransaction(std::span<const StatementText> statements) {
  const bool commits = Is<CommitTransaction>(statements.back());
  if (!Is<BeginTransaction>(statements.front()) || (!commits && !Is<RollbackTransaction>(statements.back()))) {
    return MakeError(ErrorCode::kSyntaxError,
                     "expected one statement, or BEGIN; statements; COMMIT. Send others one by one, statements: {}",
                     statements.size());
  }
  if (!start_.request.parameters.empty()) {
    return MakeError(ErrorCode::kNotSupported, "a transaction takes no parameters");
  }
  NL_RETURN_IF_ERROR(RunTransactionStep("BEGIN TRANSACTION"));
  bool sent = false;
  auto total = RunTransactionBody(statements.subspan(1, statements.size() - 2), sent);
  if (!total || !commits) {
    // What cannot be rolled back must not meet the next statement: the engine is then given up.
    NL_RETURN_IF_ERROR(RunTransactionStep("ROLLBACK"));
    if (total && !sent) NL_RETURN_IF_ERROR(SendRowsChanged(0));
    return total;
  }
  NL_RETURN_IF_ERROR(RunTransactionStep("COMMIT"));
  if (!sent) NL_RETURN_IF_ERROR(SendRowsChanged(total->rows_changed));
  return total;
}

}  // namespace neurolake::query
