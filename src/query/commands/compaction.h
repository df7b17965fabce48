#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// Files that are written anew together; all of one partition.
struct Rewrite {
  std::vector<uint32_t> files;  ///< Positions in the snapshot.
  int64_t file_bytes = 0;       ///< About where one new file ends and the next begins.
  int64_t bytes = 0;            ///< Of `files`; for rows laid out along a curve.
};

/// One version that arranges rows in other files and changes none.
struct Rearrangement {
  std::vector<Rewrite> rewrites;
  /// SQL over the table's columns that gives a row's place on a curve, and rows of a sample by parts of that curve
  /// (engine::duckdb::CurveLayout). Empty: rows stay in the order in which they come.
  std::string place;
  std::vector<int64_t> sample_rows;
  std::string operation = "OPTIMIZE";
  std::map<std::string, std::string> parameters;
  /// `expression AS column, …`: what stands in the place of columns as files hold them. Empty: they stay.
  std::string replaced_columns;
  /// Protocol and metadata that the version has too, as lines of a commit; what is written is as files hold it under
  /// them, and the table has to be at the plan's version still. Empty: they stay.
  std::string definition;
  /// When all files are written and nothing is published; its error ends all. Empty: nothing.
  std::function<Result<void>()> before_commit = {};
  std::string keep;  ///< SQL over the table's columns, never NULL: only rows of which it is true stay. Empty: all.
  std::string clustering_provider;
  std::map<std::string, std::string> tags;
};

struct RearrangementOutcome {
  int64_t version = -1;  ///< -1: there was nothing to do.
  bool counted = true;   ///< False: the version is there, and what it did could not be read.
  int64_t files_added = 0, files_removed = 0;
  int64_t bytes_added = 0, bytes_removed = 0;

  /// One of these numbers as answers have it.
  std::optional<std::string> Shown(int64_t number) const;
};

/// Runs it as one version: each rewrite is a statement of one transaction, so memory is that of
/// one. Rows deleted by deletion vectors stay behind. The plan may be of an older version than the newest: what is read
/// is the newest, and a planned file that is gone is kConflict.
Result<RearrangementOutcome> Rearrange(CommandContext& context, const OpenedTable& table,
                                       const Rearrangement& rearrangement);

/// The list ['path', …] as lake_files takes it.
std::string PathList(const OpenedTable& table, const std::vector<uint32_t>& files);

/// After a write: brings small files together if the table has delta.autoOptimize.autoCompact and enough of them.
Result<RearrangementOutcome> CompactAfterWrite(CommandContext& context, const OpenedTable& table);

}  // namespace neurolake::query
