#include "duckdb/common/arrow/arrow_appender.hpp"
#include "duckdb/common/arrow/arrow_converter.hpp"
#include "duckdb/main/client_properties.hpp"
#include "duckdb/parser/statement/logical_plan_statement.hpp"
#include "engine/duckdb/internal/duckdb_engine.h"
#include "engine/duckdb/internal/vanished_versions.h"
#include "engine/duckdb/internal/vector_bytes.h"

namespace neurolake::engine::duckdb {
namespace {

// Large enough for the columnar format to pay, small enough for the first rows to come soon.
constexpr int64_t kBatchRows = 16'384;
// A batch is in memory several times on its way: as it grows, encoded, sent. Wide rows are few in it.
constexpr int64_t kBatchBytes = 4'194'304;

class DuckDbRunningQuery final : public RunningQuery {
 public:
  DuckDbRunningQuery(EngineCore& core, std::unique_ptr<BoundPlan> plan) : core_(core), plan_(std::move(plan)) {}
  ~DuckDbRunningQuery() override {
    if (!done_) Abandon();
  }

  Result<void> Start() {
    auto started = core_.Guard(ErrorStage::kRun, [&] { StartPending(); });
    if (started.has_value()) return started;
    Error error = ExplainMissingFile(*core_.state, plan_->scans, std::move(started).error());
    Abandon();
    return std::unexpected(std::move(error));
  }

  const arrow::Schema& schema() const override { return schema_; }

  Result<std::optional<arrow::Batch>> Next() override {
    if (done_) return std::nullopt;
    Result<std::optional<arrow::Batch>> batch = std::nullopt;
    if (auto alive = core_.CheckAlive(); !alive.has_value()) {
      batch = std::unexpected(std::move(alive).error());
    } else {
      batch = core_.Guard(ErrorStage::kRun, [&] { return Fetch(); });
    }
    if (batch.has_value() && batch->has_value()) return batch;
    if (batch.has_value()) {
      if (auto finished = Finish(); !finished.has_value()) batch = std::unexpected(std::move(finished).error());
    }
    if (!batch.has_value()) {
      batch = std::unexpected(ExplainMissingFile(*core_.state, plan_->scans, std::move(batch).error()));
      Abandon();
    }
    done_ = true;
    return batch;
  }

  ExecutionStatistics statistics() const override { return statistics_; }

  double progress() const override {
    const double percent = core_.connection->GetQueryProgress();
    return percent < 0 ? -1 : std::min(1.0, percent / 100);
  }

 private:
  void StartPending() {
    core_.memory->Apply();
    auto& context = core_.context();
    auto& meta = native::MetaTransaction::Get(context);
    for (const auto& [name, change] : plan_->properties.modified_databases) {
      auto database = native::DatabaseManager::Get(context).GetDatabase(context, name);
      if (database) meta.ModifyDatabase(*database, change.modifications);
    }
    native::vector<native::LogicalType> types;
    native::vector<native::string> names;
    if (plan_->returns_rows) {
      types = plan_->types;
      names = plan_->names;
    }
    auto properties = context.GetClientProperties();
    native::ArrowConverter::ToArrowSchema(schema_.get(), types, names, properties);
    plan_->root->ResolveOperatorTypes();
    auto statement = native::make_uniq<native::LogicalPlanStatement>(std::move(plan_->root));
    // Results of statements that write are few; whole, they make their commit simple.
    const bool streams = plan_->properties.modified_databases.empty();
    pending_ = context.PendingQuery(std::move(statement), native::QueryParameters(streams));
    if (pending_->HasError()) pending_->ThrowError();
    if (core_.interrupted) core_.connection->Interrupt();
  }

  std::optional<arrow::Batch> Fetch() {
    if (pending_ != nullptr) {
      auto pending = std::move(pending_);
      WorkUntilReady(*pending);
      if (pending->HasError()) pending->ThrowError();
      result_ = pending->Execute();
      if (result_->HasError()) result_->ThrowError();
    }
    native::unique_ptr<native::ArrowAppender> rows;
    for (int64_t count = 0, bytes = 0; count < kBatchRows && bytes < kBatchBytes && FetchRows();) {
      const auto fitting = static_cast<native::idx_t>((kBatchBytes - bytes) / row_bytes_ + 1);
      const auto end = std::min(chunk_->size(), chunk_sent_ + fitting);
      if (rows == nullptr) {
        rows = native::make_uniq<native::ArrowAppender>(
            plan_->types, end - chunk_sent_, core_.context().GetClientProperties(),
            native::unordered_map<native::idx_t, const native::shared_ptr<native::ArrowTypeExtensionData>>());
      }
      rows->Append(*chunk_, chunk_sent_, end, chunk_->size());
      count += static_cast<int64_t>(end - chunk_sent_);
      bytes += static_cast<int64_t>(end - chunk_sent_) * row_bytes_;
      chunk_sent_ = end;
    }
    if (rows == nullptr) return std::nullopt;
    arrow::Batch batch;
    *batch.get() = rows->Finalize();
    return batch;
  }

  /// Makes `chunk_` hold rows that no batch has yet. False at the end of the result.
  bool FetchRows() {
    while (!exhausted_ && (chunk_ == nullptr || chunk_sent_ == chunk_->size())) {
      chunk_ = result_->Fetch();
      chunk_sent_ = 0;
      if (result_->HasError()) result_->ThrowError();
      // A result that has ended must not be asked again.
      exhausted_ = chunk_ == nullptr || chunk_->size() == 0;
      if (exhausted_) break;
      if (plan_->returns_rows) {
        row_bytes_ = BytesOf(*chunk_) / static_cast<int64_t>(chunk_->size()) + 1;
      } else {
        CountChanges(*chunk_);
        chunk_sent_ = chunk_->size();
      }
    }
    return !exhausted_;
  }

  /// Runs the statement's tasks. The engine alone would ask again and again while its other threads work on the last
  /// ones, which takes a processor from them.
  static void WorkUntilReady(native::PendingQueryResult& pending) {
    constexpr std::chrono::microseconds kPauseMin{20}, kPauseMax{500};
    auto pause = kPauseMin;
    while (!pending.HasError()) {
      const auto state = pending.ExecuteTask();
      if (native::PendingQueryResult::IsResultReady(state)) return;
      if (state == native::PendingExecutionResult::BLOCKED) pending.WaitForTask();
      if (state != native::PendingExecutionResult::NO_TASKS_AVAILABLE) {
        pause = kPauseMin;
        continue;
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, kPauseMax);
    }
  }

  // DML without RETURNING gives one number.
  void CountChanges(native::DataChunk& chunk) {
    if (chunk.ColumnCount() == 1 && chunk.data[0].GetType().id() == native::LogicalTypeId::BIGINT) {
      counted_ += chunk.GetValue(0, 0).GetValue<int64_t>();
    }
  }

  Result<void> Finish() {
    chunk_.reset();
    result_.reset();
    NL_RETURN_IF_ERROR(core_.CommitImplicit());
    const StatementState& state = *core_.state;
    statistics_.rows_changed = state.rows_changed;
    statistics_.rows_dropped = state.rows_dropped;
    statistics_.rows_quarantined = state.rows_quarantined;
    if (state.rows_changed < 0 && !plan_->digest().writes.empty() && !plan_->returns_rows) {
      statistics_.rows_changed = counted_;
    }
    statistics_.committed_version = state.committed_version;
    statistics_.files_total = state.counters.files_total;
    statistics_.files_kept = state.counters.files_kept;
    // A scan whose answer the log itself gave read no file.
    for (const auto& scan : plan_->scans) {
      if (!scan->started) statistics_.files_total += static_cast<int64_t>(scan->snapshot->files().size());
    }
    statistics_.row_groups_total = state.counters.row_groups_total;
    statistics_.row_groups_kept = state.counters.row_groups_kept;
    statistics_.bytes_read = state.counters.bytes_read;
    statistics_.rows_scanned = state.counters.rows_scanned;
    return {};
  }

  void Abandon() {
    done_ = true;
    // Closing waits for the tasks under way.
    (void)GuardDuckDb(ErrorStage::kRun, core_.request_id(), &core_.broken, [&] {
      if (pending_ != nullptr || result_ != nullptr) core_.connection->Interrupt();
      pending_.reset();
      chunk_.reset();
      result_.reset();
      // The call that ends what is left of an open query: any other one begins with it.
      core_.context().Prepare("SELECT 1");
    });
    core_.RollbackImplicit();
  }

  EngineCore& core_;
  std::unique_ptr<BoundPlan> plan_;
  arrow::Schema schema_;
  native::unique_ptr<native::PendingQueryResult> pending_;
  native::unique_ptr<native::QueryResult> result_;
  native::unique_ptr<native::DataChunk> chunk_;
  native::idx_t chunk_sent_ = 0;  ///< Rows of `chunk_` that are in batches.
  int64_t row_bytes_ = 1;         ///< About what one of its rows weighs.
  ExecutionStatistics statistics_;
  int64_t counted_ = 0;
  bool exhausted_ = false;
  bool done_ = false;
};

// BEGIN and its kin have run when they are asked for rows.
class NoRows final : public RunningQuery {
 public:
  explicit NoRows(EngineCore& core) {
    native::vector<native::LogicalType> types;
    native::vector<native::string> names;
    auto properties = core.context().GetClientProperties();
    native::ArrowConverter::ToArrowSchema(schema_.get(), types, names, properties);
    statistics_.committed_version = core.state->committed_version;
  }
  const arrow::Schema& schema() const override { return schema_; }
  Result<std::optional<arrow::Batch>> Next() override { return std::nullopt; }
  ExecutionStatistics statistics() const override { return statistics_; }
  double progress() const override { return 1; }

 private:
  arrow::Schema schema_;
  ExecutionStatistics statistics_;
};

}  // namespace

Result<std::unique_ptr<RunningQuery>> StartQuery(EngineCore& core, std::unique_ptr<BoundPlan> plan) {
  auto query = std::make_unique<DuckDbRunningQuery>(core, std::move(plan));
  NL_RETURN_IF_ERROR(query->Start());
  return query;
}

Result<std::unique_ptr<RunningQuery>> RunTransactionStep(EngineCore& core, TransactionStep step) {
  StatementState& state = *core.state;
  auto& transaction = core.context().transaction;
  if (step == TransactionStep::kBegin) {
    if (state.explicit_transaction) return MakeError(ErrorCode::kInvalidArgument, "a transaction is open already");
    NL_RETURN_IF_ERROR(core.Guard(ErrorStage::kRun, [&] {
      if (!transaction.HasActiveTransaction()) transaction.SetAutoCommit(false);
    }));
    state.explicit_transaction = true;
    return std::make_unique<NoRows>(core);
  }
  if (!state.explicit_transaction) return MakeError(ErrorCode::kInvalidArgument, "there is no open transaction");
  state.explicit_transaction = false;
  if (step == TransactionStep::kCommit) {
    NL_RETURN_IF_ERROR(core.CommitImplicit());
  } else {
    core.RollbackImplicit();
  }
  return std::make_unique<NoRows>(core);
}

}  // namespace neurolake::engine::duckdb
