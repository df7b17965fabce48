#include "duckdb/optimizer/optimizer.hpp"
#include "engine/duckdb/internal/duckdb_engine.h"
#include "engine/duckdb/internal/scan_governance.h"
#include "engine/duckdb/internal/whole_files.h"

namespace neurolake::engine::duckdb {

Result<std::unique_ptr<RunningQuery>> DuckDbEngine::Execute(plan::CostedQuery query) {
  if (core_->state->provider == nullptr) return MakeError(ErrorCode::kInternal, "Execute outside of a statement");
  NL_RETURN_IF_ERROR(core_->CheckAlive());
  const auto decisions = query.decisions();
  std::unique_ptr<BoundPlan> plan(static_cast<BoundPlan*>(std::move(query).TakePlan().release()));
  if (plan->step != TransactionStep::kNone) return RunTransactionStep(*core_, plan->step);
  auto governed = core_->Guard(ErrorStage::kBind, [&] {
    core_->context().RunFunctionInTransaction(
        [&] {
          ApplyDecisions(core_->context(), *plan, decisions);
          SplitWholeFiles(core_->context(), *plan);
        },
        false);
  });
  if (!governed.has_value()) {
    core_->RollbackImplicit();
    return std::unexpected(std::move(governed).error());
  }
  return StartQuery(*core_, std::move(plan));
}

Result<std::string> DuckDbEngine::Explain(plan::CostedQuery query) {
  if (core_->state->provider == nullptr) return MakeError(ErrorCode::kInternal, "Explain outside of a statement");
  const auto decisions = query.decisions();
  std::unique_ptr<BoundPlan> plan(static_cast<BoundPlan*>(std::move(query).TakePlan().release()));
  if (plan->step != TransactionStep::kNone) return std::string("TRANSACTION\n");
  std::string text;
  auto explained = core_->Guard(ErrorStage::kBind, [&] {
    auto& context = core_->context();
    context.RunFunctionInTransaction(
        [&] {
          core_->memory->Apply();
          ApplyDecisions(context, *plan, decisions);
          native::Optimizer optimizer(*plan->binder, context);
          plan->root = optimizer.Optimize(std::move(plan->root));
          text = plan->root->ToString(native::ExplainFormat::TEXT);
        },
        false);
  });
  for (const auto& scan : plan->scans) {
    const auto total = static_cast<int64_t>(scan->snapshot->files().size());
    const int64_t kept = scan->files_kept;
    text += fmt::format("scan of {}.{} version {}: files {} of {}\n", scan->table->entry().schema_name,
                        scan->table->entry().table_name, scan->snapshot->version(), kept < 0 ? total : kept, total);
  }
  plan.reset();
  core_->RollbackImplicit();
  if (!explained.has_value()) return std::unexpected(std::move(explained).error());
  return text;
}

}  // namespace neurolake::engine::duckdb
