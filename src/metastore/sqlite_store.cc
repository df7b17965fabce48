#include "metastore/internal/sqlite_store.h"

#include <thread>

#include "metastore/internal/backup_file.h"
#include "metastore/internal/table_copy.h"

namespace neurolake::metastore {
namespace {

constexpr size_t kIdleReadersMax = 16;

// Copies every page of `from` in one step: in WAL mode that is one read transaction, which no writer waits for.
Result<void> CopyPages(SqliteConnection& from, SqliteConnection& to) {
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) return to.ErrorFor(sqlite3_errcode(to.handle()));
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (finished != SQLITE_OK) return to.ErrorFor(finished);
  if (stepped != SQLITE_DONE) {
    return MakeError(ErrorCode::kConflict, "the metadata store is locked, so no backup was made: SQLite code {}",
                     stepped);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> SqliteStore::Open(const std::string& path) {
  NL_ASSIGN_OR_RETURN(auto writer, SqliteConnection::Open(path, SqliteConnection::Mode::kWriter));
  return std::unique_ptr<Store>(new SqliteStore(path, std::move(writer)));
}

Result<void> SqliteStore::Write(const std::function<Result<void>(Session&)>& body) {
  std::lock_guard lock(writer_mutex_);
  NL_RETURN_IF_ERROR(writer_->SetDurable(true));
  // IMMEDIATE takes the write lock first, so what `body` reads cannot change under it: serialisable, and no lost race
  // to repeat. Another process's transaction is waited for by the busy handler.
  return writer_->Transact("BEGIN IMMEDIATE", body);
}

Result<int64_t> SqliteStore::WriteRelaxed(std::string_view sql, const std::vector<Value>& parameters) {
  std::lock_guard lock(writer_mutex_);
  NL_RETURN_IF_ERROR(writer_->SetDurable(false));
  return writer_->Execute(sql, parameters);
}

Result<std::unique_ptr<SqliteConnection>> SqliteStore::TakeReader() {
  {
    std::lock_guard lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  return SqliteConnection::Open(path_, SqliteConnection::Mode::kReader);
}

void SqliteStore::GiveBack(std::unique_ptr<SqliteConnection> reader) {
  std::lock_guard lock(readers_mutex_);
  if (idle_readers_.size() < kIdleReadersMax) idle_readers_.push_back(std::move(reader));
}

Result<void> SqliteStore::Read(const std::function<Result<void>(Session&)>& body) {
  NL_ASSIGN_OR_RETURN(auto reader, TakeReader());
  auto outcome = reader->Transact("BEGIN", body);
  GiveBack(std::move(reader));
  return outcome;
}

Result<std::vector<Row>> SqliteStore::ReadOnce(std::string_view sql, const std::vector<Value>& parameters) {
  NL_ASSIGN_OR_RETURN(auto reader, TakeReader());
  auto rows = reader->Query(sql, parameters);
  GiveBack(std::move(reader));
  return rows;
}

// VACUUM leaves the old pages in the log until that is emptied, which readers of earlier versions hold up.
Result<void> SqliteStore::Scrub() {
  constexpr int kTriesMax = 100;
  std::lock_guard lock(writer_mutex_);
  // As large as the store: not into memory.
  NL_RETURN_IF_ERROR(writer_->Run("PRAGMA temp_store = FILE"));
  auto written = writer_->Run("VACUUM");
  NL_RETURN_IF_ERROR(writer_->Run("PRAGMA temp_store = MEMORY"));
  NL_RETURN_IF_ERROR(std::move(written));
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    NL_ASSIGN_OR_RETURN(const auto answer, writer_->Query("PRAGMA wal_checkpoint(TRUNCATE)"));
    const bool busy = answer.empty() || answer[0].empty() || answer[0][0] != Value(int64_t{0});
    if (!busy) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return MakeError(ErrorCode::kConflict,
                   "readers of the metadata store did not end, so that its log cannot be emptied");
}

Result<void> SqliteStore::BackupTo(const std::string& path) {
  return WriteBackupFile(path, [&](SqliteConnection& file) -> Result<void> {
    NL_ASSIGN_OR_RETURN(auto reader, SqliteConnection::Open(path_, SqliteConnection::Mode::kReader));
    return CopyPages(*reader, file);
  });
}

Result<void> SqliteStore::RestoreFrom(const std::string& path) { return RestoreInto(*this, path); }

}  // namespace neurolake::metastore
