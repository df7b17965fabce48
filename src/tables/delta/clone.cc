#include "tables/delta/clone.h"

#include <algorithm>
#include <unordered_set>

#include "common/ids.h"
#include "tables/delta/deletion_vector.h"
#include "tables/delta/file_path.h"
#include "tables/delta/restore.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::tables::delta {
namespace {

/// Paths below the source become the same ones below the clone.
class Copies {
 public:
  Copies(const std::string& source, const std::string& clone, const std::string& subdirectory)
      : source_(WithSlash(source)), clone_(WithSlash(clone)), prefix_(subdirectory.empty() ? "" : subdirectory + "/") {}

  Result<std::string> Add(const std::string& from, int64_t size_bytes) {
    if (!from.starts_with(source_)) {
      return MakeError(ErrorCode::kPermissionDenied, "the log names a file outside the table's directory");
    }
    const std::string relative = prefix_ + from.substr(source_.size());
    if (seen_.insert(relative).second) copies_.push_back({from, clone_ + relative, size_bytes});
    return relative;
  }

  std::vector<FileCopy> Take() { return std::move(copies_); }

 private:
  static std::string WithSlash(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path + "/";
  }

  const std::string source_, clone_, prefix_;
  std::unordered_set<std::string> seen_;
  std::vector<FileCopy> copies_;
};

constexpr size_t kEncodedUuidLength = 20;

Result<void> CloneVector(const Snapshot& source, const std::string& subdirectory, DeletionVectorDescriptor& vector,
                         Copies& copies) {
  NL_ASSIGN_OR_RETURN(const std::string path, DeletionVectorPath(source.table_path(), vector));
  if (path.empty()) return {};  // Inline.
  if (vector.storage_type != "u") {
    return MakeError(ErrorCode::kNotSupported,
                     "a table whose deletion vectors have absolute paths cannot be cloned: {}", source.table_path());
  }
  NL_RETURN_IF_ERROR(copies.Add(path, -1));
  if (subdirectory.empty()) return {};
  // "<directory><uuid>": the directory in front may be empty.
  const bool nested = vector.path_or_inline_dv.size() > kEncodedUuidLength;
  vector.path_or_inline_dv = subdirectory + (nested ? "/" : "") + vector.path_or_inline_dv;
  return {};
}

}  // namespace

Result<ClonePlan> PlanDeepClone(const Snapshot& source, const std::string& clone_path, const std::string& subdirectory,
                                int64_t now_ms) {
  if (source.Property("delta.enableRowTracking") == "true") {
    return MakeError(ErrorCode::kNotSupported, "a table with row tracking cannot be cloned yet: {}",
                     source.table_path());
  }
  ClonePlan plan;
  CommitRequest& request = plan.request;
  request.operation = "CLONE";
  request.protocol = source.protocol();
  request.metadata = source.metadata();
  request.metadata->id = NewUuid();
  request.metadata->created_time_ms = now_ms;
  // The clone has had its timestamps from the beginning.
  request.metadata->configuration.erase("delta.inCommitTimestampEnablementVersion");
  request.metadata->configuration.erase("delta.inCommitTimestampEnablementTimestamp");
  Copies copies(source.table_path(), clone_path, subdirectory);
  for (const AddFile& file : source.files()) {
    AddFile add = file;
    NL_ASSIGN_OR_RETURN(const std::string path, ResolvePath(source.table_path(), file.path));
    NL_ASSIGN_OR_RETURN(const std::string relative, copies.Add(path, file.size_bytes));
    add.path = EncodePath(relative);
    add.data_change = true;
    add.base_row_id.reset();
    add.default_row_commit_version.reset();
    plan.bytes += file.size_bytes;
    if (add.deletion_vector) NL_RETURN_IF_ERROR(CloneVector(source, subdirectory, *add.deletion_vector, copies));
    request.adds.push_back(std::move(add));
  }
  for (const auto& [name, domain] : source.log().domains) request.domains.push_back(domain);
  plan.copies = copies.Take();
  return plan;
}

void ReplaceByClone(const Snapshot& old, int64_t now_ms, ClonePlan& plan) {
  CommitRequest& request = plan.request;
  request.read_version = old.version();
  request.snapshot_protocol = old.protocol();
  request.snapshot_metadata = old.metadata();
  request.metadata->id = old.metadata().id;
  request.protocol = MergeProtocols(old.protocol(), *request.protocol);
  const auto& domains = old.log().domains;
  for (const auto& [name, domain] : domains) {
    const bool kept = std::ranges::any_of(request.domains, [&](const auto& mine) { return mine.domain == name; });
    // The mark of the row ids belongs to the table's log, not to what is in it.
    if (kept || name == kRowTrackingDomain) continue;
    request.domains.push_back({.domain = name, .configuration = domain.configuration, .removed = true});
  }
  for (const AddFile& file : old.files()) request.removes.push_back(MakeRemove(file, now_ms, /*data_change=*/true));
  CompleteRowTracking(old, request);
}

}  // namespace neurolake::tables::delta
