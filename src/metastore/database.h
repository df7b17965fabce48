#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result.h"

namespace neurolake::metastore {

using Value = std::variant<std::monostate, int64_t, double, std::string>;  ///< monostate is NULL.
using Row = std::vector<Value>;

/// A session with the metadata store: SQLite or PostgreSQL, in the SQL both understand, with `?` for parameters.
/// One statement per call. Text is UTF-8 without NUL on both: anything else is kInvalidArgument (see stored_text.h).
/// Not thread-safe; get one per use from a `Store`.
class Session {
 public:
  virtual ~Session() = default;
  /// "sqlite" or "postgresql".
  virtual std::string_view kind() const = 0;
  /// Errors: kAlreadyExists for a unique or primary key violation; kDependentObjects for a foreign key; kConflict for a
  /// serialisation failure; kUnavailable when the store is gone; kReadOnly; kDiskFull; kCorruption.
  virtual Result<std::vector<Row>> Query(std::string_view sql, const std::vector<Value>& parameters = {}) = 0;
  /// Rows changed.
  virtual Result<int64_t> Execute(std::string_view sql, const std::vector<Value>& parameters = {}) = 0;
  /// Calls `visit` for each row as it arrives, in bounded memory. `visit` must not use this session.
  virtual Result<void> ForEach(std::string_view sql, const std::vector<Value>& parameters,
                               const std::function<Result<void>(const Row&)>& visit) = 0;
  /// Whether the store has a table of this (lower-case) name.
  virtual Result<bool> HasTable(std::string_view name) = 0;
};

/// The metadata store. Thread-safe; pools sessions. No body may call the store again.
class Store {
 public:
  virtual ~Store() = default;
  /// "sqlite" or "postgresql".
  virtual std::string kind() const = 0;
  /// Runs `body` in one transaction: commits when it succeeds, rolls back when it fails or throws. Serialisable; a lost
  /// race is tried again a bounded number of times, so `body` must be free of other effects. What it committed survives
  /// power loss. A body that goes on after a failed statement cannot commit: Write returns that statement's error.
  /// Errors: as Session's; kConflict when every try was lost; kCommitUnknown when the store went away during the
  /// commit.
  virtual Result<void> Write(const std::function<Result<void>(Session&)>& body) = 0;
  /// Runs `body` in a read-only transaction: one consistent view.
  virtual Result<void> Read(const std::function<Result<void>(Session&)>& body) = 0;

  /// One reading statement by itself: the same view as `Read`, in one round trip.
  virtual Result<std::vector<Row>> ReadOnce(std::string_view sql, const std::vector<Value>& parameters = {}) = 0;
  /// One changing statement by itself, for records that come thousands a second: atomic, survives the death of this
  /// process, but the last second of them may be lost with the machine's power. It may run twice when the connection
  /// breaks, so it must be idempotent. Tens of microseconds on SQLite, one round trip on PostgreSQL.
  virtual Result<int64_t> WriteRelaxed(std::string_view sql, const std::vector<Value>& parameters = {}) = 0;
  /// As `Write`, but no two of these overlap, in whatever process: for migrations and restores.
  virtual Result<void> WriteAlone(const std::function<Result<void>(Session&)>& body) = 0;

  /// A consistent copy as a SQLite file at `path`, whatever the store is, while others go on writing. The file appears
  /// complete and synced or not at all. Errors: kAlreadyExists if there is a file.
  virtual Result<void> BackupTo(const std::string& path) = 0;
  /// Fills this store, which must hold nothing but what a new one holds, from a file that `BackupTo` made on a store of
  /// either kind, by this or an older version of the program. All or nothing. No server may run on the store.
  /// Errors: kAlreadyExists when the store is not empty; kNotFound; kCorruption; kInvalidArgument for a file that is no
  /// backup; kNotSupported for one of a newer program.
  virtual Result<void> RestoreFrom(const std::string& path) = 0;

  /// Afterwards nothing that was deleted or replaced before is in the store's own files any more: SQLite is written
  /// anew and its log emptied; PostgreSQL's tables are, while its log and its backups are somebody else's. Waits for
  /// readers and writers; as long as copying the store takes. Errors: kConflict where they do not end.
  virtual Result<void> Scrub() = 0;
};

/// `url` empty opens SQLite at `sqlite_path`; postgresql://… opens PostgreSQL. Brings the schema to the newest
/// migration. Errors: kUnavailable (never with the password in it); kNotSupported when the store was migrated by a
/// newer version of this program; kReadOnly, kCorruption, kDiskFull.
Result<std::unique_ptr<Store>> OpenStore(const std::string& url, const std::string& sqlite_path);

/// `url` as it may be logged: postgresql://user:***@host:5432/database, without options. What cannot be parsed becomes
/// "postgresql://***".
std::string RedactUrl(const std::string& url);

/// Schema version of the program, and moving a store to any version from 0 on, both ways, in one transaction that no
/// other migrator overlaps. Version 0 is a store without any table of ours.
int NewestMigration();
Result<int> CurrentMigration(Store& store);
Result<void> MigrateTo(Store& store, int version);

}  // namespace neurolake::metastore
