#pragma once
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/path_grants.h"
#include "storage/object_store.h"

namespace neurolake::engine::duckdb {

/// DuckDB's whole file system: local files, and files of `store` under URLs, that `grants` allow; permission errors for
/// the rest. Both must outlive it.
native::unique_ptr<native::FileSystem> NewGovernedFileSystem(const PathGrants& grants, storage::ObjectStore& store,
                                                             std::string spill_directory);

}  // namespace neurolake::engine::duckdb
