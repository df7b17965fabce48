#include "tables/delta/retired_files.h"

#include <map>
#include <unordered_map>

#include "storage/path.h"
#include "tables/delta/deletion_vector.h"
#include "tables/delta/internal/log_files.h"

namespace neurolake::tables::delta {
namespace {

class Collector {
 public:
  explicit Collector(const Snapshot& snapshot) : snapshot_(snapshot) {
    for (size_t i = 0; i < snapshot.files().size(); ++i) {
      current_.emplace(snapshot.files().path(i), snapshot.files().deleted_rows(i) > 0);
    }
  }

  Result<void> AddData(const AddFile& add, int64_t version) {
    NL_RETURN_IF_ERROR(Name(add.path, add.deletion_vector));
    const auto current = current_.find(add.path);
    if (current != current_.end() && !current->second) return {};
    first_.try_emplace(add.path, RetiredFiles::File{.path = add.path,
                                                    .version = version,
                                                    .has_vector = add.deletion_vector.has_value(),
                                                    .current = current != current_.end()});
    return {};
  }

  Result<void> Add(const CommitActions& actions, int64_t version) {
    for (const AddFile& add : actions.adds) NL_RETURN_IF_ERROR(AddData(add, version));
    for (const RemoveFile& remove : actions.removes) NL_RETURN_IF_ERROR(Name(remove.path, remove.deletion_vector));
    for (const AddCdcFile& change : actions.changes) NL_RETURN_IF_ERROR(Name(change.path, std::nullopt));
    return {};
  }

  RetiredFiles Take(int64_t oldest) {
    RetiredFiles retired;
    retired.oldest_version = oldest;
    for (auto& [path, file] : first_) retired.data.push_back(std::move(file));
    std::ranges::stable_sort(retired.data, {}, &RetiredFiles::File::version);
    retired.named = std::move(named_);
    return retired;
  }

 private:
  Result<void> Name(const std::string& path, const std::optional<DeletionVectorDescriptor>& vector) {
    NL_ASSIGN_OR_RETURN(const std::string absolute, snapshot_.PathOf(path));
    named_.insert(storage::NormalPath(absolute));
    if (!vector) return {};
    NL_ASSIGN_OR_RETURN(const std::string file,
                        DeletionVectorPath(snapshot_.table_path(), *vector, snapshot_.foreign_roots()));
    if (!file.empty()) named_.insert(storage::NormalPath(file));
    return {};
  }

  const Snapshot& snapshot_;
  std::unordered_map<std::string, bool> current_;  ///< Whether rows of it are deleted.
  std::map<std::string, RetiredFiles::File> first_;
  std::unordered_set<std::string> named_;
};

}  // namespace

Result<RetiredFiles> FindRetiredFiles(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader,
                                      const Snapshot& snapshot,
                                      const std::function<void(std::string_view)>& on_commit) {
  NL_ASSIGN_OR_RETURN(const auto listing, internal::ListLogFiles(store, internal::LogPath(snapshot.table_path())));
  const int64_t oldest = listing.oldest_version().value_or(snapshot.version());
  Collector collector(snapshot);
  if (oldest > 0 && oldest < snapshot.version()) {
    NL_ASSIGN_OR_RETURN(const auto base, LoadSnapshot(ctx, store, reader, snapshot.table_path(), oldest, nullptr,
                                                      snapshot.foreign_roots()));
    for (const AddFile& add : base->files()) NL_RETURN_IF_ERROR(collector.AddData(add, oldest));
  }
  if (oldest > 0 && oldest == snapshot.version()) {
    for (const AddFile& add : snapshot.files()) NL_RETURN_IF_ERROR(collector.AddData(add, oldest));
  }
  for (const auto& [version, commit] : listing.commits) {
    if (version > snapshot.version()) break;
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    NL_ASSIGN_OR_RETURN(const std::string bytes, store.Read(commit.path));
    if (on_commit) on_commit(bytes);
    NL_ASSIGN_OR_RETURN(const CommitActions actions, ParseCommit(bytes, commit.path));
    NL_RETURN_IF_ERROR(collector.Add(actions, std::max(version, oldest)));
  }
  return collector.Take(oldest);
}

}  // namespace neurolake::tables::delta
