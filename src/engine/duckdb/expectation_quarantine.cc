// Rows that expectations set aside: to their table, once, before the version that they are missing from.
#include "common/text.h"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "duckdb/main/appender.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/path_grants.h"
#include "engine/duckdb/internal/snapshot_cache.h"
#include "tables/delta/vacuum.h"

namespace neurolake::engine::duckdb {
namespace {

using std::chrono::milliseconds;

/// How long a quarantine that is ahead of its table is taken for what an earlier run left. Later the table's mark may
/// have been forgotten; rather rows set aside twice than rows lost.
constexpr milliseconds kAheadMax = std::chrono::hours(24);

using Lanes = std::array<uint64_t, 4>;

/// Adds the SHA-256 of one row to a sum of four numbers: equal for equal rows in any order, whichever thread had them.
void AddHash(const std::string& row, Lanes& sum) {
  const std::string hash = Sha256Hex(row);
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += std::stoull(hash.substr(i * 16, 16), nullptr, 16);
}

/// Names what is set aside, so that the same rows of a statement that is run again are known.
std::string ApplicationOf(const RejectedRows& rows, const TableId& table) {
  Lanes sum{};
  for (auto& chunk : rows.Chunks()) {
    for (native::idx_t row = 0; row < chunk.size(); ++row) {
      std::string text;
      for (native::idx_t column = 0; column < chunk.ColumnCount(); ++column) {
        const std::string value = chunk.GetValue(column, row).ToString();
        text += fmt::format("{}:{}", value.size(), value);
      }
      AddHash(text, sum);
    }
  }
  return fmt::format("neurolake.expectations:{}:{}:{:016x}{:016x}{:016x}{:016x}", table.value(), rows.Count(), sum[0],
                     sum[1], sum[2], sum[3]);
}

tables::delta::SetTransaction MarkOf(const SnapshotPointer& snapshot, const std::string& application) {
  const auto& transactions = snapshot->log().transactions;
  const auto found = transactions.find(application);
  return found == transactions.end() ? tables::delta::SetTransaction{} : found->second;
}

/// Whether the quarantine is ahead of the table because an earlier run was cut short between the two, and not because
/// the table's log has forgotten its mark. Both marks of a run have one time.
bool LeftByAnEarlierRun(const tables::delta::SetTransaction& there, const tables::delta::SetTransaction& here,
                        const SnapshotPointer& table, int64_t now_ms) {
  if (there.version <= here.version || !there.last_updated_ms) return false;
  const milliseconds kept = ValueOrThrow(
      tables::delta::IntervalProperty(table->metadata(), "delta.setTransactionRetentionDuration", milliseconds(0)));
  const milliseconds trusted = kept.count() == 0 ? kAheadMax : std::min(kept, kAheadMax);
  return now_ms - *there.last_updated_ms < trusted.count();
}

void Insert(CheckConnection& check, const TableEntry& quarantine, const RejectedRows& rows,
            const std::string& statement_id, int64_t base_version) {
  auto& connection = check.connection();
  const auto run = [&](const std::string& sql) { check.Query(sql); };
  run("CREATE OR REPLACE TEMP TABLE rejected_rows (expectations VARCHAR, change VARCHAR, row_data VARCHAR)");
  {
    native::Appender appender(connection, "temp", "main", "rejected_rows");
    for (auto& chunk : rows.Chunks()) appender.AppendDataChunk(chunk);
    appender.Close();
  }
  run(fmt::format(
      "INSERT INTO {}.{}.{} (quarantined_at, statement_id, read_version, expectations, change, row_data) "
      "SELECT TIMESTAMPTZ {}, {}, {}, expectations, change, row_data FROM temp.main.rejected_rows",
      LakeCatalog::kName, QuoteIdentifier(quarantine.schema_name), QuoteIdentifier(quarantine.table_name),
      QuoteLiteral(FormatTimestamp(check.state().context->clock().Now())), QuoteLiteral(statement_id), base_version));
  connection.Commit();
}

}  // namespace

std::optional<tables::delta::SetTransaction> WriteQuarantine(native::ClientContext& context, StatementState& state,
                                                             const ExpectationSet& expectations, LakeWrite& write) {
  if (write.findings.rejected == nullptr || write.findings.rejected->Count() == 0) return std::nullopt;
  if (!expectations.quarantine) {
    ThrowLakeError(Error(ErrorCode::kNotFound,
                         fmt::format("the quarantine table is not there any more, so nothing was written; CREATE OR "
                                     "REPLACE EXPECTATION makes it anew: {}.{}",
                                     write.table.schema_name, write.table.table_name)));
  }
  const TableEntry& quarantine = *expectations.quarantine;
  const RejectedRows& rows = *write.findings.rejected;
  tables::delta::SetTransaction mark;
  mark.app_id = ApplicationOf(rows, write.table.id);
  // The statement does not name it, so that no look-up granted its files.
  state.paths->Allow(quarantine.location, PathGrants::Access::kReadWrite);
  const auto snapshot = ValueOrThrow(state.snapshots->Load(*state.context, quarantine, std::nullopt));
  const auto there = MarkOf(snapshot, mark.app_id), here = MarkOf(write.base, mark.app_id);
  const auto now = std::chrono::duration_cast<milliseconds>(state.context->clock().Now().time_since_epoch());
  mark.last_updated_ms = now.count();
  if (LeftByAnEarlierRun(there, here, write.base, now.count())) {
    mark.version = there.version;
    return mark;
  }
  mark.version = std::max(here.version, there.version) + 1;
  CheckConnection check(context, state);
  check.Show(quarantine, snapshot);
  check.state().grants.transactions = {mark};
  try {
    Insert(check, quarantine, rows, expectations.statement_id, write.base->version());
  } catch (const std::exception&) {
    // DuckDB passes on the text of a failed commit alone.
    if (check.state().pending_error) ThrowLakeError(*check.state().pending_error);
    throw;
  }
  return mark;
}

}  // namespace neurolake::engine::duckdb
