#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/lake_provider.h"

// Group commit: a small INSERT may hand its rows to the server, which makes one version of those of several statements
// (docs/adr/0010-group-commit.md). This is both ends of it in the engine: rows out, and rows of a group in.

namespace neurolake::engine::duckdb {

/// What the threads of one INSERT know of the rows that it may hand over.
struct AppendBuffer {
  std::atomic<int64_t> rows{0}, bytes{0};
  std::atomic<bool> own_files{false};  ///< They are written by the statement itself, as any other's.
  std::mutex mutex;
  std::optional<bool> may_append;  ///< The server's answer; under `mutex`.
  /// The rows of threads that have finished; under `mutex`. Empty once `own_files` is set.
  native::unique_ptr<native::ColumnDataCollection> parked;
};

/// Stands for the protocol, schema and properties of a version: rows checked against one mark may be written to every
/// version of the same mark.
std::string DefinitionMark(const tables::delta::Snapshot& snapshot);

/// Puts an operator over `rows` that holds small results back, where the statement may hand them over: an INSERT
/// outside of a transaction that reads nothing of its table and gives no identity values. Sets `job.append` then.
native::PhysicalOperator& PlanAppend(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                     const std::shared_ptr<WriteJob>& job, native::PhysicalOperator& rows);

/// The rows that `job` held back; nullopt if it wrote them itself.
std::optional<LakeAppend> TakeAppend(native::ClientContext& context, WriteJob& job, int64_t& row_count);

/// lake_grouped_rows(): the rows of StatementGrants::grouped, in the order of its members. Binding it throws kConflict
/// unless the table, at the version that the transaction reads, is one that the rows were checked against.
native::TableFunction GroupedRowsFunction();

}  // namespace neurolake::engine::duckdb
