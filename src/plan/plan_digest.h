#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"

namespace neurolake::plan {

/// One scan of a lake table in a bound plan. `scan_id` is unique within the plan and is how decisions come back.
struct ScanDigest {
  uint64_t scan_id = 0;
  TableId table;
  std::string schema_name;
  std::string table_name;
  int64_t version = -1;              ///< Snapshot version that is read.
  std::vector<std::string> columns;  ///< Top-level columns the plan may read, by name; all of them before pruning.
  bool for_write = false;            ///< The reading side of an UPDATE or DELETE.
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
  /// Names of the engine's catalogues that the plan creates, drops or writes in. A temporary object is in none, so that
  /// creating one leaves this empty.
  std::vector<std::string> changed_catalogs;
  double rows_estimated = 0;  ///< Engine's estimate for the root.
};

}  // namespace neurolake::plan
