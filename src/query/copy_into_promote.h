#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "query/copy_into.h"
#include "query/copy_into_options.h"

namespace neurolake::query {

/// PROMOTE source INTO target [USING (SELECT …)] [KEY (…) [ORDER BY …] [KEEP FIRST|LAST]] [REPLACE] [FULL]
struct Promote {
  ObjectName source;
  ObjectName target;
  std::string select;            ///< A person's SELECT that names the rows to move `source`; empty: all columns.
  std::vector<std::string> key;  ///< Rows of the target with the same key stay, new ones with it are dropped.
  std::string order_by;          ///< Which of new rows with one key is kept; not given: `_loaded_at`.
  KeepDuplicate keep = KeepDuplicate::kFirst;
  bool replace = false;  ///< The target is computed anew from the whole source, in one version: for aggregates.
  bool full = false;     ///< As if nothing had been promoted before.
};

struct PromoteReport {
  int64_t rows_read = 0;  ///< New rows of the source.
  int64_t rows_written = 0;
  int64_t from_version = -1;  ///< Of the source, promoted before; -1: nothing was.
  int64_t to_version = -1;
  int64_t version = -1;  ///< Of the target; -1: there was nothing to do.
  double seconds = 0;
};

/// Moves what came into `source` since the last promotion into `target`, as one version of it. How far the source was
/// promoted is an entry `neurolake.promote:<source's id>` of the target's own log, so it cannot disagree with the data.
/// New rows are those of loads (`_load_id`) that the version promoted before does not have; without that column, the
/// rows by which the two versions differ. Rows that were deleted or changed in the source are not followed: REPLACE is.
/// Errors: kNotFound for a source that is not there; kInvalidArgument for a SELECT that is not one, and for a source
///   that went back behind the version promoted before; those of `sql`.
/// Source: docs/ingestion.md, "Bronze, silver, gold".
Result<PromoteReport> RunPromote(const Promote& promote, ProductSql& sql);

ProductSql::Rows ReportRows(const PromoteReport& report);

}  // namespace neurolake::query
