#include "query/commands/restore.h"

#include "query/commands/version_clause.h"
#include "tables/delta/file_presence.h"
#include "tables/delta/restore.h"

namespace neurolake::query {
namespace {

using tables::delta::RestorePlan;

constexpr size_t kMissingNamed = 5;

int64_t NowMilliseconds(const RequestContext& ctx) {
  return std::chrono::floor<std::chrono::milliseconds>(ctx.clock().Now()).time_since_epoch().count();
}

class Restore final : public TableCommand {
 public:
  Restore(ObjectName table, VersionClause clause) : table_(std::move(table)), clause_(std::move(clause)) {}
  std::string kind() const override { return "RESTORE"; }
  const ObjectName& target() const override { return table_; }
  Result<OwnResult> Run(CommandContext& context) const override;

 private:
  ObjectName table_;
  VersionClause clause_;
};

// A version can be gone in part: VACUUM keeps its log and takes its files.
Result<void> CheckFilesAreThere(CommandContext& context, const OpenedTable& table, const RestorePlan& plan,
                                int64_t version) {
  NL_ASSIGN_OR_RETURN(const auto missing,
                      tables::delta::FindMissingFiles(context.request(), context.store(), *table.snapshot, plan.adds));
  if (missing.empty()) return {};
  std::string named;
  for (size_t i = 0; i < std::min(missing.size(), kMissingNamed); ++i) {
    named += (i == 0 ? "" : ", ") + missing[i].path + (missing[i].deletion_vector ? " (its deletion vector)" : "");
  }
  return MakeError(ErrorCode::kVersionNotFound,
                   "the version cannot be restored, files of it are gone (VACUUM deletes what no retained version "
                   "needs), version: {}, files missing: {}, first: {}",
                   version, missing.size(), named);
}

Result<OwnResult> Restore::Run(CommandContext& context) const {
  NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
  NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
  NL_ASSIGN_OR_RETURN(const ResolvedVersion resolved, ResolveVersion(context, table, clause_));
  const int64_t version = resolved.version;
  NL_ASSIGN_OR_RETURN(const OpenedTable old, context.Open(table_, version));
  RestorePlan plan = tables::delta::PlanRestore(*table.snapshot, *old.snapshot, NowMilliseconds(context.request()));
  const auto adds = static_cast<int64_t>(plan.adds.size());
  const auto removes = static_cast<int64_t>(plan.removes.size());
  int64_t size_after = 0;
  for (const auto& file : old.snapshot->files()) size_after += file.size_bytes;
  const auto files_after = static_cast<int64_t>(old.snapshot->files().size());
  if (!plan.empty()) {
    NL_RETURN_IF_ERROR(CheckFilesAreThere(context, table, plan, version));
    tables::delta::CommitRequest request;
    request.operation = "RESTORE";
    // The table is to be what it was, and a VACUUM that began meanwhile may take the files that were looked for.
    request.exclusive = true;
    if (clause_.version) request.operation_parameters["version"] = std::to_string(version);
    else request.operation_parameters["timestamp"] = fmt::format("\"{}\"", resolved.timestamp);
    request.operation_metrics = {{"numRestoredFiles", std::to_string(adds)},
                                 {"numRemovedFiles", std::to_string(removes)},
                                 {"restoredFilesSize", std::to_string(plan.added_bytes)},
                                 {"removedFilesSize", std::to_string(plan.removed_bytes)},
                                 {"numOfFilesAfterRestore", std::to_string(files_after)},
                                 {"tableSizeAfterRestore", std::to_string(size_after)}};
    request.protocol = std::move(plan.protocol);
    request.metadata = std::move(plan.metadata);
    request.adds = std::move(plan.adds);
    request.removes = std::move(plan.removes);
    request.domains = std::move(plan.domains);
    NL_RETURN_IF_ERROR(context.NoteCopy(old, table.entry));
    NL_RETURN_IF_ERROR(context.Commit(table, std::move(request)));
  }
  return MakeOwnResult({{"table_size_after_restore", "BIGINT"},
                        {"num_of_files_after_restore", "BIGINT"},
                        {"num_removed_files", "BIGINT"},
                        {"num_restored_files", "BIGINT"},
                        {"removed_files_size", "BIGINT"},
                        {"restored_files_size", "BIGINT"}},
                       {{std::to_string(size_after), std::to_string(files_after), std::to_string(removes),
                         std::to_string(adds), std::to_string(plan.removed_bytes), std::to_string(plan.added_bytes)}});
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseRestore(TokenCursor cursor) {
  if (!cursor.AcceptWord("restore")) return nullptr;
  cursor.AcceptWord("table");
  NL_ASSIGN_OR_RETURN(ObjectName table, cursor.ExpectObjectName());
  cursor.AcceptWord("to");
  NL_ASSIGN_OR_RETURN(auto clause, ParseVersionClause(cursor));
  if (!clause) return cursor.Unexpected("TO VERSION AS OF or TO TIMESTAMP AS OF");
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Restore>(std::move(table), std::move(*clause));
}

}  // namespace neurolake::query
