#pragma once
#include <functional>
#include <string>

#include "common/result.h"
#include "metastore/internal/sqlite_connection.h"

namespace neurolake::metastore {

/// Makes a SQLite file at `path`: `fill` writes it under another name in the same directory, then it is synced and
/// appears. A failure, or a file that is there already (kAlreadyExists), leaves `path` as it was.
Result<void> WriteBackupFile(const std::string& path, const std::function<Result<void>(SqliteConnection&)>& fill);

}  // namespace neurolake::metastore
