#include "tables/delta/internal/conflict.h"

#include <simdjson.h>

#include <unordered_map>

#include "common/text.h"
#include "tables/delta/reconciler.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::tables::delta {

std::string_view IsolationName(IsolationLevel level) {
  switch (level) {
    case IsolationLevel::kSerializable: return "Serializable";
    case IsolationLevel::kWriteSerializable: return "WriteSerializable";
    case IsolationLevel::kSnapshot: return "SnapshotIsolation";
  }
  NL_UNREACHABLE();
}

namespace internal {
namespace {

std::unexpected<Error> Conflict(int64_t version, std::string_view rule, std::string_view what) {
  return MakeError(ErrorCode::kConflict,
                   "another commit changed the table while the statement ran, run it again ({}: {} in version {})",
                   rule, what, version);
}

/// By path alone: two deletion vectors for one file exclude each other too.
std::string PathKey(std::string_view path) { return FileKey(path, std::nullopt); }

int64_t DeletedRowCount(const auto& file) { return file.deletion_vector ? file.deletion_vector->cardinality : 0; }

/// Whether the commit says of itself that it read nothing, and looks like it.
bool IsBlindAppend(const CommitActions& actions) {
  if (actions.commit_info.empty() || !actions.removes.empty()) return false;
  simdjson::dom::parser parser;
  simdjson::dom::element info;
  bool blind = false;
  return parser.parse(simdjson::padded_string(actions.commit_info)).get(info) == simdjson::SUCCESS &&
         info["isBlindAppend"].get_bool().get(blind) == simdjson::SUCCESS && blind;
}

}  // namespace

IsolationLevel IsolationOf(const TableState& before, const CommitRequest& request) {
  const bool changes_rows = std::ranges::any_of(request.adds, &AddFile::data_change) ||
                            std::ranges::any_of(request.removes, &RemoveFile::data_change);
  const bool has_files = !request.adds.empty() || !request.removes.empty();
  if (has_files && !changes_rows && !request.metadata.has_value() && !request.protocol.has_value()) {
    return IsolationLevel::kSnapshot;
  }
  if (request.exclusive || request.serializable || !before.metadata.has_value()) return IsolationLevel::kSerializable;
  const auto found = before.metadata->configuration.find("delta.isolationLevel");
  const bool strict =
      found != before.metadata->configuration.end() && EqualsIgnoringCase(found->second, "Serializable");
  return strict ? IsolationLevel::kSerializable : IsolationLevel::kWriteSerializable;
}

ConflictCheck::ConflictCheck(const TableState& before, const CommitRequest& request)
    : before_(&before), request_(&request), level_(IsolationOf(before, request)) {
  // What an append is said to be blind of, it must not derive a schema or a removal from.
  const bool blind =
      request.blind_append && request.removes.empty() && !request.metadata.has_value() && !request.protocol.has_value();
  scope_ = blind || level_ == IsolationLevel::kSnapshot ? ReadScope::Nothing() : request.read_scope;
  removed_paths_.reserve(request.removes.size());
  for (const RemoveFile& remove : request.removes) removed_paths_.insert(PathKey(remove.path));
  added_paths_.reserve(request.adds.size());
  for (const AddFile& add : request.adds) added_paths_.insert(PathKey(add.path));
  read_paths_.reserve(scope_.files.size());
  for (const std::string& path : scope_.files) read_paths_.insert(PathKey(path));
}

Result<ConflictCheck> ConflictCheck::Make(const TableState& before, const CommitRequest& request) {
  ConflictCheck check(before, request);
  if (!check.scope_.predicates.empty() && before.metadata.has_value()) {
    NL_ASSIGN_OR_RETURN(check.schema_, ParseSchema(before.metadata->schema_string));
  }
  return check;
}

Result<void> ConflictCheck::Allow(const CommitActions& winner, int64_t version) const {
  if (request_->exclusive) return Conflict(version, "ConcurrentWrite", "another commit was made");
  NL_RETURN_IF_ERROR(AllowNames(winner, version));
  NL_RETURN_IF_ERROR(AllowRemoves(winner, version));
  return AllowAdds(winner, version);
}

Result<void> ConflictCheck::AllowNames(const CommitActions& winner, int64_t version) const {
  if (winner.protocol.has_value()) return Conflict(version, "ProtocolChanged", "the protocol changed");
  if (winner.metadata.has_value()) return Conflict(version, "MetadataChanged", "the schema or a property changed");
  for (const SetTransaction& mine : request_->transactions) {
    if (std::ranges::find(winner.transactions, mine.app_id, &SetTransaction::app_id) != winner.transactions.end()) {
      return Conflict(version, "ConcurrentTransaction", "the same application committed");
    }
  }
  for (const DomainMetadata& mine : request_->domains) {
    if (mine.domain == kRowTrackingDomain) continue;  // Written anew for each attempt.
    if (std::ranges::find(winner.domains, mine.domain, &DomainMetadata::domain) != winner.domains.end()) {
      return Conflict(version, "ConcurrentDomainMetadata", "the same metadata domain changed");
    }
  }
  return {};
}

Result<void> ConflictCheck::AllowRemoves(const CommitActions& winner, int64_t version) const {
  for (const RemoveFile& theirs : winner.removes) {
    const std::string key = PathKey(theirs.path);
    if (removed_paths_.contains(key)) {
      return Conflict(version, "ConcurrentDeleteDelete", "a file that the statement changes was changed");
    }
    // A file of the table that is added anew, as for row ids: its rows would come back beside where they went.
    if (added_paths_.contains(key)) {
      return Conflict(version, "ConcurrentDeleteRead", "a file that the statement describes anew was changed");
    }
    // The same rows in other files are the same answer.
    if (!theirs.data_change) continue;
    if (scope_.whole_table || read_paths_.contains(key)) {
      return Conflict(version, "ConcurrentDeleteRead", "rows that the statement read were changed");
    }
  }
  return {};
}

Result<void> ConflictCheck::AllowAdds(const CommitActions& winner, int64_t version) const {
  if (!scope_.whole_table && scope_.predicates.empty()) return {};
  const bool may_follow_blind_appends = level_ == IsolationLevel::kWriteSerializable &&
                                        !request_->metadata.has_value() && !request_->protocol.has_value();
  if (may_follow_blind_appends && IsBlindAppend(winner)) return {};
  std::unordered_map<std::string, int64_t> taken_away;  // Deleted rows of files that are removed.
  for (const RemoveFile& theirs : winner.removes) taken_away[PathKey(theirs.path)] = DeletedRowCount(theirs);
  for (const AddFile& theirs : winner.adds) {
    if (!theirs.data_change) continue;
    // The same file with more rows deleted brings none.
    const auto before = taken_away.find(PathKey(theirs.path));
    if (before != taken_away.end() && DeletedRowCount(theirs) >= before->second) continue;
    const bool wanted = scope_.whole_table || std::ranges::any_of(scope_.predicates, [&](const ReadPredicate& mine) {
                          return MayMatch(mine, theirs, schema_, before_->metadata->partition_columns);
                        });
    if (wanted) return Conflict(version, "ConcurrentAppend", "rows came that the statement may have had to read");
  }
  return {};
}

}  // namespace internal
}  // namespace neurolake::tables::delta
