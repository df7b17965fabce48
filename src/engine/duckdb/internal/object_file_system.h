#pragma once
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/path_grants.h"
#include "storage/object_store.h"

namespace neurolake::engine::duckdb {

/// Names of OpenFileInfo's options by which a reader says what it knows of a file already, so that opening it asks the
/// store nothing.
inline constexpr const char* kKnownFileSize = "file_size";           ///< UBIGINT.
inline constexpr const char* kKnownModified = "neurolake_modified";  ///< TIMESTAMP.

/// What an open upload holds at most: a part that is gathered, and its copy while it is sent.
inline constexpr int64_t kUploadBufferBytes = 16 << 20;

/// DuckDB's files under URLs, by the product's own object stores. It checks every path against `grants` as the local
/// one does; DuckDB's httpfs is not there. Borrows both.
/// Reading: ranges, those of more than some MiB in parallel; a file of up to a MiB whole, with one request for as long as
/// it is open. Writing: an upload that becomes visible when the handle is closed, and leaves
/// nothing where it is not; its buffers count towards the engine's memory limit.
native::unique_ptr<native::FileSystem> NewObjectFileSystem(const PathGrants& grants, storage::ObjectStore& store);

}  // namespace neurolake::engine::duckdb
