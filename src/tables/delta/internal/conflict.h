#pragma once
#include <string>
#include <unordered_set>

#include "common/result.h"
#include "tables/delta/commit.h"

namespace neurolake::tables::delta::internal {

/// Decides whether a commit may be put after one that won the race.
class ConflictCheck {
 public:
  /// Borrows `request`, which must outlive this.
  explicit ConflictCheck(const CommitRequest& request);
  /// Errors: kConflict saying which rule; see Commit.
  Result<void> Allow(const CommitActions& winner, int64_t version) const;

 private:
  const CommitRequest& request_;
  bool reads_nothing_ = false;
  std::unordered_set<std::string> removed_paths_;
};

}  // namespace neurolake::tables::delta::internal
