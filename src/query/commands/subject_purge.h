#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "query/commands/subject_rows.h"

namespace neurolake::query {

/// What was taken out of one table.
struct SubjectPurge {
  int64_t files_rewritten = 0;
  int64_t files_deleted = 0;
  int64_t versions = 0;  ///< That cannot be read any more.
  int64_t log_files = 0;
  int64_t first_version = -1;  ///< The log begins with it; -1: it was left as it was.
};

/// Writes the files anew that have rows of the subject, as one version, until the newest one has none. Returns what was
/// found last: its history is what Purge takes. Errors: kConflict where others go on writing such rows.
Result<SubjectRows> RewriteWithoutSubject(CommandContext& context, SubjectSearch& search, const SubjectTable& table,
                                          const std::string& erasure, SubjectPurge& purge);

/// Deletes the files that `rows` says have the subject's rows, and all others that no version needs which can be read
/// afterwards, makes a version that says so, and has the log begin with it. Files that shallow clones were made from
/// stay unless they have such rows; `needed` are those that the newest version of one has, absolute.
/// Again it goes on where it stopped. Errors: kConflict where a file came back (RESTORE).
Result<void> PurgeHistory(CommandContext& context, const SubjectTable& table, const SubjectRows& rows,
                          const std::string& erasure, const std::set<std::string>& needed, SubjectPurge& purge);

}  // namespace neurolake::query
