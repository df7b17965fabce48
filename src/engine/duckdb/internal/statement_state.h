#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "common/request_context.h"
#include "common/result.h"
#include "engine/duckdb/engine.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/plan_copies.h"
#include "engine/duckdb/lake_provider.h"
#include "plan/lookup_gate.h"
#include "storage/object_store.h"

namespace neurolake::engine::duckdb {

class PathGrants;
class SnapshotCache;

/// Counters of a statement's scans. Written by any of its threads.
struct ScanCounters {
  std::atomic<int64_t> files_total{0}, files_kept{0};
  std::atomic<int64_t> row_groups_total{0}, row_groups_kept{0};
  std::atomic<int64_t> bytes_read{0}, rows_scanned{0};
};

/// The expression of a policy that is being bound: what its functions may use.
struct PolicyBinding {
  const std::vector<plan::PolicyKey>& keys;
  /// While a policy is made: names of keys are put here, and are not there yet; null: they have to be there.
  std::vector<std::string>* named = nullptr;
};

/// What runs now: filled by Engine::BeginStatement, emptied by EndStatement. The engine owns one, which outlives the
/// attached catalogue; catalogue entries, sinks and the transaction borrow it. Registered with the statements'
/// connection, so that every DuckDB callback finds it by `Get(context)`.
struct StatementState final : public native::ClientContextState {
  static constexpr const char* kName = "neurolake_statement";
  /// Throws kInternal when no statement is under way: nothing touches the lake outside of one.
  static StatementState& Get(native::ClientContext& context);

  storage::ObjectStore* store = nullptr;  ///< Set once, at start.
  SnapshotCache* snapshots = nullptr;     ///< Set once, at start.
  PathGrants* paths = nullptr;  ///< Set once, at start. A table's location is granted when its entry is found.

  const RequestContext* context = nullptr;
  LakeProvider* provider = nullptr;
  const plan::LookupGate* gate = nullptr;
  StatementGrants grants;
  /// What the statement says of itself in the commit: predicates as the user wrote them. Set when it is bound; JSON
  /// texts.
  std::map<std::string, std::string> operation_parameters;
  /// DROP: names are looked up, and what they are the names of is not read. Set when it is bound; so too the next.
  bool drops = false;
  std::optional<RelationName> replaced;  ///< The table that CREATE OR REPLACE makes.
  /// Views whose text is being bound, outermost first: "schema.name".
  std::vector<std::string> open_views;
  /// The view that the statement puts another in place of: what it reads must not lead back to it.
  std::optional<RelationName> replaced_view;
  /// Files that a DELETE takes as a whole, by table: its scan does not read them. See whole_files.h.
  std::map<TableId, std::vector<uint32_t>> whole_files;
  /// BEGIN was run and neither COMMIT nor ROLLBACK yet. (DuckDB's own auto-commit flag is always off here: one
  /// transaction has to span binding and running.)
  bool explicit_transaction = false;

  /// DuckDB turns a failed commit into a text. The error itself is kept here and is what the caller must get.
  std::optional<Error> pending_error;
  /// First refusal by the gate: a binder that swallows it and tries something else must not succeed.
  std::optional<Error> refusal;

  /// Not null while the expression of a policy is bound; then the gate lets functions of policies through.
  const PolicyBinding* policy_binding = nullptr;
  /// Whether the statement is a query, so that it may ask for tokens. Set when it is bound.
  bool is_query = false;

  /// A table that the statement names has encrypted columns: its constants may be their values, and are kept nowhere.
  bool names_cells = false;

  /// Of a connection that checks expectations: SQL of the product's, which reads whatever is there.
  bool checks_expectations = false;

  int64_t rows_changed = -1;  ///< Set by the write side.
  int64_t rows_dropped = 0;   ///< Left out by expectations; so too the next.
  int64_t rows_quarantined = 0;
  int64_t committed_version = -1;  ///< Set by the write side.
  ScanCounters counters;

  PlanCopies plan_copies;  ///< Of the plans since the statement began.
  uint64_t last_scan_id = 0;
  uint64_t last_plan_id = 0;  ///< Of the statement bound last.
};

}  // namespace neurolake::engine::duckdb
