#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/request_context.h"
#include "query/service.h"
#include "server/http/internal/result_spool.h"

namespace neurolake::server {

/// A statement that runs without a client waiting; its rows go to a spool file. Thread-safe.
class AsyncStatement {
 public:
  struct Snapshot {
    std::string id;
    std::optional<WallTime> created;  ///< Unknown for statements of /v1/sql.
    std::optional<WallTime> expires;  ///< Once it ended.
    query::StatementStatus status;
    bool ended = false;
    int64_t row_count = 0;  ///< Spooled so far.
    int64_t bytes = 0;
  };

  const std::string& id() const { return id_; }
  const PrincipalId& owner() const { return owner_; }
  /// Whether it is `principal`'s own; what a token without limits asked for is nothing for one that has some.
  bool BelongsTo(const Principal& principal) const {
    return owner_ == principal.id && (!principal.schemas || principal.schemas == schemas_);
  }
  Snapshot Read() const;
  /// The statement ends as "cancelled" soon after; nothing happens to one that has ended.
  void Cancel();
  /// True when it ended; false when `timeout` passed or `stop` was requested first.
  bool AwaitEnd(std::chrono::milliseconds timeout, const std::stop_token& stop) const;
  /// Rows [begin, begin + count) of a statement that succeeded. Errors: the statement's own when it failed.
  Result<std::unique_ptr<arrow::BatchStream>> ReadRows(int64_t begin, int64_t count) const;
  /// What its rows were made of, once it ended; null: nothing that may be hidden since.
  std::shared_ptr<const query::ShownTables> shown() const;

 private:
  friend class StatementStore;
  AsyncStatement(std::string id, Principal owner, WallTime created)
      : id_(std::move(id)), owner_(owner.id), schemas_(owner.schemas), created_(created) {}
  void End(Result<void> outcome, const Clock& clock, std::chrono::milliseconds keep);

  const std::string id_;
  const PrincipalId owner_;
  const std::optional<std::vector<std::string>> schemas_;
  const WallTime created_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::shared_ptr<query::ResultStream> stream_;  ///< While it runs.
  query::StatementStatus last_status_;
  std::shared_ptr<const query::ShownTables> shown_;
  bool ended_ = false;
  std::optional<WallTime> expires_;
  SteadyTime expires_steady_;
  std::unique_ptr<ResultSpool> spool_;
};

/// The asynchronous statements of this server. Thread-safe.
class StatementStore {
 public:
  struct Options {
    std::string directory;  ///< For spool files; made if missing, emptied at start.
    std::chrono::milliseconds keep{600'000};
    int64_t bytes_max = 0;
    int64_t running_max = 64;   ///< Each has a thread.
    int64_t kept_max = 10'000;  ///< Running and ended together.
  };
  /// Borrows `service` and `clock`. Errors: kIoError when the directory cannot be made.
  static Result<std::unique_ptr<StatementStore>> Make(query::StatementService& service, const Clock& clock,
                                                      Options options);
  /// Cancels what runs and waits for it.
  ~StatementStore();

  /// Starts a statement for `principal`. Errors: kTooManyRequests.
  Result<std::shared_ptr<AsyncStatement>> Start(const Principal& principal, const std::string& request_id,
                                                std::chrono::milliseconds timeout, query::StatementRequest request);
  /// Null for unknown and expired ids.
  std::shared_ptr<AsyncStatement> Find(const std::string& id) const;
  /// Newest first.
  std::vector<std::shared_ptr<AsyncStatement>> List() const;
  void Remove(const std::string& id);
  /// Forgets what has been kept long enough. Called by a thread of the store's own, and by tests.
  void Sweep();

 private:
  StatementStore(query::StatementService& service, const Clock& clock, Options options);
  void Run(const std::shared_ptr<AsyncStatement>& statement, const RequestContext& ctx,
           query::StatementRequest request);
  Result<void> Execute(AsyncStatement& statement, const RequestContext& ctx, query::StatementRequest request);

  query::StatementService& service_;
  const Clock& clock_;
  const Options options_;
  SpoolBudget budget_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, std::shared_ptr<AsyncStatement>> statements_;  ///< Ids are ordered by time.
  int64_t running_ = 0;
  bool closing_ = false;
  std::jthread sweeper_;
};

}  // namespace neurolake::server
