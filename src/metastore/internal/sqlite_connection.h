#pragma once
#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metastore/database.h"

namespace neurolake::metastore {

/// One connection to a SQLite file. Not thread-safe.
class SqliteConnection final : public Session {
 public:
  enum class Mode : uint8_t {
    kWriter,    ///< Makes the file if there is none (readable by its owner alone) and puts it into WAL mode.
    kReader,    ///< Of a file that a writer has opened; statements that change anything fail.
    kFile,      ///< A plain file for a backup: made if there is none, rollback journal, no WAL beside it.
    kReadOnly,  ///< An existing file of someone else's, never changed.
    kMemory,    ///< A database of its own in memory; the path is ignored.
  };
  /// Errors: kReadOnly, kUnavailable, kCorruption, kDiskFull; kNotFound in modes that need the file.
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Mode mode);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  std::string_view kind() const override { return "sqlite"; }
  Result<std::vector<Row>> Query(std::string_view sql, const std::vector<Value>& parameters = {}) override;
  Result<int64_t> Execute(std::string_view sql, const std::vector<Value>& parameters = {}) override;
  Result<void> ForEach(std::string_view sql, const std::vector<Value>& parameters,
                       const std::function<Result<void>(const Row&)>& visit) override;
  Result<bool> HasTable(std::string_view name) override;

  /// Fixed text such as BEGIN or a PRAGMA.
  Result<void> Run(const char* sql);
  /// Whether a commit waits until it is on the disk. Outside a transaction only.
  Result<void> SetDurable(bool durable);
  /// Runs `body` between `begin` and COMMIT or ROLLBACK.
  Result<void> Transact(const char* begin, const std::function<Result<void>(Session&)>& body);

  sqlite3* handle() { return handle_; }
  /// What SQLite's result code `code` on this connection means to a caller.
  std::unexpected<Error> ErrorFor(int code) const;

 private:
  explicit SqliteConnection(std::string path) : path_(std::move(path)) {}
  Result<void> Configure(Mode mode);
  /// From the cache if it is there. The statement is reset and bound to `parameters`.
  Result<sqlite3_stmt*> Prepare(std::string_view sql, const std::vector<Value>& parameters);
  Result<void> Bind(sqlite3_stmt* statement, const std::vector<Value>& parameters);
  void Rollback();

  std::string path_;
  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
  bool durable_ = true;
  std::optional<Error> first_error_;  // Of the running transaction: it must not commit after it.
};

}  // namespace neurolake::metastore
