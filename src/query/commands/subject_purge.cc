#include "query/commands/subject_purge.h"

#include <map>

#include "query/commands/compaction.h"
#include "query/commands/vacuum.h"
#include "storage/path.h"
#include "tables/delta/layout.h"

namespace neurolake::query {
namespace {

using tables::delta::Snapshot;

constexpr int kTriesMax = 5;
/// A file that no version names may belong to a statement under way.
constexpr std::chrono::hours kUnknownFilesKept{1};
constexpr const char* kOperation = "FORGET SUBJECT";

Result<void> WriteAnew(CommandContext& context, const SubjectSearch& search, const SubjectTable& table,
                       const SubjectRows& rows, const std::string& erasure) {
  Rearrangement rearrangement;
  rearrangement.operation = kOperation;
  // No condition: it would have what is to be forgotten.
  rearrangement.parameters = {{"erasure", "\"" + erasure + "\""}};
  NL_ASSIGN_OR_RETURN(const std::string condition, search.Condition(table, *rows.table.snapshot));
  rearrangement.keep = "NOT " + condition;
  std::map<tables::delta::PartitionValues, struct Rewrite> by_partition;
  const auto& files = rows.table.snapshot->files();
  const std::set<std::string, std::less<>> wanted(rows.rewrites.begin(), rows.rewrites.end());
  for (size_t i = 0; i < files.size(); ++i) {
    if (!wanted.contains(files.path(i))) continue;
    auto& rewrite = by_partition[files[i].partition_values];
    rewrite.files.push_back(static_cast<uint32_t>(i));
    rewrite.bytes += files.size_bytes(i);
  }
  for (auto& [partition, rewrite] : by_partition) {
    rewrite.file_bytes = 2 * tables::delta::TargetFileBytes(rows.table.snapshot->metadata());
    rearrangement.rewrites.push_back(std::move(rewrite));
  }
  NL_RETURN_IF_ERROR(Rearrange(context, rows.table, rearrangement));
  return {};
}

/// Absolute and normal paths of what the newest version needs.
Result<std::set<std::string>> Needed(const Snapshot& snapshot) {
  std::set<std::string> paths;
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    NL_ASSIGN_OR_RETURN(const std::string path, snapshot.PathOf(snapshot.files().path(i)));
    paths.insert(storage::NormalPath(path));
  }
  return paths;
}

/// Deletes `paths` unless the table, or a clone of it, needs them.
Result<void> DeleteFiles(CommandContext& context, const OpenedTable& now, const std::set<std::string>& paths,
                         const std::set<std::string>& needed_by_clones, SubjectPurge& purge) {
  NL_ASSIGN_OR_RETURN(const auto needed, Needed(*now.snapshot));
  tables::delta::NamedSince named(context.request(), context.store(), *now.snapshot);
  for (const std::string& path : paths) {
    NL_RETURN_IF_ERROR(context.request().CheckAlive());
    if (!path.starts_with(now.entry.location + "/") || needed_by_clones.contains(path)) continue;
    NL_ASSIGN_OR_RETURN(const bool is_back, named.Has(path));
    if (is_back || needed.contains(path)) {
      return MakeError(ErrorCode::kConflict,
                       "another statement brought files back that are to be erased, run this one again: {}",
                       now.full_name());
    }
    NL_RETURN_IF_ERROR(context.store().DeleteBelow(now.entry.location, path));
    ++purge.files_deleted;
  }
  return {};
}

/// What can be deleted besides: what versions named that cannot be read any more afterwards, and what nobody named.
Result<std::set<std::string>> Unneeded(CommandContext& context, const OpenedTable& now, const SubjectRows& rows) {
  NL_ASSIGN_OR_RETURN(const auto kept_for_clones, FilesOfClones(context, now));
  NL_ASSIGN_OR_RETURN(const auto plan,
                      tables::delta::PlanVacuum(context.request(), context.store(), context.log_reader(), *now.snapshot,
                                                {.retention = std::chrono::milliseconds(0), .kept = &kept_for_clones}));
  const WallTime old = context.request().clock().Now() - kUnknownFilesKept;
  std::set<std::string> paths;
  for (const auto& file : plan.files) {
    const std::string path = storage::NormalPath(file.path);
    if (rows.history.named.contains(path) || file.modified < old) paths.insert(path);
  }
  return paths;
}

/// A version that reads nothing and changes nothing, so that it loses no race: history says that something was done.
Result<int64_t> Mark(CommandContext& context, const OpenedTable& table, const std::string& erasure,
                     const SubjectPurge& purge) {
  tables::delta::CommitRequest request;
  request.operation = kOperation;
  request.operation_parameters = {{"erasure", "\"" + erasure + "\""}, {"step", "\"purge\""}};
  request.operation_metrics = {{"numDeletedFiles", std::to_string(purge.files_deleted)}};
  request.read_scope = tables::delta::ReadScope::Nothing();
  NL_ASSIGN_OR_RETURN(const auto outcome, context.Commit(table, std::move(request)));
  return outcome.version;
}

}  // namespace

Result<SubjectRows> RewriteWithoutSubject(CommandContext& context, SubjectSearch& search, const SubjectTable& table,
                                          const std::string& erasure, SubjectPurge& purge) {
  NL_ASSIGN_OR_RETURN(SubjectRows first, search.Find(table));
  std::set<std::string> retired(first.retired.begin(), first.retired.end());
  SubjectRows rows = first;
  for (int attempt = 0; attempt < kTriesMax && !rows.rewrites.empty(); ++attempt) {
    const auto done = WriteAnew(context, search, table, rows, erasure);
    if (done.has_value()) {
      purge.files_rewritten += static_cast<int64_t>(rows.rewrites.size());
      retired.insert(rows.rewrites.begin(), rows.rewrites.end());
    } else if (done.error().code() != ErrorCode::kConflict) {
      return std::unexpected(done.error());
    }
    NL_ASSIGN_OR_RETURN(rows, search.Find(table));
  }
  if (rows.rows > 0 || !rows.rewrites.empty()) {
    return MakeError(
        ErrorCode::kConflict,
        "others go on writing rows of the data subject, or to the files that have them, run this statement "
        "again: {}",
        table.full_name());
  }
  retired.insert(rows.retired.begin(), rows.retired.end());
  rows.retired.assign(retired.begin(), retired.end());
  rows.rows = first.rows;
  rows.rows_of_others = first.rows_of_others;
  return rows;
}

Result<void> PurgeHistory(CommandContext& context, const SubjectTable& table, const SubjectRows& rows,
                          const std::string& erasure, const std::set<std::string>& needed, SubjectPurge& purge) {
  NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
  NL_ASSIGN_OR_RETURN(OpenedTable now, context.Open(table.name));
  NL_ASSIGN_OR_RETURN(auto paths, Unneeded(context, now, rows));
  for (const std::string& retired : rows.retired) {
    NL_ASSIGN_OR_RETURN(const std::string path, now.snapshot->PathOf(retired));
    paths.insert(storage::NormalPath(path));
  }
  NL_RETURN_IF_ERROR(DeleteFiles(context, now, paths, needed, purge));
  NL_ASSIGN_OR_RETURN(const int64_t version, Mark(context, now, erasure, purge));
  NL_RETURN_IF_ERROR(context.CutLog(now, version));
  purge.first_version = version;
  purge.versions = version - rows.history.oldest_version;
  return {};
}

}  // namespace neurolake::query
