#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "query/copy_into.h"

namespace neurolake::query {

struct PromoteReport {
  int64_t rows_read = 0;  ///< New rows of the source.
  int64_t rows_written = 0;
  int64_t from_version = -1;  ///< Of the source, promoted before; -1: nothing was.
  int64_t to_version = -1;
  int64_t version = -1;  ///< Of the target; -1: there was nothing to do.
  double seconds = 0;
};

/// Moves what came into `source` since the last promotion into `target`, as one version of it. How far the source was
/// promoted is an entry `neurolake.promote:<source's id>:<its name>` of the target's own log, so it cannot disagree
/// with the data, and of two promotions at the same time one starts anew and finds nothing left to do. New rows are
/// those of loads (`_load_id`) that the version promoted before does not have; without that column, the rows by which
/// the two versions differ. Rows that were deleted or changed in the source are not followed: REPLACE is. `sql` must
/// judge every text as the user's own, for the SELECT is. Errors: kNotFound for a source that is not there;
/// kInvalidArgument for a source that was made anew, went back behind
///   the version promoted before, or has other columns where rows are told apart by them; those of `sql`.
/// Source: docs/ingestion.md, "Bronze, silver, gold".
Result<PromoteReport> RunPromote(const Promote& promote, ProductSql& sql);

ProductSql::Rows ReportRows(const PromoteReport& report);

}  // namespace neurolake::query
