#include "tables/delta/clone.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "common/ids.h"
#include "tables/delta/deletion_vector.h"
#include "tables/delta/file_path.h"
#include "tables/delta/reconciler.h"
#include "tables/delta/restore.h"
#include "tables/delta/row_tracking.h"

namespace neurolake::tables::delta {
namespace {

/// Paths below the source become the same ones below the clone; those of tables that the source is a shallow clone of
/// get a directory each.
class Copies {
 public:
  Copies(const Snapshot& source, const std::string& clone, const std::string& subdirectory)
      : clone_(WithSlash(clone)), prefix_(subdirectory.empty() ? "" : subdirectory + "/") {
    roots_.push_back({WithSlash(source.table_path()), ""});
    for (const ForeignRoot& root : source.foreign_roots()) {
      roots_.push_back({WithSlash(root.location), fmt::format("foreign-{}/", roots_.size())});
    }
  }

  Result<std::string> Add(const std::string& from, int64_t size_bytes) {
    const auto root = std::ranges::find_if(roots_, [&](const Root& one) { return from.starts_with(one.path); });
    if (root == roots_.end()) {
      return MakeError(ErrorCode::kPermissionDenied, "the log names a file outside the table's directory");
    }
    const std::string relative = prefix_ + root->prefix + from.substr(root->path.size());
    if (seen_.insert(relative).second) {
      copies_.push_back({root->path.substr(0, root->path.size() - 1), from, clone_ + relative, size_bytes});
    }
    return relative;
  }

  std::vector<FileCopy> Take() { return std::move(copies_); }

 private:
  struct Root {
    std::string path;
    std::string prefix;
  };
  static std::string WithSlash(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path + "/";
  }

  const std::string clone_, prefix_;
  std::vector<Root> roots_;
  std::unordered_set<std::string> seen_;
  std::vector<FileCopy> copies_;
};

Result<void> CloneVector(const Snapshot& source, DeletionVectorDescriptor& vector, Copies& copies) {
  NL_ASSIGN_OR_RETURN(const std::string path, DeletionVectorPath(source.table_path(), vector, source.foreign_roots()));
  if (path.empty()) return {};  // Inline.
  NL_ASSIGN_OR_RETURN(const std::string relative, copies.Add(path, -1));
  auto moved = AsRelativeVector(vector, relative);
  if (!moved) {
    return MakeError(ErrorCode::kNotSupported,
                     "a table whose deletion vectors are in files that are not named as the protocol names them cannot "
                     "be cloned: {}",
                     source.table_path());
  }
  vector = std::move(*moved);
  return {};
}

Result<void> PointAtVector(const Snapshot& source, DeletionVectorDescriptor& vector) {
  NL_ASSIGN_OR_RETURN(const std::string path, DeletionVectorPath(source.table_path(), vector, source.foreign_roots()));
  if (path.empty()) return {};
  vector.storage_type = "p";
  vector.path_or_inline_dv = EncodeAbsolutePath(path);
  return {};
}

/// All but the files.
ClonePlan BeginClone(const Snapshot& source, int64_t now_ms) {
  ClonePlan plan;
  CommitRequest& request = plan.request;
  request.operation = "CLONE";
  request.protocol = source.protocol();
  request.metadata = source.metadata();
  Metadata& metadata = *request.metadata;
  metadata.id = NewUuid();
  metadata.created_time_ms = now_ms;
  // The clone has had its timestamps from the beginning.
  metadata.configuration.erase("delta.inCommitTimestampEnablementVersion");
  metadata.configuration.erase("delta.inCommitTimestampEnablementTimestamp");
  // Its rows are rows of another table: they get ids of its own, and those that moved rows took along in the files are
  // not looked at, as the columns they are in have other names here.
  if (ForgetRowTrackingColumns(metadata)) NameRowTrackingColumns(metadata);
  for (const auto& [name, domain] : source.log().domains) {
    if (name != kRowTrackingDomain) request.domains.push_back(domain);
  }
  return plan;
}

AddFile WithoutRowIds(const AddFile& file) {
  AddFile add = file;
  add.data_change = true;
  add.base_row_id.reset();
  add.default_row_commit_version.reset();
  return add;
}

}  // namespace

Result<ClonePlan> PlanDeepClone(const Snapshot& source, const std::string& clone_path, const DeepCloneOptions& options,
                                int64_t now_ms) {
  ClonePlan plan = BeginClone(source, now_ms);
  Copies copies(source, clone_path, options.subdirectory);
  for (const AddFile& file : source.files()) {
    AddFile add = WithoutRowIds(file);
    if (options.foreign_statistics) add.tags[kForeignStatisticsTag] = "true";
    NL_ASSIGN_OR_RETURN(const std::string path, source.PathOf(file.path));
    NL_ASSIGN_OR_RETURN(const std::string relative, copies.Add(path, file.size_bytes));
    add.path = EncodePath(relative);
    plan.bytes += file.size_bytes;
    if (add.deletion_vector) NL_RETURN_IF_ERROR(CloneVector(source, *add.deletion_vector, copies));
    plan.request.adds.push_back(std::move(add));
  }
  plan.copies = copies.Take();
  return plan;
}

Result<ClonePlan> PlanShallowClone(const Snapshot& source, int64_t now_ms) {
  ClonePlan plan = BeginClone(source, now_ms);
  for (const AddFile& file : source.files()) {
    AddFile add = WithoutRowIds(file);
    NL_ASSIGN_OR_RETURN(const std::string path, source.PathOf(file.path));
    add.path = EncodeAbsolutePath(path);
    plan.bytes += file.size_bytes;
    if (add.deletion_vector) NL_RETURN_IF_ERROR(PointAtVector(source, *add.deletion_vector));
    plan.request.adds.push_back(std::move(add));
  }
  return plan;
}

std::vector<std::string> ForeignPaths(const std::vector<AddFile>& files) {
  std::vector<std::string> paths;
  for (const AddFile& file : files) {
    if (IsAbsolutePath(file.path)) paths.push_back(file.path);
    const auto& vector = file.deletion_vector;
    if (vector && vector->storage_type == "p") paths.push_back(vector->path_or_inline_dv);
  }
  std::ranges::sort(paths);
  const auto repeated = std::ranges::unique(paths);
  paths.erase(repeated.begin(), repeated.end());
  return paths;
}

namespace {

/// Takes the files of `old` that are none of the clone's out of the table. What both have stays, with its rows' ids: a
/// commit that removed and added it would mean neither. It is named again all the same, as it is from the adds that the
/// list of the clone's files is made.
void RetireFiles(const Snapshot& old, int64_t now_ms, CommitRequest& request) {
  std::unordered_map<std::string, size_t> added;
  for (size_t i = 0; i < request.adds.size(); ++i) {
    added.emplace(FileKey(request.adds[i].path, request.adds[i].deletion_vector), i);
  }
  for (const AddFile& file : old.files()) {
    const auto found = added.find(FileKey(file.path, file.deletion_vector));
    if (found == added.end()) {
      request.removes.push_back(MakeRemove(file, now_ms, /*data_change=*/true));
      continue;
    }
    AddFile& add = request.adds[found->second];
    add.data_change = false;
    add.base_row_id = file.base_row_id;
    add.default_row_commit_version = file.default_row_commit_version;
  }
}

}  // namespace

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
  RetireFiles(old, now_ms, request);
  CompleteRowTracking(old, request);
}

}  // namespace neurolake::tables::delta
