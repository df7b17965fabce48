#include "metastore/internal/sqlite_connection.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/check.h"
#include "common/descriptor.h"
#include "metastore/stored_text.h"

namespace neurolake::metastore {
namespace {

constexpr int kBusyTimeoutMilliseconds = 30'000;
constexpr size_t kCachedStatementsMax = 256;

// Made by us first, so that the file (and the WAL, which copies its mode) is closed to other users from the start. And
// because SQLite, refused, tries to open for reading, and then reports that the file it could not make is missing.
Result<void> CreatePrivately(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid() && (errno == EROFS || errno == EACCES || errno == EPERM)) {
    return MakeError(ErrorCode::kReadOnly, "the metadata store or its directory cannot be written: {}", path);
  }
  return {};  // Any other failure is met again, and reported, by SQLite.
}

Value ColumnValue(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: return std::monostate{};
    case SQLITE_INTEGER: return int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text == nullptr ? "" : text, static_cast<size_t>(sqlite3_column_bytes(statement, column)));
    }
  }
}

Row CurrentRow(sqlite3_stmt* statement) {
  const int columns = sqlite3_column_count(statement);
  Row row;
  row.reserve(static_cast<size_t>(columns));
  for (int column = 0; column < columns; ++column) row.push_back(ColumnValue(statement, column));
  return row;
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, Mode mode) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(mode == Mode::kMemory ? ":memory:" : path));
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE;
  switch (mode) {
    case Mode::kWriter:
    case Mode::kFile:
      NL_RETURN_IF_ERROR(CreatePrivately(path));
      flags |= SQLITE_OPEN_CREATE;
      break;
    case Mode::kMemory: flags |= SQLITE_OPEN_CREATE; break;
    case Mode::kReader: break;
    case Mode::kReadOnly: flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY; break;
  }
  if (mode == Mode::kReadOnly && ::access(path.c_str(), F_OK) != 0) {
    return MakeError(ErrorCode::kNotFound, "there is no such file: {}", path);
  }
  const int code = sqlite3_open_v2(connection->path_.c_str(), &connection->handle_, flags, nullptr);
  if (code != SQLITE_OK) return connection->ErrorFor(code);
  NL_RETURN_IF_ERROR(connection->Configure(mode));
  return connection;
}

Result<void> SqliteConnection::Configure(Mode mode) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyTimeoutMilliseconds);
  // "name" means a column or an error, as in PostgreSQL; never a string. A file's own schema is not to be trusted with
  // functions: it may be a backup from elsewhere.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  NL_RETURN_IF_ERROR(Run("PRAGMA foreign_keys = ON"));
  NL_RETURN_IF_ERROR(Run("PRAGMA temp_store = MEMORY"));
  if (mode == Mode::kWriter) {
    NL_RETURN_IF_ERROR(Run("PRAGMA journal_mode = WAL"));
    NL_RETURN_IF_ERROR(Run("PRAGMA synchronous = FULL"));
    // 16 MiB between checkpoints keeps their syncs rare under a stream of history records.
    NL_RETURN_IF_ERROR(Run("PRAGMA wal_autocheckpoint = 4000"));
    NL_RETURN_IF_ERROR(Run("PRAGMA journal_size_limit = 67108864"));
  }
  // The first thing that reads the file: damage to its header shows here.
  NL_RETURN_IF_ERROR(Run("SELECT count(*) FROM sqlite_master"));
  if (mode == Mode::kReader) NL_RETURN_IF_ERROR(Run("PRAGMA query_only = ON"));
  return {};
}

SqliteConnection::~SqliteConnection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  if (handle_ != nullptr) sqlite3_close_v2(handle_);
}

std::unexpected<Error> SqliteConnection::ErrorFor(int code) const {
  const int system_error = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  const int extended = handle_ == nullptr ? code : sqlite3_extended_errcode(handle_);
  if (code == SQLITE_FULL || ((code & 0xff) == SQLITE_IOERR && (system_error == ENOSPC || system_error == EDQUOT))) {
    return MakeError(ErrorCode::kDiskFull, "no space is left for the metadata store: {}", path_);
  }
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY) {
        return MakeError(ErrorCode::kAlreadyExists, "the metadata store has this key already");
      }
      if (extended == SQLITE_CONSTRAINT_FOREIGNKEY) {
        return MakeError(ErrorCode::kDependentObjects, "other entries of the metadata store refer to this one");
      }
      return MakeError(ErrorCode::kInvalidArgument, "the metadata store refused a value: SQLite code {}", extended);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return MakeError(ErrorCode::kConflict, "the metadata store is locked by another process: {}", path_);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return MakeError(ErrorCode::kCorruption, "the metadata store is damaged, restore a backup: {}", path_);
    case SQLITE_READONLY:
      return MakeError(ErrorCode::kReadOnly, "the metadata store can be read but not written: {}", path_);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      if (system_error == EROFS || system_error == EACCES || system_error == EPERM) {
        return MakeError(ErrorCode::kReadOnly, "the metadata store's directory cannot be written: {}", path_);
      }
      return MakeError(ErrorCode::kUnavailable, "the metadata store cannot be opened: {}", path_);
    case SQLITE_NOMEM: return MakeError(ErrorCode::kOutOfMemory, "no memory is left for the metadata store");
    case SQLITE_INTERRUPT: return MakeError(ErrorCode::kCancelled, "the metadata store's work was interrupted");
    case SQLITE_IOERR:
      return MakeError(ErrorCode::kIoError, "the metadata store cannot be read or written: SQLite code {}, error {}",
                       extended, system_error);
    default: return MakeError(ErrorCode::kInternal, "the metadata store failed: SQLite code {}", extended);
  }
}

Result<void> SqliteConnection::Run(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return ErrorFor(code);
  return {};
}

Result<void> SqliteConnection::SetDurable(bool durable) {
  if (durable == durable_) return {};
  // In WAL mode NORMAL leaves the sync to the next checkpoint and FULL syncs the whole log at each commit: a durable
  // commit makes the relaxed ones before it durable too, so the log never has a hole.
  NL_RETURN_IF_ERROR(Run(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  durable_ = durable;
  return {};
}

Result<void> SqliteConnection::Bind(sqlite3_stmt* statement, const std::vector<Value>& parameters) {
  NL_CHECK(sqlite3_bind_parameter_count(statement) == static_cast<int>(parameters.size()));
  for (int i = 0; i < static_cast<int>(parameters.size()); ++i) {
    const Value& value = parameters[static_cast<size_t>(i)];
    int code = SQLITE_OK;
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, i + 1, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      code = sqlite3_bind_double(statement, i + 1, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      if (!IsStorableText(*text)) {
        return MakeError(ErrorCode::kInvalidArgument, "a text is not valid UTF-8 or holds a NUL character");
      }
      // The caller's vector outlives the statement's run; `ForEach`, `Query` and `Execute` clear what is bound.
      code = sqlite3_bind_text64(statement, i + 1, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else {
      code = sqlite3_bind_null(statement, i + 1);
    }
    if (code != SQLITE_OK) return ErrorFor(code);
  }
  return {};
}

Result<sqlite3_stmt*> SqliteConnection::Prepare(std::string_view sql, const std::vector<Value>& parameters) {
  std::string key(sql);
  auto found = statements_.find(key);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(handle_, key.c_str(), static_cast<int>(key.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, &rest);
    if (code != SQLITE_OK) return ErrorFor(code);
    NL_CHECK(statement != nullptr && *rest == '\0');  // One statement, nothing after it.
    if (statements_.size() >= kCachedStatementsMax) {
      for (auto& [text, cached] : statements_) sqlite3_finalize(cached);
      statements_.clear();
    }
    found = statements_.emplace(std::move(key), statement).first;
  }
  if (auto bound = Bind(found->second, parameters); !bound.has_value()) {
    sqlite3_clear_bindings(found->second);
    return std::unexpected(std::move(bound).error());
  }
  return found->second;
}

Result<void> SqliteConnection::ForEach(std::string_view sql, const std::vector<Value>& parameters,
                                       const std::function<Result<void>(const Row&)>& visit) {
  auto prepared = Prepare(sql, parameters);
  if (!prepared.has_value()) {
    if (!first_error_) first_error_ = prepared.error();
    return std::unexpected(std::move(prepared).error());
  }
  sqlite3_stmt* statement = *prepared;
  // Also when `visit` throws: a cached statement must never stay open.
  const std::unique_ptr<sqlite3_stmt, void (*)(sqlite3_stmt*)> reset(statement, [](sqlite3_stmt* open) {
    sqlite3_reset(open);
    sqlite3_clear_bindings(open);
  });
  Result<void> outcome;
  int code = SQLITE_OK;
  while (outcome.has_value() && (code = sqlite3_step(statement)) == SQLITE_ROW) outcome = visit(CurrentRow(statement));
  if (outcome.has_value() && code != SQLITE_DONE) {
    outcome = ErrorFor(code);
    if (!first_error_) first_error_ = outcome.error();
  }
  return outcome;
}

Result<std::vector<Row>> SqliteConnection::Query(std::string_view sql, const std::vector<Value>& parameters) {
  std::vector<Row> rows;
  NL_RETURN_IF_ERROR(ForEach(sql, parameters, [&](const Row& row) -> Result<void> {
    rows.push_back(row);
    return {};
  }));
  return rows;
}

Result<int64_t> SqliteConnection::Execute(std::string_view sql, const std::vector<Value>& parameters) {
  const int64_t before = sqlite3_total_changes64(handle_);
  NL_RETURN_IF_ERROR(ForEach(sql, parameters, [](const Row&) -> Result<void> { return {}; }));
  // sqlite3_changes() keeps an older statement's number when this one changes no rows (DDL).
  return sqlite3_total_changes64(handle_) == before ? 0 : int64_t{sqlite3_changes64(handle_)};
}

Result<bool> SqliteConnection::HasTable(std::string_view name) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      Query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", {std::string(name)}));
  return !rows.empty();
}

void SqliteConnection::Rollback() {
  // Some errors (a full disk) have rolled back already.
  if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> SqliteConnection::Transact(const char* begin, const std::function<Result<void>(Session&)>& body) {
  first_error_.reset();
  NL_RETURN_IF_ERROR(Run(begin));
  Result<void> outcome;
  try {
    outcome = body(*this);
  } catch (...) {
    Rollback();
    throw;
  }
  if (outcome.has_value() && first_error_) outcome = std::unexpected(*first_error_);
  if (outcome.has_value()) outcome = Run("COMMIT");
  if (!outcome.has_value()) Rollback();
  return outcome;
}

}  // namespace neurolake::metastore
