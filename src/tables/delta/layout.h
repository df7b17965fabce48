#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// Below this delta.targetFileSize is a mistake: each row or two would be a file.
inline constexpr int64_t kSmallestTargetBytes = int64_t{1} << 10;

/// How large a table's data files should be: delta.targetFileSize ("128mb", "1g", bytes), else 256 MiB.
/// A value that is no size counts as not given: it came through another writer.
int64_t TargetFileBytes(const Metadata& metadata);

/// "104857600", "100mb", "100 MB", "1g" to bytes. Errors: kInvalidArgument.
Result<int64_t> ParseByteSize(std::string_view text);

struct CompactionOptions {
  int64_t target_bytes = 0;
  /// A file of more deleted rows than this share is rewritten even when it is large enough and alone.
  double deleted_share_max = 0.05;
  /// A partition is looked at only when it has so many small files; for compaction after writes.
  size_t small_files_min = 2;
};

/// Files that become one. All of one partition.
struct CompactionBin {
  std::vector<uint32_t> files;  ///< Positions in `snapshot.files()`.
  int64_t bytes = 0;            ///< What they have now, without deleted rows.
};

/// Which of `considered` (positions in the snapshot's files) to rewrite together: files that are smaller than three
/// quarters of the target, and those with many deleted rows, packed in order of age into bins of at most the target
/// size. A bin of one file without deleted rows is left alone: nothing would be gained. Pure; O(n log n).
std::vector<CompactionBin> PlanCompaction(const Snapshot& snapshot, const std::vector<uint32_t>& considered,
                                          const CompactionOptions& options);

/// The positions in `considered`, one group for each partition, groups and members in a stable order.
std::vector<std::vector<uint32_t>> GroupByPartition(const Snapshot& snapshot, const std::vector<uint32_t>& considered);

/// Share of rows that deletion vectors take away; 0 where the number of rows is not known.
double DeletedShare(const AddFile& file);

/// The clustering columns of a table, from the domain `delta.clustering`: the logical names that lead to each, several
/// for a field of a struct. Empty when the table is not clustered. Errors: kCorruption.
Result<std::vector<std::vector<std::string>>> ClusteringColumns(const Snapshot& snapshot);

/// Tags that say which run of clustering a file came from ("cube") and by which columns, as Delta's own clustering
/// writes them.
inline constexpr const char* kCubeIdTag = "ZCUBE_ID";
inline constexpr const char* kCubeColumnsTag = "ZCUBE_ZORDER_BY";
inline constexpr const char* kCubeCurveTag = "ZCUBE_ZORDER_CURVE";

/// Which of `considered` to cluster anew. Incremental: what no clustering has touched, and the smaller of the cubes
/// made by `columns_tag` while they are not much larger than what is already chosen, so that a row is rewritten a
/// logarithmic number of times. Full: all, unless all is one cube already. Pure.
std::vector<uint32_t> PlanClustering(const Snapshot& snapshot, const std::vector<uint32_t>& considered,
                                     const std::string& columns_tag, bool full);

/// AddFile::clustering_provider of files that this product clustered.
inline constexpr std::string_view kClusteringProvider = "liquid";

/// How many files, on average over the files, may have rows of a file's range of `column`, by the log's bounds: 1 is
/// perfectly ordered, the number of files is no order at all. nullopt where a file lacks bounds, or there are no files.
std::optional<double> OverlapDepth(const Snapshot& snapshot, const StructField& column);

}  // namespace neurolake::tables::delta
