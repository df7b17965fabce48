#include "metastore/internal/postgres_connection.h"

#include <poll.h>

#include <charconv>

#include "common/check.h"
#include "metastore/stored_text.h"

namespace neurolake::metastore {
namespace {

// Type ids of the server's catalogue (pg_type.dat); they never change.
constexpr Oid kBool = 16;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kNumeric = 1700;

constexpr size_t kPreparedMax = 128;
constexpr size_t kPreparedTextMax = 4096;  // Longer texts are bulk inserts, seldom the same twice.

// Parameters in the text format, kept alive for the call.
class Parameters {
 public:
  Result<void> Set(const std::vector<Value>& values) {
    texts_.reserve(values.size());
    for (const Value& value : values) {
      if (const auto* integer = std::get_if<int64_t>(&value)) {
        Add(kInt8, std::to_string(*integer));
      } else if (const auto* real = std::get_if<double>(&value)) {
        Add(kFloat8, fmt::format("{}", *real));
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        if (!IsStorableText(*text)) {
          return MakeError(ErrorCode::kInvalidArgument, "a text is not valid UTF-8 or holds a NUL character");
        }
        Add(kText, *text);
      } else {
        texts_.emplace_back();
        types_.push_back(0);  // The server infers it: NULL fits any column.
        pointers_.push_back(nullptr);
      }
    }
    return {};
  }
  int count() const { return static_cast<int>(types_.size()); }
  const Oid* types() const { return types_.data(); }
  const char* const* values() const { return pointers_.data(); }
  std::string Signature() const { return fmt::format("{}", fmt::join(types_, ",")); }

 private:
  void Add(Oid type, std::string text) {
    texts_.push_back(std::move(text));
    types_.push_back(type);
    pointers_.push_back(texts_.back().c_str());  // Stable: `texts_` was reserved.
  }
  std::vector<std::string> texts_;
  std::vector<Oid> types_;
  std::vector<const char*> pointers_;
};

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Value> CellValue(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate{};
  const std::string_view text(PQgetvalue(result, row, column), static_cast<size_t>(PQgetlength(result, row, column)));
  const Oid type = PQftype(result, column);
  switch (type) {
    case kBool: return int64_t{text == "t"};
    case kInt2:
    case kInt4:
    case kInt8:
    case kNumeric:  // What SUM makes of 64-bit integers.
      if (const auto integer = ParseNumber<int64_t>(text)) return *integer;
      [[fallthrough]];
    case kFloat4:
    case kFloat8:
      if (const auto real = ParseNumber<double>(text)) return *real;
      return MakeError(ErrorCode::kInternal, "the metadata store sent a number that cannot be read, type id: {}", type);
    default: return std::string(text);
  }
}

Result<Row> RowOf(const PGresult* result, int row) {
  Row values;
  const int columns = PQnfields(result);
  values.reserve(static_cast<size_t>(columns));
  for (int column = 0; column < columns; ++column) {
    NL_ASSIGN_OR_RETURN(auto value, CellValue(result, row, column));
    values.push_back(std::move(value));
  }
  return values;
}

// libpq's text may name the connection string, so only a reason of our own is passed on.
std::string_view ConnectFailure(std::string_view text) {
  const auto says = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (says("password authentication failed") || says("no password supplied")) return "it refuses the user or password";
  if (says("no pg_hba.conf entry")) return "it accepts no connections from here for this user and database";
  if (says("database") && says("does not exist")) return "the database does not exist";
  if (says("role") && says("does not exist")) return "it refuses the user or password";
  if (says("Connection refused")) return "nothing listens there";
  if (says("could not translate host name")) return "the host name is unknown";
  if (says("timeout expired")) return "it does not answer";
  if (says("too many clients") || says("remaining connection slots")) return "it has no free connection";
  if (says("starting up") || says("shutting down") || says("recovery")) return "it is starting or stopping";
  if (says("SSL") || says("certificate")) return "no TLS session could be agreed on";
  return "the connection failed";
}

}  // namespace

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::Connect(const PostgresAddress& address,
                                                                        Durability durability) {
  // Later keywords win, so the URL may set its own timeout and name; its encoding is ours to choose.
  const char* const keywords[] = {"connect_timeout",
                                  "keepalives_idle",
                                  "tcp_user_timeout",
                                  "fallback_application_name",
                                  "dbname",
                                  "client_encoding",
                                  nullptr};
  const char* const values[] = {"5", "30", "30000", "neurolake", address.url.c_str(), "UTF8", nullptr};
  PGconn* handle = PQconnectdbParams(keywords, values, /*expand_dbname=*/1);
  if (handle == nullptr) return MakeError(ErrorCode::kOutOfMemory, "no memory is left for a connection");
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(handle, address.shown, durability));
  if (connection->broken()) {
    return MakeError(ErrorCode::kUnavailable, "cannot use PostgreSQL as the metadata store: {}: {}",
                     ConnectFailure(PQerrorMessage(handle)), address.shown);
  }
  const char* encoding = PQparameterStatus(handle, "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
    return MakeError(ErrorCode::kNotSupported, "the PostgreSQL database must have the encoding UTF8: {}",
                     address.shown);
  }
  NL_RETURN_IF_ERROR(connection->Prepare());
  return connection;
}

Result<void> PostgresConnection::Prepare() {
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);  // Notices would go to standard error.
  if (durability_ == Durability::kRelaxed) {
    NL_RETURN_IF_ERROR(Run("SET synchronous_commit = off"));
    return Run("SET default_transaction_isolation = 'read committed'");
  }
  // A server set up to lose commits may not do so with names; stricter settings than `on` stay.
  return Run(
      "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'");
}

std::unexpected<Error> PostgresConnection::ErrorOf(const PGresult* result) const {
  const char* field = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = field == nullptr ? "" : field;
  if (broken() || state.empty() || state.starts_with("08") || state.starts_with("57P")) {
    return MakeError(ErrorCode::kUnavailable, "the connection to the metadata store was lost: {}", shown_);
  }
  if (state == "23505") return MakeError(ErrorCode::kAlreadyExists, "the metadata store has this key already");
  if (state == "23503") {
    return MakeError(ErrorCode::kDependentObjects, "other entries of the metadata store refer to this one");
  }
  if (state == "40001" || state == "40P01" || state == "55P03") {
    return MakeError(ErrorCode::kConflict, "another change to the metadata store came first: SQLSTATE {}", state);
  }
  if (state == "25006")
    return MakeError(ErrorCode::kReadOnly, "the metadata store can be read but not written: {}", shown_);
  if (state == "42501") {
    return MakeError(ErrorCode::kUnavailable, "the metadata store's user lacks a privilege in its database: {}",
                     shown_);
  }
  if (state == "53100") return MakeError(ErrorCode::kDiskFull, "no space is left for the metadata store: {}", shown_);
  if (state == "53200") return MakeError(ErrorCode::kOutOfMemory, "the metadata store has no memory left: {}", shown_);
  if (state.starts_with("53"))
    return MakeError(ErrorCode::kUnavailable, "the metadata store has no resources left: {}", shown_);
  if (state == "57014") return MakeError(ErrorCode::kCancelled, "the metadata store's work was interrupted");
  if (state == "58030")
    return MakeError(ErrorCode::kIoError, "the metadata store cannot be read or written: {}", shown_);
  if (state.starts_with("XX00") && state != "XX000") {
    return MakeError(ErrorCode::kCorruption, "the metadata store is damaged, restore a backup: {}", shown_);
  }
  if (state.starts_with("22") || state.starts_with("23")) {
    return MakeError(ErrorCode::kInvalidArgument, "the metadata store refused a value: SQLSTATE {}", state);
  }
  return MakeError(ErrorCode::kInternal, "the metadata store failed: SQLSTATE {}", state);
}

Result<PostgresResult> PostgresConnection::Check(PostgresResult result) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE) return result;
  auto error = ErrorOf(result.get());
  if (!first_error_) first_error_ = error.error();
  return error;
}

Result<void> PostgresConnection::Run(const char* sql) {
  NL_RETURN_IF_ERROR(Check(PostgresResult(PQexec(handle_.get(), sql), &PQclear)));
  return {};
}

Result<void> PostgresConnection::Commit() {
  const PostgresResult result(PQexec(handle_.get(), "COMMIT"), &PQclear);
  if (broken()) {
    return MakeError(ErrorCode::kCommitUnknown, "the metadata store went away during a commit: {}", shown_);
  }
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return ErrorOf(result.get());
  if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
    return MakeError(ErrorCode::kInternal,
                     "the metadata store rolled a transaction back that should have been committed");
  }
  return {};
}

void PostgresConnection::Rollback() {
  if (!broken()) PQclear(PQexec(handle_.get(), "ROLLBACK"));
}

bool PostgresConnection::IsIdleAndAlive() const {
  if (broken() || PQtransactionStatus(handle_.get()) != PQTRANS_IDLE) return false;
  // Nothing is due on an idle connection: what can be read is its end.
  pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
  return ::poll(&socket, 1, 0) == 0;
}

Result<PostgresResult> PostgresConnection::Send(std::string_view sql, const std::vector<Value>& values) {
  Parameters parameters;
  if (auto set = parameters.Set(values); !set.has_value()) {
    if (!first_error_) first_error_ = set.error();
    return std::unexpected(std::move(set).error());
  }
  PGconn* handle = handle_.get();
  if (sql.size() > kPreparedTextMax) {
    return Check(PostgresResult(PQexecParams(handle, NumberParameters(sql).c_str(), parameters.count(),
                                             parameters.types(), parameters.values(), nullptr, nullptr, 0),
                                &PQclear));
  }
  const std::string key = fmt::format("{}|{}", sql, parameters.Signature());
  auto found = prepared_.find(key);
  if (found == prepared_.end()) {
    if (prepared_.size() >= kPreparedMax) {
      NL_RETURN_IF_ERROR(Run("DEALLOCATE ALL"));
      prepared_.clear();
    }
    const std::string name = fmt::format("s{}", prepared_.size());
    NL_RETURN_IF_ERROR(Check(PostgresResult(
        PQprepare(handle, name.c_str(), NumberParameters(sql).c_str(), parameters.count(), parameters.types()),
        &PQclear)));
    found = prepared_.emplace(key, name).first;
  }
  return Check(PostgresResult(
      PQexecPrepared(handle, found->second.c_str(), parameters.count(), parameters.values(), nullptr, nullptr, 0),
      &PQclear));
}

Result<std::vector<Row>> PostgresConnection::Query(std::string_view sql, const std::vector<Value>& parameters) {
  NL_ASSIGN_OR_RETURN(const auto result, Send(sql, parameters));
  std::vector<Row> rows;
  const int count = PQntuples(result.get());
  rows.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    NL_ASSIGN_OR_RETURN(auto row, RowOf(result.get(), i));
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<int64_t> PostgresConnection::Execute(std::string_view sql, const std::vector<Value>& parameters) {
  NL_ASSIGN_OR_RETURN(const auto result, Send(sql, parameters));
  return ParseNumber<int64_t>(PQcmdTuples(result.get())).value_or(0);
}

Result<void> PostgresConnection::ForEach(std::string_view sql, const std::vector<Value>& values,
                                         const std::function<Result<void>(const Row&)>& visit) {
  Parameters parameters;
  NL_RETURN_IF_ERROR(parameters.Set(values));
  PGconn* handle = handle_.get();
  if (PQsendQueryParams(handle, NumberParameters(sql).c_str(), parameters.count(), parameters.types(),
                        parameters.values(), nullptr, nullptr, 0) == 0) {
    auto error = ErrorOf(nullptr);
    if (!first_error_) first_error_ = error.error();
    return error;
  }
  NL_CHECK(PQsetSingleRowMode(handle) == 1);
  Result<void> outcome;
  // Read to the end even after a failure: the protocol has no other way back to an idle connection.
  for (PGresult* next = PQgetResult(handle); next != nullptr; next = PQgetResult(handle)) {
    auto result = Check(PostgresResult(next, &PQclear));
    if (!outcome.has_value()) continue;
    if (!result.has_value()) {
      outcome = std::unexpected(std::move(result).error());
      continue;
    }
    for (int i = 0; outcome.has_value() && i < PQntuples(result->get()); ++i) {
      auto row = RowOf(result->get(), i);
      outcome = row.has_value() ? visit(*row) : std::unexpected(std::move(row).error());
    }
  }
  return outcome;
}

Result<bool> PostgresConnection::HasTable(std::string_view name) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      Query("SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = ?",
                            {std::string(name)}));
  return !rows.empty();
}

}  // namespace neurolake::metastore
