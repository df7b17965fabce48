#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// What older versions of a table have beyond a snapshot, as far as its log reaches back: files, and rows of files that
/// the snapshot has without them.
struct RetiredFiles {
  struct File {
    std::string path;         ///< As AddFile has it.
    int64_t version = 0;      ///< The first version that has it and can be read.
    bool has_vector = false;  ///< Some of its rows are deleted there already, and in the file all the same.
    bool current = false;     ///< The snapshot has it too, with rows deleted.
  };
  std::vector<File> data;                 ///< Ascending by version. May be gone from the store.
  std::unordered_set<std::string> named;  ///< All that commits name, absolute and normal: data, vectors, changes.
  int64_t oldest_version = 0;
};

/// Reads all commits up to the snapshot's. `on_commit` sees the text of each; may be empty.
/// Errors: those of reading the log; kPermissionDenied for a path that leads out of the table.
Result<RetiredFiles> FindRetiredFiles(const RequestContext& ctx, storage::ObjectStore& store, LogReader& reader,
                                      const Snapshot& snapshot,
                                      const std::function<void(std::string_view)>& on_commit = {});

}  // namespace neurolake::tables::delta
