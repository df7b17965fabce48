#pragma once
#include <limits>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// A file that a version names and the store does not have.
struct MissingFile {
  size_t index = 0;              ///< In the list asked about.
  std::string path;              ///< Relative to the table's directory, decoded.
  bool deletion_vector = false;  ///< The data file is there, its deletion vector is not.
};

/// Looks for each data file of `files`, which are the table's, and its deletion vector, until `most` are missing. One
/// Head for each distinct file. Errors: of the store, other than kNotFound; as ResolvePath.
Result<std::vector<MissingFile>> FindMissingFiles(const RequestContext& ctx, storage::ObjectStore& store,
                                                  const Snapshot& snapshot, const FileTable& files,
                                                  size_t most = std::numeric_limits<size_t>::max());

}  // namespace neurolake::tables::delta
