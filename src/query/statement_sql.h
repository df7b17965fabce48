#pragma once
#include <optional>
#include <string>
#include <vector>

#include "query/copy_into.h"
#include "query/worker_statement.h"

namespace neurolake::query {

/// ProductSql over a worker's statement: every part goes through the same gates and stages as a user's text, with the
/// product's verdicts, and may open the files the principal was granted.
class StatementSql final : public ProductSql {
 public:
  /// Borrows `statement`.
  explicit StatementSql(WorkerStatement& statement) : statement_(statement) {}

  Result<Rows> Query(const std::string& sql) override;
  Result<int64_t> Write(const std::string& sql, std::vector<tables::delta::SetTransaction> transactions) override;
  Result<void> Drop(const std::string& sql) override;
  Result<std::optional<TableShape>> FindTable(const std::string& schema, const std::string& table) override;
  Result<std::vector<SourceFile>> ResolveSource(const std::string& source) override;
  Result<void> CheckAlive() override;
  const Clock& clock() const override;

 private:
  WorkerStatement& statement_;
};

}  // namespace neurolake::query
