#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ask/answer/table.h"
#include "ask/service/ask_observer.h"
#include "common/request_context.h"
#include "query/service.h"

namespace neurolake::ask {

/// What a query gave, whole: at most as many rows as were asked for.
struct QueryRows {
  std::vector<std::string> names;
  std::vector<std::string> types;  ///< As SQL names them.
  std::vector<std::vector<Cell>> rows;
  std::string tables_json = "[]";  ///< The tables that were read, with their versions: StatementStatus::tables_json.
  std::string prediction_json = "{}";  ///< What it was predicted to take, as far as the principal may know.
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
  /// The prediction of a query that is not run, as JSON, if it takes more than may be run unasked. Errors: as Run.
  virtual Result<std::optional<std::string>> CostToConfirm(const RequestContext&, const std::string&) {
    return std::nullopt;
  }
  /// As AskObserver::Reached.
  virtual void Reached(std::string_view, const boost::json::object&) {}
};

/// Runs them in `service`, which must outlive it.
class PipelineRunner : public QueryRunner {
 public:
  struct Options {
    std::string zone;  ///< The session's time zone.
    std::string purpose;
    bool read_only = false;           ///< As StatementRequest::read_only.
    int64_t confirm_bytes = 0;        ///< A query that is predicted to read more asks first; 0: none does.
    AskObserver* observer = nullptr;  ///< May be null.
  };
  PipelineRunner(query::StatementService& service, Options options);
  Result<QueryRows> Run(const RequestContext& ctx, const std::string& sql, size_t rows_max) override;
  Result<std::optional<std::string>> CostToConfirm(const RequestContext& ctx, const std::string& sql) override;
  void Reached(std::string_view stage, const boost::json::object& details) override;

 private:
  query::StatementService& service_;
  const Options options_;
  std::mutex mutex_;  ///< The observer is told one thing after the other.
};

}  // namespace neurolake::ask
