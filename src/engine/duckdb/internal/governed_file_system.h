#pragma once
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/path_grants.h"

namespace neurolake::engine::duckdb {

/// DuckDB's whole file system: local files that `grants`, which must outlive it, allow; permission errors for the rest.
native::unique_ptr<native::FileSystem> NewGovernedFileSystem(const PathGrants& grants);

}  // namespace neurolake::engine::duckdb
