// Expectations of versions that are made of files: there is no plan whose rows an operator could look at.
#include "common/log.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/lake_transaction.h"

namespace neurolake::engine::duckdb {
namespace {

using Action = Expectation::Action;

/// The rows of the files that come, by those expectations that are of rows.
void JudgeRows(native::ClientContext& context, StatementState& state, const ExpectationSet& expectations,
               LakeWrite& write) {
  LakeWrite brought;
  brought.table = write.table;
  // Under a name and an id that nothing else has.
  brought.table.id = TableId(brought.table.id.value() + "#brought");
  brought.table.table_name += "#brought";
  brought.metadata = write.metadata ? *write.metadata : write.base->metadata();
  brought.protocol = write.protocol ? *write.protocol : write.base->protocol();
  for (const auto& add : write.adds) {
    if (add.data_change) brought.adds.push_back(add);
  }
  if (brought.adds.empty() || !expectations.has_rows()) return;
  const auto snapshot = brought.Applied();
  CheckConnection check(context, state);
  check.Show(brought.table, snapshot);
  CountViolations(context, check, expectations, brought.table, snapshot->schema(), write.findings);
}

}  // namespace

std::vector<ExpectationEvidence> JudgeFiles(native::ClientContext& context, StatementState& state, LakeWrite& write,
                                            bool refuses) {
  ExpectationSet judged = *LoadExpectations(state, write.table.id);
  if (judged.all.empty()) return {};
  for (Expectation& one : judged.all) {
    const bool keeps_rows = one.action == Action::kFail && refuses;
    if (!keeps_rows) one.action = Action::kWarn;
  }
  std::vector<ExpectationEvidence> evidence;
  try {
    JudgeRows(context, state, judged, write);
    evidence = CheckTableExpectations(context, state, judged, write);
  } catch (const std::exception&) {
    if (refuses) throw;
    Log(LogLevel::kWarn, "expectations could not be checked, as the table cannot be read", state.context->request_id(),
        {{"table", write.table.id.value()}});
    return RowEvidence(judged, {});
  }
  for (size_t i = 0; i < evidence.size(); ++i) {
    const Expectation& one = judged.all[i];
    if (one.action != Action::kFail || evidence[i].violations == 0) continue;
    ThrowViolated(state, write.table, one, evidence[i].violations, evidence[i].rows_checked, evidence);
  }
  return evidence;
}

}  // namespace neurolake::engine::duckdb
