#include "metastore/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/descriptor.h"
#include "common/ids.h"
#include "metastore/internal/backup_file.h"

namespace neurolake::metastore {
namespace {

std::unexpected<Error> FileError(int system_error, const std::string& path) {
  if (system_error == EEXIST) {
    return MakeError(ErrorCode::kAlreadyExists, "a file is there already, and a backup never replaces one: {}", path);
  }
  if (system_error == ENOSPC || system_error == EDQUOT) {
    return MakeError(ErrorCode::kDiskFull, "no space is left for the backup: {}", path);
  }
  if (system_error == EROFS || system_error == EACCES || system_error == EPERM) {
    return MakeError(ErrorCode::kReadOnly, "the backup's directory cannot be written: {}", path);
  }
  if (system_error == ENOENT || system_error == ENOTDIR) {
    return MakeError(ErrorCode::kNotFound, "the backup's directory does not exist: {}", path);
  }
  return MakeError(ErrorCode::kIoError, "the backup cannot be written: {}, error {}", path, system_error);
}

Result<void> SyncPath(const std::string& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.valid() || ::fsync(file.get()) != 0) return FileError(errno, path);
  return {};
}

Result<void> Publish(const std::string& partial, const std::string& path) {
  NL_RETURN_IF_ERROR(SyncPath(partial, O_RDONLY));
  // A link fails if the name is taken, where a rename would replace what is there.
  if (::link(partial.c_str(), path.c_str()) != 0) return FileError(errno, path);
  ::unlink(partial.c_str());
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return SyncPath(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
}

}  // namespace

Result<void> WriteBackupFile(const std::string& path, const std::function<Result<void>(SqliteConnection&)>& fill) {
  if (::access(path.c_str(), F_OK) == 0) return FileError(EEXIST, path);
  const std::string partial = path + ".partial-" + NewUuid();
  if (!Descriptor(::open(partial.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)).valid()) {
    return FileError(errno, path);
  }
  const auto write = [&]() -> Result<void> {
    NL_ASSIGN_OR_RETURN(auto connection, SqliteConnection::Open(partial, SqliteConnection::Mode::kFile));
    // Nobody sees the file before it is whole, and then it is synced once. The journal in memory is for a copy that has
    // to start over.
    NL_RETURN_IF_ERROR(connection->Run("PRAGMA journal_mode = MEMORY"));
    NL_RETURN_IF_ERROR(connection->Run("PRAGMA synchronous = OFF"));
    NL_RETURN_IF_ERROR(fill(*connection));
    // A copy of a file in WAL mode says that it is in WAL mode; this makes it one file again.
    return connection->Run("PRAGMA journal_mode = DELETE");
  };
  Result<void> outcome = write();
  if (outcome.has_value()) outcome = Publish(partial, path);
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((partial + suffix).c_str());
  return outcome;
}

Result<void> WriteManifest(const std::string& path, const std::vector<ManifestEntry>& entries) {
  // Opened read-only first: a missing file is an error here, not a new database.
  NL_RETURN_IF_ERROR(SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly));
  NL_ASSIGN_OR_RETURN(auto file, SqliteConnection::Open(path, SqliteConnection::Mode::kFile));
  return file->Transact("BEGIN IMMEDIATE", [&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DROP TABLE IF EXISTS backup_manifest"));
    NL_RETURN_IF_ERROR(
        session.Execute("CREATE TABLE backup_manifest (table_id TEXT NOT NULL PRIMARY KEY, schema_name TEXT NOT NULL, "
                        "name TEXT NOT NULL, location TEXT NOT NULL, version INTEGER NOT NULL, version_after INTEGER "
                        "NOT NULL) STRICT"));
    for (const ManifestEntry& entry : entries) {
      NL_RETURN_IF_ERROR(session.Execute(
          "INSERT INTO backup_manifest VALUES (?, ?, ?, ?, ?, ?)",
          {entry.table_id.value(), entry.schema_name, entry.name, entry.location, entry.version, entry.version_after}));
    }
    return {};
  });
}

Result<std::vector<ManifestEntry>> ReadManifest(const std::string& path) {
  NL_ASSIGN_OR_RETURN(auto file, SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly));
  NL_ASSIGN_OR_RETURN(const bool written, file->HasTable("backup_manifest"));
  if (!written) return MakeError(ErrorCode::kNotFound, "the backup has no list of table versions: {}", path);
  NL_ASSIGN_OR_RETURN(const auto rows,
                      file->Query("SELECT CAST(table_id AS TEXT), CAST(schema_name AS TEXT), CAST(name AS TEXT), "
                                  "CAST(location AS TEXT), CAST(version AS INTEGER), CAST(version_after AS INTEGER) "
                                  "FROM backup_manifest ORDER BY schema_name, name, table_id"));
  std::vector<ManifestEntry> entries;
  for (const Row& row : rows) {
    const auto text = [&](size_t i) { return std::get_if<std::string>(&row.at(i)); };
    const auto number = [&](size_t i) { return std::get_if<int64_t>(&row.at(i)); };
    if (!text(0) || !text(1) || !text(2) || !text(3) || !number(4) || !number(5)) {
      return MakeError(ErrorCode::kCorruption, "the backup's list of table versions has an empty field: {}", path);
    }
    entries.push_back({TableId(*text(0)), *text(1), *text(2), *text(3), *number(4), *number(5)});
  }
  return entries;
}

}  // namespace neurolake::metastore
