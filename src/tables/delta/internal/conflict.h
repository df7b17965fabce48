#pragma once
#include <string>
#include <unordered_set>

#include "common/result.h"
#include "tables/delta/commit.h"
#include "tables/delta/internal/commit_body.h"

namespace neurolake::tables::delta::internal {

/// The level that decides over `request`: the table's, or kSnapshot where no row changes.
IsolationLevel IsolationOf(const TableState& before, const CommitRequest& request);

/// Decides whether a commit may be put after one that won the race.
class ConflictCheck {
 public:
  /// Borrows both, which must outlive this. Errors: kCorruption for a schema that cannot be read.
  static Result<ConflictCheck> Make(const TableState& before, const CommitRequest& request);
  /// Errors: kConflict saying which rule; see Commit.
  Result<void> Allow(const CommitActions& winner, int64_t version) const;

 private:
  ConflictCheck(const TableState& before, const CommitRequest& request);
  Result<void> AllowNames(const CommitActions& winner, int64_t version) const;
  Result<void> AllowRemoves(const CommitActions& winner, int64_t version) const;
  Result<void> AllowAdds(const CommitActions& winner, int64_t version) const;

  const TableState* before_;
  const CommitRequest* request_;
  IsolationLevel level_;
  ReadScope scope_;  ///< What really counts of the request's.
  DataType schema_;  ///< Empty unless the scope has predicates.
  std::unordered_set<std::string> removed_paths_;
  std::unordered_set<std::string> added_paths_;
  std::unordered_set<std::string> read_paths_;
};

}  // namespace neurolake::tables::delta::internal
