#pragma once
#include <string>
#include <vector>

#include "common/result.h"
#include "tables/delta/commit.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// A file to copy from a directory of the source table's files to the clone's.
struct FileCopy {
  std::string root;        ///< The directory that `from` is below, as the catalogue has it.
  std::string from;        ///< Absolute.
  std::string to;          ///< Absolute.
  int64_t size_bytes = 0;  ///< -1 for a deletion vector's, which the log does not tell.
};

struct ClonePlan {
  CommitRequest request;  ///< Version 0 of the clone; table path, names and users are for the caller.
  std::vector<FileCopy> copies;
  int64_t bytes = 0;
};

/// A tag of files whose statistics another writer may have written: good for leaving files out, which an owner of such
/// a table risks, and for nothing that takes them for facts of every row.
inline constexpr const char* kForeignStatisticsTag = "NEUROLAKE_FOREIGN_STATISTICS";

struct DeepCloneOptions {
  std::string subdirectory;  ///< Below the clone's: keeps its files apart from those it replaces; "" for a new table.
  bool foreign_statistics = false;  ///< The source's files may be of other writers: they are tagged as such.
};

/// A deep clone of one version: the same schema, properties, partitions, clustering and files under the same names, as
/// a table of its own, with a history of its own. Pure.
/// Rows of a table that tracks them get new ids, as the clone is another table.
/// Errors: kNotSupported for a deletion vector's file whose name is not the protocol's; as ResolvePath.
Result<ClonePlan> PlanDeepClone(const Snapshot& source, const std::string& clone_path, const DeepCloneOptions& options,
                                int64_t now_ms);

/// A shallow clone of one version: its log names the source's files where they are, so that nothing is copied.
/// Errors: as ResolvePath.
Result<ClonePlan> PlanShallowClone(const Snapshot& source, int64_t now_ms);

/// The paths that a shallow clone's log names outside of its directory, as it spells them.
std::vector<std::string> ForeignPaths(const std::vector<AddFile>& files);

/// Makes a plan one that replaces `old`, as its next version: its files go, and of its domains those that the clone has
/// not; its id stays, and its protocol gets no smaller. Pure.
void ReplaceByClone(const Snapshot& old, int64_t now_ms, ClonePlan& plan);

}  // namespace neurolake::tables::delta
