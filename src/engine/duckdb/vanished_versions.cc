#include "engine/duckdb/internal/vanished_versions.h"

#include "engine/duckdb/internal/snapshot_cache.h"
#include "tables/delta/file_presence.h"
#include "tables/delta/restore.h"

namespace neurolake::engine::duckdb {

Error ExplainMissingFile(const StatementState& state, const std::vector<std::shared_ptr<LakeScan>>& scans,
                         Error error) {
  const bool about_files = error.code() == ErrorCode::kIoError || error.code() == ErrorCode::kNotFound;
  if (!about_files || state.context == nullptr) return error;
  for (const auto& scan : scans) {
    const TableEntry& table = scan->table->entry();
    const auto newest = state.snapshots->Load(*state.context, table, std::nullopt);
    if (!newest.has_value() || (*newest)->version() <= scan->snapshot->version()) continue;
    // VACUUM leaves what the newest version has: if a file of that is missing, something else is wrong.
    const auto older = tables::delta::PlanRestore(**newest, *scan->snapshot, 0).adds;
    const auto missing = tables::delta::FindMissingFiles(*state.context, *state.store, *scan->snapshot, older, 1);
    if (!missing.has_value() || missing->empty()) continue;
    return Error(
        ErrorCode::kVersionNotFound,
        fmt::format("version {} of {}.{} cannot be read, files of it are gone (VACUUM deletes what no retained "
                    "version needs, and leaves the newest version, {}, whole)",
                    scan->snapshot->version(), table.schema_name, table.table_name, (*newest)->version()));
  }
  return error;
}

}  // namespace neurolake::engine::duckdb
