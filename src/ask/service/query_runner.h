#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ask/answer/table.h"
#include "common/request_context.h"
#include "query/service.h"

namespace neurolake::ask {

/// What a query gave, whole: at most as many rows as were asked for.
struct QueryRows {
  std::vector<std::string> names;
  std::vector<std::string> types;  ///< As SQL names them.
  std::vector<std::vector<Cell>> rows;
  std::string tables_json = "[]";  ///< The tables that were read, with their versions: StatementStatus::tables_json.
  /// What it was shown of them; for who keeps the rows (StatementService::CheckShown). May be null.
  std::shared_ptr<const query::ShownTables> shown = nullptr;
};

/// How questions reach the lake: each query goes through the pipeline as the principal of `ctx`, governed and audited
/// like any other statement.
class QueryRunner {
 public:
  virtual ~QueryRunner() = default;
  /// Reads up to `rows_max` rows and leaves the rest. Errors: as StatementService::Execute. Thread-safe.
  virtual Result<QueryRows> Run(const RequestContext& ctx, const std::string& sql, size_t rows_max) = 0;
};

/// Runs them in `service`, which must outlive it, with `zone` as the session's time zone.
class PipelineRunner : public QueryRunner {
 public:
  PipelineRunner(query::StatementService& service, std::string zone, std::string purpose);
  Result<QueryRows> Run(const RequestContext& ctx, const std::string& sql, size_t rows_max) override;

 private:
  query::StatementService& service_;
  std::string zone_;
  std::string purpose_;
};

}  // namespace neurolake::ask
