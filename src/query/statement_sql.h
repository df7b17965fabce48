#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/copy_into.h"
#include "query/worker_statement.h"

namespace neurolake::query {

/// How people see the upload `name`: "%2F" and the like are what they stand for, "upload://2013/people.csv". A name
/// that would not be readable text then is shown as it is.
std::string ShownUpload(std::string_view name);

/// ProductSql over a worker's statement: every part goes through the same gates and stages as a user's text. With the
/// product's verdicts it may open the files the principal was granted; with those for users, for parts that hold a
/// user's own text, it may do no more than that user.
class StatementSql final : public ProductSql {
 public:
  /// Borrows `statement`.
  explicit StatementSql(WorkerStatement& statement,
                        governance::StatementOrigin origin = governance::StatementOrigin::kProduct)
      : statement_(statement), origin_(origin) {}

  Result<Rows> Query(const std::string& sql) override;
  Result<Rows> Query(const std::string& sql, governance::StatementOrigin origin);
  Result<Written> Write(const std::vector<std::string>& statements, const WriteCommit& commit) override;
  /// One writing statement, by either origin; `intent` says what else the version holds.
  Result<engine::duckdb::ExecutionStatistics> Write(const std::string& sql, governance::StatementOrigin origin,
                                                    std::vector<tables::delta::SetTransaction> transactions,
                                                    std::optional<engine::duckdb::WriteIntent> intent);
  Result<void> Drop(const std::string& sql) override;
  Result<std::optional<TableShape>> FindTable(const std::string& schema, const std::string& table) override;
  Result<std::vector<SourceFile>> ResolveSource(const std::string& directory, const std::string& pattern) override;
  Result<void> CheckAlive() override;
  const Clock& clock() const override;

 private:
  using Transactions = std::vector<tables::delta::SetTransaction>;

  Result<Written> WriteStatements(const std::vector<std::string>& statements, const WriteCommit& commit);
  Result<Rows> CollectRows(plan::CostedQuery query);
  Result<plan::CostedQuery> Prepared(const std::string& sql, Transactions transactions);
  /// One statement to its end. `commit`: what must hold once it is bound; nullptr: nothing.
  Result<Written> RunToEnd(const std::string& sql, Transactions transactions, const WriteCommit* commit);
  Result<void> CheckFound(const WriteCommit& commit);
  /// Asks the server whether files of tables are among them that the principal may not see.
  Result<void> CheckSources(const std::vector<SourceFile>& files);

  WorkerStatement& statement_;
  const governance::StatementOrigin origin_;
};

}  // namespace neurolake::query
