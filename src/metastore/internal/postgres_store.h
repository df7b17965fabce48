#pragma once
#include <memory>
#include <string>
#include <vector>

#include "metastore/database.h"
#include "metastore/internal/postgres_pool.h"

namespace neurolake::metastore {

/// The store in a PostgreSQL database, in the first schema of the connection's search path.
class PostgresStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> Open(const std::string& url);

  std::string kind() const override { return "postgresql"; }
  Result<void> Write(const std::function<Result<void>(Session&)>& body) override;
  Result<void> Read(const std::function<Result<void>(Session&)>& body) override;
  Result<std::vector<Row>> ReadOnce(std::string_view sql, const std::vector<Value>& parameters = {}) override;
  Result<int64_t> WriteRelaxed(std::string_view sql, const std::vector<Value>& parameters = {}) override;
  Result<void> WriteAlone(const std::function<Result<void>(Session&)>& body) override;
  Result<void> Scrub() override;
  Result<void> BackupTo(const std::string& path) override;
  Result<void> RestoreFrom(const std::string& path) override;

 private:
  explicit PostgresStore(PostgresAddress address) : pool_(std::move(address)) {}
  struct Transaction {
    const char* begin;
    const char* lock = nullptr;  ///< Run first inside, if given.
    bool discard_session = false;
  };
  Result<void> Transact(const Transaction& transaction, const std::function<Result<void>(Session&)>& body);

  PostgresPool pool_;
};

}  // namespace neurolake::metastore
