#pragma once
#include <string>
#include <vector>

#include "common/result.h"
#include "tables/delta/commit.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// A file to copy from the source table's directory to the clone's.
struct FileCopy {
  std::string from;        ///< Absolute.
  std::string to;          ///< Absolute.
  int64_t size_bytes = 0;  ///< -1 for a deletion vector's, which the log does not tell.
};

struct ClonePlan {
  CommitRequest request;  ///< Version 0 of the clone; table path, names and users are for the caller.
  std::vector<FileCopy> copies;
  int64_t bytes = 0;
};

/// A deep clone of one version: the same schema, properties, partitions, clustering and files under the same names, as
/// a table of its own, with a history of its own. Pure.
/// `subdirectory`, below the clone's, keeps its files apart from those of the table that the clone replaces; "" for a
/// new table. Errors: kNotSupported for row tracking, whose ids would have to go on; as ResolvePath.
Result<ClonePlan> PlanDeepClone(const Snapshot& source, const std::string& clone_path, const std::string& subdirectory,
                                int64_t now_ms);

/// Makes a plan one that replaces `old`, as its next version: its files go, and of its domains those that the clone has
/// not; its id stays, and its protocol gets no smaller. Pure.
void ReplaceByClone(const Snapshot& old, int64_t now_ms, ClonePlan& plan);

}  // namespace neurolake::tables::delta
