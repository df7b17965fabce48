#include "engine/duckdb/internal/log_upkeep.h"

#include <charconv>

#include "common/log.h"
#include "engine/duckdb/internal/checkpoint_writer.h"
#include "engine/duckdb/internal/snapshot_cache.h"
#include "tables/delta/checksum.h"
#include "tables/delta/log_cleanup.h"
#include "tables/delta/log_compaction.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::Snapshot;

constexpr int64_t kCheckpointIntervalDefault = 10;

int64_t IntervalOf(const Snapshot& snapshot, const std::string& property, int64_t fallback) {
  const std::string text = snapshot.Property(property);
  int64_t interval = fallback;
  std::from_chars(text.data(), text.data() + text.size(), interval);
  return interval > 0 ? interval : fallback;
}

Result<void> KeepUp(native::ClientContext& context, StatementState& statement, const Snapshot& snapshot) {
  const int64_t version = snapshot.version();
  if (version % IntervalOf(snapshot, "delta.checkpointInterval", kCheckpointIntervalDefault) == 0) {
    NL_RETURN_IF_ERROR(WriteCheckpoint(context, statement, snapshot));
    NL_RETURN_IF_ERROR(tables::delta::WriteChecksum(*statement.store, snapshot));
    NL_RETURN_IF_ERROR(tables::delta::CleanLog(*statement.context, *statement.store, snapshot));
    return {};
  }
  const int64_t compaction = IntervalOf(snapshot, "neurolake.log_compaction_interval", 0);
  if (compaction < 2 || version < compaction || version % compaction != 0) return {};
  return tables::delta::CompactLog(*statement.context, *statement.store, snapshot.table_path(),
                                   version - compaction + 1, version);
}

}  // namespace

void KeepUpLog(native::ClientContext& context, StatementState& statement, const TableEntry& table,
               int64_t version) noexcept {
  if (version <= 0) return;
  std::string problem;
  try {
    const auto snapshot = statement.snapshots->Load(*statement.context, table, version);
    if (snapshot.has_value()) {
      const auto done = KeepUp(context, statement, **snapshot);
      if (!done.has_value()) problem = done.error().message();
    } else {
      problem = snapshot.error().message();
    }
  } catch (const std::exception& exception) {
    problem = native::ErrorData(exception).RawMessage();
  }
  if (problem.empty()) return;
  try {
    Log(LogLevel::kWarn, "the log's upkeep failed", statement.context->request_id(),
        {{"table", table.id.value()}, {"version", std::to_string(version)}, {"reason", problem}});
  } catch (const std::exception&) {
    // Nothing to be done, and nothing is lost.
  }
}

Result<void> CutLogAt(native::ClientContext& context, StatementState& statement, const TableEntry& table,
                      int64_t version) {
  NL_ASSIGN_OR_RETURN(const auto snapshot, statement.snapshots->Load(*statement.context, table, version));
  NL_RETURN_IF_ERROR(WriteCheckpoint(context, statement, *snapshot));
  NL_RETURN_IF_ERROR(tables::delta::WriteChecksum(*statement.store, *snapshot));
  NL_RETURN_IF_ERROR(tables::delta::CutLog(*statement.context, *statement.store, *snapshot));
  return {};
}

}  // namespace neurolake::engine::duckdb
