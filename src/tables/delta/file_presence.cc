#include "tables/delta/file_presence.h"

#include <unordered_map>

#include "tables/delta/deletion_vector.h"
#include "tables/delta/file_path.h"

namespace neurolake::tables::delta {
namespace {

/// One deletion vector file serves many data files; it is looked for once.
class Presence {
 public:
  explicit Presence(storage::ObjectStore& store) : store_(store) {}

  Result<bool> Has(const std::string& path) {
    if (const auto known = known_.find(path); known != known_.end()) return known->second;
    const auto info = store_.Head(path);
    if (!info.has_value() && info.error().code() != ErrorCode::kNotFound) return std::unexpected(info.error());
    known_[path] = info.has_value();
    return info.has_value();
  }

 private:
  storage::ObjectStore& store_;
  std::unordered_map<std::string, bool> known_;
};

}  // namespace

Result<std::vector<MissingFile>> FindMissingFiles(const RequestContext& ctx, storage::ObjectStore& store,
                                                  const Snapshot& snapshot, const FileTable& files, size_t most) {
  Presence presence(store);
  std::vector<MissingFile> missing;
  for (size_t i = 0; i < files.size() && missing.size() < most; ++i) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    NL_ASSIGN_OR_RETURN(const std::string path, snapshot.PathOf(files[i].path));
    NL_ASSIGN_OR_RETURN(const std::string shown, DecodePath(files[i].path));
    NL_ASSIGN_OR_RETURN(const bool there, presence.Has(path));
    if (!there) {
      missing.push_back({.index = i, .path = shown});
      continue;
    }
    if (!files[i].deletion_vector) continue;
    NL_ASSIGN_OR_RETURN(const std::string vector,
                        DeletionVectorPath(snapshot.table_path(), *files[i].deletion_vector, snapshot.foreign_roots()));
    if (vector.empty()) continue;
    NL_ASSIGN_OR_RETURN(const bool vector_there, presence.Has(vector));
    if (!vector_there) missing.push_back({.index = i, .path = shown, .deletion_vector = true});
  }
  return missing;
}

}  // namespace neurolake::tables::delta
