#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "tables/delta/commit.h"
#include "tables/delta/internal/commit_body.h"

namespace neurolake::tables::delta::internal {

/// Ids for the rows of a commit's files that have no base_row_id, anew for each attempt: what a winner gave away is
/// taken.
class FreshRowIds {
 public:
  /// Borrows `request`, which must outlive this. Errors: kInvalidArgument for a file without numRecords.
  static Result<FreshRowIds> Make(const CommitRequest& request);
  /// Lines of the add actions as they are at `version`, and of the new mark, where `mark` is that before it.
  std::string Lines(int64_t version, int64_t mark) const;
  int64_t MarkAfter(int64_t mark) const;

 private:
  explicit FreshRowIds(const CommitRequest& request) : request_(&request) {}
  const CommitRequest* request_;
  std::vector<int64_t> record_counts_;  ///< Parallel to the request's adds; 0 for those that have their ids.
};

}  // namespace neurolake::tables::delta::internal
