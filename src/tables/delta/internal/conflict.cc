#include "tables/delta/internal/conflict.h"

#include "tables/delta/reconciler.h"

namespace neurolake::tables::delta::internal {
namespace {

std::unexpected<Error> Conflict(int64_t version, std::string_view what) {
  return MakeError(ErrorCode::kConflict,
                   "another commit changed the table while the statement ran, run it again ({} in version {})", what,
                   version);
}

}  // namespace

ConflictCheck::ConflictCheck(const CommitRequest& request) : request_(request) {
  // A changed schema or protocol was derived from what was read, whatever the request says of itself.
  reads_nothing_ =
      request.blind_append && request.removes.empty() && !request.metadata.has_value() && !request.protocol.has_value();
  removed_paths_.reserve(request.removes.size());
  // By path alone: two deletion vectors for one file exclude each other too.
  for (const RemoveFile& remove : request.removes) removed_paths_.insert(FileKey(remove.path, std::nullopt));
}

Result<void> ConflictCheck::Allow(const CommitActions& winner, int64_t version) const {
  if (winner.protocol.has_value()) return Conflict(version, "the protocol changed");
  if (winner.metadata.has_value()) return Conflict(version, "the schema or a property changed");
  for (const SetTransaction& mine : request_.transactions) {
    if (std::ranges::find(winner.transactions, mine.app_id, &SetTransaction::app_id) != winner.transactions.end()) {
      return Conflict(version, "the same application committed");
    }
  }
  for (const DomainMetadata& mine : request_.domains) {
    if (std::ranges::find(winner.domains, mine.domain, &DomainMetadata::domain) != winner.domains.end()) {
      return Conflict(version, "the same metadata domain changed");
    }
  }
  for (const RemoveFile& theirs : winner.removes) {
    if (removed_paths_.contains(FileKey(theirs.path, std::nullopt))) return Conflict(version, "a file was rewritten");
  }
  if (reads_nothing_) return {};
  if (std::ranges::any_of(winner.adds, &AddFile::data_change) ||
      std::ranges::any_of(winner.removes, &RemoveFile::data_change)) {
    return Conflict(version, "rows changed");
  }
  return {};
}

}  // namespace neurolake::tables::delta::internal
