#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "metastore/database.h"
#include "metastore/internal/sqlite_connection.h"

namespace neurolake::metastore {

/// The store in one SQLite file, in WAL mode: one writing connection, which threads take in turn, and readers beside it
/// that neither wait for it nor hold it up. Other processes may open the same file.
class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> Open(const std::string& path);

  std::string kind() const override { return "sqlite"; }
  Result<void> Write(const std::function<Result<void>(Session&)>& body) override;
  Result<void> Read(const std::function<Result<void>(Session&)>& body) override;
  Result<std::vector<Row>> ReadOnce(std::string_view sql, const std::vector<Value>& parameters = {}) override;
  Result<int64_t> WriteRelaxed(std::string_view sql, const std::vector<Value>& parameters = {}) override;
  Result<void> WriteAlone(const std::function<Result<void>(Session&)>& body) override { return Write(body); }
  Result<void> Scrub() override;
  Result<void> BackupTo(const std::string& path) override;
  Result<void> RestoreFrom(const std::string& path) override;

 private:
  SqliteStore(std::string path, std::unique_ptr<SqliteConnection> writer)
      : path_(std::move(path)), writer_(std::move(writer)) {}
  Result<std::unique_ptr<SqliteConnection>> TakeReader();
  void GiveBack(std::unique_ptr<SqliteConnection> reader);

  const std::string path_;
  std::mutex writer_mutex_;
  std::unique_ptr<SqliteConnection> writer_;  // Guarded by writer_mutex_.
  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_readers_;  // Guarded by readers_mutex_.
};

}  // namespace neurolake::metastore
