#pragma once
#include "engine/duckdb/engine.h"
#include "engine/duckdb/internal/bound_plan.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/memory_limit.h"
#include "engine/duckdb/internal/path_grants.h"
#include "engine/duckdb/internal/snapshot_cache.h"
#include "engine/duckdb/internal/statement_state.h"

namespace neurolake::engine::duckdb {

/// What a running query needs of its engine.
struct EngineCore {
  PathGrants paths;
  native::shared_ptr<StatementState> state = native::make_shared_ptr<StatementState>();
  // In this order: connections go before the instance.
  native::unique_ptr<native::DuckDB> database;
  native::unique_ptr<native::Connection> connection;  ///< Users' statements.
  std::unique_ptr<MemoryLimit> memory;
  std::unique_ptr<tables::delta::LogReader> log_reader;
  std::unique_ptr<SnapshotCache> snapshots;
  std::atomic<bool> interrupted{false};
  bool broken = false;

  native::ClientContext& context() { return *connection->context; }
  const std::string& request_id() const;
  /// Prefers the error that was kept over the text DuckDB made of it, and a cancel or deadline over everything.
  Error Cause(Error error);
  /// Runs `call`, which may throw DuckDB's exceptions.
  template <typename Call>
  auto Guard(ErrorStage stage, Call&& call) -> Result<std::invoke_result_t<Call>> {
    auto result = GuardDuckDb(stage, request_id(), &broken, std::forward<Call>(call));
    if (!result.has_value()) return std::unexpected(Cause(std::move(result).error()));
    return result;
  }
  Result<void> CheckAlive();
  /// Before the statement under way takes so much memory beside the engine's buffers.
  Result<void> ReserveMemory(int64_t bytes);
  /// Ends an implicit transaction; an explicit one stays open.
  Result<void> CommitImplicit();
  void RollbackImplicit();
};

class DuckDbEngine final : public Engine {
 public:
  explicit DuckDbEngine(std::unique_ptr<EngineCore> core) : core_(std::move(core)) {}
  ~DuckDbEngine() override;

  Result<void> BeginStatement(const RequestContext& ctx, LakeProvider& provider, const plan::LookupGate& gate,
                              int64_t memory_limit_bytes, StatementGrants grants) override;
  Result<void> SetMemoryLimit(int64_t memory_limit_bytes) override;
  void EndStatement() override;
  Result<std::vector<std::unique_ptr<ParsedQuery>>> Parse(const std::string& sql) override;
  Result<plan::BoundQuery> Bind(std::unique_ptr<ParsedQuery> query,
                                const std::vector<ParameterValue>& parameters) override;
  Result<std::unique_ptr<RunningQuery>> Execute(plan::CostedQuery query) override;
  Result<std::string> Explain(plan::CostedQuery query) override;
  Result<std::optional<TableState>> FindTable(const RelationName& name) override;
  Result<std::optional<LakeTable>> OpenTable(const RelationName& name, std::optional<int64_t> version) override;
  Result<std::vector<std::string>> BindRowCondition(const LakeTable& table, const std::string& condition) override;
  Result<std::vector<ExpectationEvidence>> JudgeFiles(const LakeTable& table,
                                                      const tables::delta::CommitRequest& request,
                                                      bool refuses) override;
  Result<plan::PolicyNeeds> BindPolicy(const LakeTable& table, const std::string& sql, const std::string& mask_of,
                                       const std::string& value_of) override;
  void KeepUpLog(const TableEntry& table, int64_t version) override;
  Result<void> CutLog(const TableEntry& table, int64_t version) override;
  storage::ObjectStore& store() override { return *core_->state->store; }
  tables::delta::LogReader& log_reader() override { return *core_->log_reader; }
  void GrantLog(const std::string& location) override;
  void Interrupt() override;
  bool broken() const override { return core_->broken; }
  Result<Inventory> ListInventory() override;

 private:
  std::unique_ptr<EngineCore> core_;
};

/// Starts `plan`, whose scans are governed.
Result<std::unique_ptr<RunningQuery>> StartQuery(EngineCore& core, std::unique_ptr<BoundPlan> plan);
/// Runs BEGIN, COMMIT or ROLLBACK.
Result<std::unique_ptr<RunningQuery>> RunTransactionStep(EngineCore& core, TransactionStep step);

}  // namespace neurolake::engine::duckdb
