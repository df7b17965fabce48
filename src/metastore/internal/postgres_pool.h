#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "metastore/internal/postgres_connection.h"

namespace neurolake::metastore {

/// A bounded number of PostgreSQL sessions. Thread-safe.
class PostgresPool {
 public:
  explicit PostgresPool(PostgresAddress address) : address_(std::move(address)) {}

  /// A session on loan; goes back to the pool, or away if it is broken.
  class Lease {
   public:
    Lease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection, bool fresh)
        : pool_(&pool), connection_(std::move(connection)), fresh_(fresh) {}
    ~Lease();
    Lease(Lease&& other) = default;
    Lease& operator=(Lease&&) = delete;

    PostgresConnection& operator*() { return *connection_; }
    PostgresConnection* operator->() { return connection_.get(); }
    /// Connected for this loan: if it is broken, the server is gone and not only the connection.
    bool fresh() const { return fresh_; }
    /// Close it instead of keeping it.
    void Discard() { keep_ = false; }

   private:
    PostgresPool* pool_;
    std::unique_ptr<PostgresConnection> connection_;
    bool fresh_;
    bool keep_ = true;
  };
  /// Waits for a session when all are out. Errors: kUnavailable, also when none came back in time.
  Result<Lease> Take(PostgresConnection::Durability durability);

 private:
  void GiveBack(std::unique_ptr<PostgresConnection> connection, bool keep);
  std::unique_ptr<PostgresConnection> TakeIdle(PostgresConnection::Durability durability);  // Under mutex_.

  const PostgresAddress address_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  int open_ = 0;  // On loan and idle.
};

}  // namespace neurolake::metastore
