// What a statement does not say of itself where a policy hides rows from it.
#include <algorithm>

#include "query/worker_statement.h"

namespace neurolake::query {

void WorkerStatement::NoteHidden(const plan::PlanDigest& digest, governance::RowMoves moves) {
  if (moves == governance::RowMoves::kAll) return;
  hides_ = hides_ || std::ranges::any_of(digest.scans, [](const auto& scan) { return scan.policy != nullptr; });
}

WorkerStatement::Statistics WorkerStatement::WithoutHidden(Statistics statistics) const {
  if (!hides_) return statistics;
  return {.rows_changed = statistics.rows_changed,
          .committed_version = statistics.committed_version,
          .applied_before = statistics.applied_before,
          .rows_dropped = statistics.rows_dropped,
          .rows_quarantined = statistics.rows_quarantined};
}

}  // namespace neurolake::query
