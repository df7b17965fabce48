#include "query/commands/vacuum.h"

#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "query/shallow_clones.h"
#include "tables/delta/file_path.h"
#include "tables/delta/vacuum.h"

namespace neurolake::query {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using tables::delta::VacuumPlan;

constexpr size_t kShownMax = 1000;  ///< Paths that a dry run answers, as Databricks does.
constexpr int64_t kHoursMax = 24 * 365 * 1000;

struct VacuumStatement {
  ObjectName table;
  bool lite = false;
  bool dry_run = false;
  std::optional<int64_t> retain_hours;
};

class Vacuum final : public TableCommand {
 public:
  explicit Vacuum(VacuumStatement statement) : statement_(std::move(statement)) {}
  std::string kind() const override { return "VACUUM"; }
  const ObjectName& target() const override { return statement_.table; }
  Result<OwnResult> Run(CommandContext& context) const override;

 private:
  Result<milliseconds> Retention(CommandContext& context, const OpenedTable& table) const;
  Result<int64_t> Delete(CommandContext& context, const OpenedTable& table, const VacuumPlan& plan,
                         milliseconds retention) const;
  VacuumStatement statement_;
};

/// Whether a clone without lists needs files of others: it was never finished, or somebody took the lists, and nobody
/// knows which files those are.
Result<bool> NamesFilesOfOthers(CommandContext& context, const boost::json::object& clone) {
  NL_ASSIGN_OR_RETURN(const std::string location, StringMember(clone, "location"));
  context.GrantLog(location);
  const auto snapshot = tables::delta::LoadSnapshot(context.request(), context.store(), context.log_reader(), location,
                                                    std::nullopt, nullptr, {});
  if (!snapshot.has_value() && snapshot.error().code() == ErrorCode::kNotFound) return false;
  if (!snapshot.has_value()) return std::unexpected(snapshot.error());
  const auto& files = (*snapshot)->files();
  for (size_t i = 0; i < files.size(); ++i) {
    if (tables::delta::IsAbsolutePath(files.path(i))) return true;
  }
  return false;
}

std::unexpected<Error> ListsAreGone(const boost::json::object& clone) {
  auto name = StringMember(clone, "name");
  if (!name.has_value()) return std::unexpected(std::move(name).error());
  return MakeError(ErrorCode::kCorruption,
                   "the lists of a shallow clone's files are gone, so that VACUUM cannot know which files of the table "
                   "the clone needs; bring back its directory _shallow_clone, or make the clone anew with CREATE OR "
                   "REPLACE TABLE, clone: {}",
                   *name);
}

}  // namespace

Result<tables::delta::NamedFiles> FilesOfClones(CommandContext& context, const OpenedTable& table, bool again) {
  NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "clones_of", {{"table", table.entry.id.value()}}));
  const auto* clones = answer.if_contains("clones");
  if (clones == nullptr || !clones->is_array()) return BadMember("clones");
  std::vector<tables::delta::ForeignRoot> roots;
  std::vector<std::string> listed;
  for (const auto& clone : clones->get_array()) {
    if (!clone.is_object()) return BadMember("clones");
    NL_ASSIGN_OR_RETURN(const auto named, DecodeRoots(clone.get_object()));
    roots.insert(roots.end(), named.begin(), named.end());
    const auto* lists = clone.get_object().if_contains("lists");
    if (lists == nullptr || !lists->is_array()) return BadMember("lists");
    if (lists->get_array().empty()) {
      NL_ASSIGN_OR_RETURN(const bool needs_others, NamesFilesOfOthers(context, clone.get_object()));
      if (needs_others && !again) return FilesOfClones(context, table, true);
      if (needs_others) return ListsAreGone(clone.get_object());
    }
    for (const auto& list : lists->get_array()) {
      if (!list.is_string()) return BadMember("lists");
      listed.emplace_back(list.get_string());
    }
  }
  tables::delta::NamedFiles files(table.entry.location, std::move(roots));
  const auto add = [&](std::string_view path) -> Result<void> {
    auto added = files.AddPath(std::string(path));
    // A clone of several tables has files of others, too.
    const bool elsewhere = !added.has_value() && (added.error().code() == ErrorCode::kPermissionDenied ||
                                                  added.error().code() == ErrorCode::kNotSupported);
    return elsewhere ? Result<void>() : added;
  };
  for (const std::string& list : listed) {
    const auto read = ReadCloneList(context.store(), list, add);
    // A clone that was refused takes its list back.
    if (!read.has_value() && read.error().code() != ErrorCode::kNotFound) return std::unexpected(read.error());
  }
  return files;
}

namespace {

Result<milliseconds> Vacuum::Retention(CommandContext& context, const OpenedTable& table) const {
  NL_ASSIGN_OR_RETURN(const milliseconds kept, tables::delta::DeletedFileRetention(table.snapshot->metadata()));
  if (!statement_.retain_hours) return kept;
  const milliseconds asked = hours(*statement_.retain_hours);
  if (asked >= kept) return asked;
  NL_ASSIGN_OR_RETURN(const bool allowed, MayShortenRetention(context));
  if (allowed) return asked;
  return MakeError(ErrorCode::kInvalidArgument,
                   "RETAIN is shorter than the table keeps files that readers of older versions and statements under "
                   "way may need (delta.deletedFileRetentionDuration), hours kept: {}, asked for: {}; an administrator "
                   "can allow it with the setting vacuum.short_retention",
                   std::chrono::duration_cast<hours>(kept).count(), *statement_.retain_hours);
}

// Tells history what goes, before and after. It reads nothing, so that it loses no race against writers.
Result<void> Log(CommandContext& context, const OpenedTable& table, const char* operation,
                 std::map<std::string, std::string> parameters, std::map<std::string, std::string> metrics) {
  tables::delta::CommitRequest request;
  request.operation = operation;
  request.operation_parameters = std::move(parameters);
  request.operation_metrics = std::move(metrics);
  request.read_scope = tables::delta::ReadScope::Nothing();
  NL_RETURN_IF_ERROR(context.Commit(table, std::move(request)));
  return {};
}

Result<int64_t> Vacuum::Delete(CommandContext& context, const OpenedTable& table, const VacuumPlan& plan,
                               milliseconds retention) const {
  NL_ASSIGN_OR_RETURN(const milliseconds kept, tables::delta::DeletedFileRetention(table.snapshot->metadata()));
  NL_RETURN_IF_ERROR(Log(
      context, table, "VACUUM START",
      {{"retentionCheckEnabled", retention < kept ? "false" : "true"},
       {"specifiedRetentionMillis", std::to_string(retention.count())},
       {"defaultRetentionMillis", std::to_string(kept.count())},
       {"type", statement_.lite ? "\"LITE\"" : "\"FULL\""}},
      {{"numFilesToDelete", std::to_string(plan.files.size())}, {"sizeOfDataToDelete", std::to_string(plan.bytes)}}));
  // A RESTORE may have brought files back since the plan was made.
  NL_ASSIGN_OR_RETURN(const OpenedTable now, context.Open(statement_.table));
  NL_ASSIGN_OR_RETURN(const auto kept_for_clones, FilesOfClones(context, now));
  NL_ASSIGN_OR_RETURN(
      const VacuumPlan still,
      tables::delta::PlanVacuum(context.request(), context.store(), context.log_reader(), *now.snapshot,
                                {.retention = retention, .lite = statement_.lite, .kept = &kept_for_clones}));
  tables::delta::NamedSince named(context.request(), context.store(), *now.snapshot);
  int64_t deleted = 0;
  Result<void> outcome;
  for (const auto& file : still.files) {
    const auto is_back = named.Has(file.path);
    if (is_back.has_value() && *is_back) continue;
    if (!is_back.has_value()) outcome = std::unexpected(is_back.error());
    if (outcome.has_value()) outcome = context.store().DeleteBelow(now.entry.location, file.path);
    if (!outcome.has_value()) break;
    ++deleted;
  }
  auto logged = Log(context, now, "VACUUM END", {{"status", outcome.has_value() ? "\"COMPLETED\"" : "\"FAILED\""}},
                    {{"numDeletedFiles", std::to_string(deleted)}});
  NL_RETURN_IF_ERROR(std::move(outcome));
  NL_RETURN_IF_ERROR(std::move(logged));
  return deleted;
}

Result<OwnResult> Vacuum::Run(CommandContext& context) const {
  NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(statement_.table));
  NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
  NL_ASSIGN_OR_RETURN(const milliseconds retention, Retention(context, table));
  NL_ASSIGN_OR_RETURN(const auto kept_for_clones, FilesOfClones(context, table));
  NL_ASSIGN_OR_RETURN(
      const VacuumPlan plan,
      tables::delta::PlanVacuum(context.request(), context.store(), context.log_reader(), *table.snapshot,
                                {.retention = retention, .lite = statement_.lite, .kept = &kept_for_clones}));
  if (!statement_.dry_run) {
    NL_ASSIGN_OR_RETURN(const int64_t deleted, Delete(context, table, plan, retention));
    return MakeOwnResult({{"path", "VARCHAR"}, {"files_deleted", "BIGINT"}, {"bytes_to_delete", "BIGINT"}},
                         {{table.entry.location, std::to_string(deleted), std::to_string(plan.bytes)}});
  }
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (size_t i = 0; i < std::min(plan.files.size(), kShownMax); ++i) {
    rows.push_back({plan.files[i].path, std::to_string(plan.files[i].size_bytes), std::to_string(plan.files.size()),
                    std::to_string(plan.bytes)});
  }
  return MakeOwnResult(
      {{"path", "VARCHAR"}, {"size_bytes", "BIGINT"}, {"files_to_delete", "BIGINT"}, {"bytes_to_delete", "BIGINT"}},
      rows);
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseVacuum(TokenCursor cursor) {
  if (!cursor.AcceptWord("vacuum")) return nullptr;
  VacuumStatement statement;
  NL_ASSIGN_OR_RETURN(statement.table, cursor.ExpectObjectName());
  if (cursor.AcceptWord("lite")) {
    statement.lite = true;
  } else {
    cursor.AcceptWord("full");
  }
  if (cursor.AcceptWord("retain")) {
    NL_ASSIGN_OR_RETURN(statement.retain_hours, cursor.ExpectInteger("a number of hours"));
    if (*statement.retain_hours < 0 || *statement.retain_hours > kHoursMax) {
      return MakeError(ErrorCode::kInvalidArgument, "RETAIN takes 0 to {} hours", kHoursMax);
    }
    NL_RETURN_IF_ERROR(cursor.ExpectWord("hours"));
  }
  if (cursor.AcceptWord("dry")) {
    NL_RETURN_IF_ERROR(cursor.ExpectWord("run"));
    statement.dry_run = true;
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Vacuum>(std::move(statement));
}

}  // namespace neurolake::query
