#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tables/delta/actions.h"
#include "tables/delta/commit.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// Row tracking: every row of a table has an id that it keeps. Source: PROTOCOL.md, "Row Tracking".
constexpr std::string_view kRowTrackingDomain = "delta.rowTracking";

/// Whether commits must give ids to the rows that they bring: the feature is supported and not suspended.
bool TracksRows(const Protocol& protocol, const Metadata& metadata);
/// Whether rows must keep their ids (delta.enableRowTracking), so that nobody may move them without.
bool KeepsRowIds(const Protocol& protocol, const Metadata& metadata);

/// The highest row id that was ever given, -1 if none was; nullopt for text that says nothing.
std::optional<int64_t> ParseRowIdMark(const DomainMetadata& domain);
int64_t RowIdMark(const Snapshot& snapshot);
DomainMetadata RowIdMarkDomain(int64_t mark);

/// Gives a table that gets delta.enableRowTracking names for the columns that would keep ids of moved rows.
void NameRowTrackingColumns(Metadata& metadata);
/// Takes the names away; false if there were none.
bool ForgetRowTrackingColumns(Metadata& metadata);

/// The columns of data files in which rows that moved keep their id and the version they were last changed in. NULL, or
/// a file without them: the file's base_row_id and the row's place in it, and its default_row_commit_version.
struct RowTrackingColumns {
  std::string row_id;
  std::string row_commit_version;
};
/// Empty for a table whose metadata does not name them.
std::optional<RowTrackingColumns> RowTrackingColumnsOf(const Metadata& metadata);

/// Fills in what row tracking asks of a commit on `snapshot`: the mark of the ids given, and, where the commit switches
/// delta.enableRowTracking on, the columns' names and every file whose rows have no ids yet, so that they get them.
void CompleteRowTracking(const Snapshot& snapshot, CommitRequest& request);

}  // namespace neurolake::tables::delta
