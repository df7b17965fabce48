#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "plan/lineage_digest.h"
#include "plan/table_policy.h"

namespace neurolake::plan {

/// One scan of a lake table in a bound plan. `scan_id` is unique within the plan and is how decisions come back.
struct ScanDigest {
  uint64_t scan_id = 0;
  TableId table;
  std::string schema_name;
  std::string table_name;
  int64_t version = -1;               ///< Snapshot version that is read.
  std::optional<WallTime> committed;  ///< When that was committed; nullopt where the principal may not know all of it.
  std::vector<std::string> columns;   ///< Top-level columns the plan may read, by name; all of them before pruning.
  std::vector<std::string> physical_columns;  ///< What the table's files call `columns`, in the same order.
  bool for_write = false;                     ///< The reading side of an UPDATE or DELETE.
  bool reads_row_ids = false;                 ///< Asks for a row's file or place in it.
  bool reads_tracking = false;                ///< Asks for the ids that rows keep and the versions that wrote them.
  /// What the statement's principal may see of the table, as it was when the table was looked up; null: all of it.
  std::shared_ptr<const TablePolicy> policy;
  // Known after pruning; -1 until then.
  int64_t files_total = -1;
  int64_t files_kept = -1;
  int64_t bytes_kept = -1;
  int64_t rows_kept = -1;
};

/// A function that the plan calls. `kind` is "scalar", "aggregate", "window", "table", "macro" or "pragma".
struct FunctionUse {
  std::string name;
  std::string kind;
};

/// One operator of the bound plan, before the engine's optimiser: what prediction asks how much it has to hold.
struct OperatorDigest {
  std::string name;         ///< As in PlanDigest::operators.
  int parent = -1;          ///< Index of the operator it feeds; -1 for the root and for a sub-query's own root.
  int scan = -1;            ///< Index in PlanDigest::scans, for a scan of a lake table.
  bool keeps_rows = false;  ///< An aggregate with groups, DISTINCT or order; a write whose rows wait on their keys.
  /// For a source that is no lake table (VALUES, range(…)): its rows, -1 when unknown, and the bytes of one in memory.
  int64_t rows = 0;
  int64_t row_bytes = 0;
  /// Of a source or a projection: what one row of its columns takes in the engine's vectors, which have room for many
  /// rows whether there are any or not.
  int64_t vector_row_bytes = 0;
};

/// A table the plan writes to.
struct WriteDigest {
  TableId table;
  std::string schema_name;
  std::string table_name;
  std::string operation;  ///< "INSERT", "UPDATE", "DELETE", "CREATE TABLE", "CREATE TABLE AS", …
};

/// A read-only digest of a bound plan, without engine headers: governance, prediction, lineage and cache keys read it.
struct PlanDigest {
  std::string statement_kind;  ///< "SELECT", "INSERT", "CREATE TABLE", … as in docs/sql.
  std::vector<ScanDigest> scans;
  std::vector<FunctionUse> functions;
  std::vector<WriteDigest> writes;
  std::vector<std::string> operators;  ///< Logical operator names, pre-order.
  std::vector<OperatorDigest> tree;    ///< The same operators with their place in the plan.
  /// Names of the engine's catalogues that the plan creates, drops or writes in. A temporary object is in none, so that
  /// creating one leaves this empty.
  std::vector<std::string> changed_catalogs;
  double rows_estimated = 0;  ///< Engine's estimate for the root.
  LineageDigest lineage;
};

}  // namespace neurolake::plan
