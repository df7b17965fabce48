#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/deletion_vector.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// Columns that a change feed has behind the table's own.
inline constexpr const char* kChangeType = "_change_type";  ///< insert, update_preimage, update_postimage or delete.
inline constexpr const char* kCommitVersion = "_commit_version";
inline constexpr const char* kCommitTimestamp = "_commit_timestamp";

/// What a range of versions changed, as a table: `snapshot` has the schema of the last one with the three columns
/// above, and a file for each part of the answer. Version and time are its partition columns; so is the change type,
/// where the file does not have the column itself, as files of `_change_data` do.
struct ChangeFeed {
  std::shared_ptr<const Snapshot> snapshot;
  /// By position in `snapshot->files()`: of these files just these rows are meant.
  std::map<uint32_t, DeletedRows> only_rows;
};

/// Refuses columns of `schema` with one of the three names where `configuration` turns the feed on: files of changes
/// would have the column twice. Errors: kInvalidArgument.
Result<void> CheckFeedColumns(const std::map<std::string, std::string>& configuration, const DataType& schema);

/// Builds the feed between two versions of a table, both included.
/// Errors: kInvalidArgument if the feed was off in one of the versions or a column has one of the names above;
///   kVersionNotFound if a commit was cleaned away; kNotSupported if one removes a file of a partitioned table without
///   its partition values (another writer's, without extendedFileMetadata); kCorruption; kIoError.
/// Source: PROTOCOL.md, "Change Data Files" and "Reader Requirements for Add CDC File".
Result<ChangeFeed> ReadChangeFeed(const RequestContext& ctx, storage::ObjectStore& store, const Snapshot& first,
                                  const Snapshot& last);

}  // namespace neurolake::tables::delta
