#pragma once
#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metastore/database.h"
#include "metastore/internal/connection_url.h"

namespace neurolake::metastore {

using PostgresResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// One session with a PostgreSQL server. Not thread-safe. Messages hold SQLSTATEs, never libpq's texts: those quote
/// values, and in places the connection string.
class PostgresConnection final : public Session {
 public:
  enum class Durability : uint8_t {
    kDurable,  ///< A commit waits for the server's disk.
    kRelaxed,  ///< It does not; the server writes within a second.
  };
  /// Errors: kUnavailable, with what may be shown of the address; kNotSupported for a server whose encoding is not
  /// UTF-8.
  static Result<std::unique_ptr<PostgresConnection>> Connect(const PostgresAddress& address, Durability durability);

  std::string_view kind() const override { return "postgresql"; }
  Result<std::vector<Row>> Query(std::string_view sql, const std::vector<Value>& parameters = {}) override;
  Result<int64_t> Execute(std::string_view sql, const std::vector<Value>& parameters = {}) override;
  Result<void> ForEach(std::string_view sql, const std::vector<Value>& parameters,
                       const std::function<Result<void>(const Row&)>& visit) override;
  Result<bool> HasTable(std::string_view name) override;

  /// Fixed text such as BEGIN, in the simple protocol.
  Result<void> Run(const char* sql);
  /// COMMIT. Errors: kCommitUnknown when the connection broke before the answer; kInternal when the server rolled back.
  Result<void> Commit();
  void Rollback();

  /// The connection is gone, and with it any open transaction.
  bool broken() const { return PQstatus(handle_.get()) != CONNECTION_OK; }
  /// Whether it still looks alive after lying idle: a server that went away has closed the socket or sent a farewell.
  bool IsIdleAndAlive() const;
  Durability durability() const { return durability_; }

  /// First failure of a statement since `ForgetError`; a transaction with one must not commit.
  const std::optional<Error>& first_error() const { return first_error_; }
  void ForgetError() { first_error_.reset(); }

 private:
  PostgresConnection(PGconn* handle, std::string shown, Durability durability)
      : handle_(handle, &PQfinish), shown_(std::move(shown)), durability_(durability) {}
  Result<void> Prepare();
  Result<PostgresResult> Send(std::string_view sql, const std::vector<Value>& parameters);
  /// The result if it is a success, else its error, remembered as the transaction's first.
  Result<PostgresResult> Check(PostgresResult result);
  std::unexpected<Error> ErrorOf(const PGresult* result) const;

  std::unique_ptr<PGconn, decltype(&PQfinish)> handle_;
  const std::string shown_;
  const Durability durability_;
  std::unordered_map<std::string, std::string> prepared_;  // Text and parameter types to the server-side name.
  std::optional<Error> first_error_;
};

}  // namespace neurolake::metastore
