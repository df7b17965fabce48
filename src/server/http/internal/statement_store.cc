#include "server/http/internal/statement_store.h"

#include <filesystem>

#include "common/log.h"

namespace neurolake::server {
namespace {

constexpr std::chrono::seconds kSweepPeriod{1};

Error ErrorOfException(const std::exception& exception) {
  Log(LogLevel::kError, "an asynchronous statement met a bug", {}, {{"what", std::string(exception.what())}});
  return {ErrorCode::kInternal, "an internal error ended the statement"};
}

}  // namespace

AsyncStatement::Snapshot AsyncStatement::Read() const {
  std::lock_guard lock(mutex_);
  Snapshot snapshot{.id = id_, .created = created_, .expires = expires_, .status = last_status_, .ended = ended_};
  if (!ended_ && stream_ != nullptr) snapshot.status = stream_->status();
  if (!ended_) {
    // The service calls it done when its last row was handed over; here it is done when the row is spooled.
    if (snapshot.status.state != "queued") snapshot.status.state = "running";
  }
  if (spool_ != nullptr && ended_) {
    snapshot.row_count = spool_->row_count();
    snapshot.bytes = spool_->bytes();
  }
  return snapshot;
}

void AsyncStatement::Cancel() {
  stop_.request_stop();
  std::shared_ptr<query::ResultStream> stream;
  {
    std::lock_guard lock(mutex_);
    stream = stream_;
  }
  if (stream != nullptr) stream->Cancel();
}

bool AsyncStatement::AwaitEnd(std::chrono::milliseconds timeout, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, stop, timeout, [this] { return ended_; });
}

Result<std::unique_ptr<arrow::BatchStream>> AsyncStatement::ReadRows(int64_t begin, int64_t count) const {
  std::lock_guard lock(mutex_);
  NL_CHECK(ended_);
  if (last_status_.error.has_value()) return std::unexpected(*last_status_.error);
  NL_CHECK(spool_ != nullptr);
  return spool_->Read(begin, count);
}

std::shared_ptr<const query::ShownTables> AsyncStatement::shown() const {
  std::lock_guard lock(mutex_);
  return shown_;
}

void AsyncStatement::End(Result<void> outcome, const Clock& clock, std::chrono::milliseconds keep) {
  std::shared_ptr<query::ResultStream> stream;
  {
    std::lock_guard lock(mutex_);
    stream = std::move(stream_);
    if (stream != nullptr) last_status_ = stream->status();
    if (outcome.has_value()) {
      if (stream != nullptr) shown_ = stream->shown();
      last_status_.state = "succeeded";
      last_status_.error.reset();
      last_status_.progress = 1;
    } else {
      last_status_.state = outcome.error().code() == ErrorCode::kCancelled ? "cancelled" : "failed";
      last_status_.error = std::move(outcome).error();
      spool_.reset();
    }
    ended_ = true;
    expires_ = clock.Now() + keep;
    expires_steady_ = clock.SteadyNow() + keep;
  }
  changed_.notify_all();
}

StatementStore::StatementStore(query::StatementService& service, const Clock& clock, Options options)
    : service_(service), clock_(clock), options_(std::move(options)), budget_(options_.bytes_max) {
  sweeper_ = std::jthread([this](std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, stop, kSweepPeriod, [&] { return closing_; })) {
      if (stop.stop_requested()) return;
      lock.unlock();
      Sweep();
      lock.lock();
    }
  });
}

Result<std::unique_ptr<StatementStore>> StatementStore::Make(query::StatementService& service, const Clock& clock,
                                                             Options options) {
  std::error_code code;
  std::filesystem::remove_all(options.directory, code);  // What a crash left behind.
  std::filesystem::create_directories(options.directory, code);
  if (code) {
    return MakeError(ErrorCode::kIoError, "the folder for results cannot be made: {}", options.directory);
  }
  return std::unique_ptr<StatementStore>(new StatementStore(service, clock, std::move(options)));
}

StatementStore::~StatementStore() {
  std::vector<std::shared_ptr<AsyncStatement>> all;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    for (const auto& [id, statement] : statements_) all.push_back(statement);
  }
  changed_.notify_all();
  for (const auto& statement : all) statement->Cancel();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return running_ == 0; });
}

Result<std::shared_ptr<AsyncStatement>> StatementStore::Start(const Principal& principal, const std::string& request_id,
                                                              std::chrono::milliseconds timeout,
                                                              query::StatementRequest request) {
  std::shared_ptr<AsyncStatement> statement(new AsyncStatement(NewUuid(), principal, clock_.Now()));
  // One id for the result here and for the record in system.queries.
  request.id = StatementId(statement->id());
  statement->last_status_.state = "queued";
  const RequestContext ctx(principal, request_id, "http", clock_, clock_.SteadyNow() + timeout,
                           statement->stop_.get_token());
  {
    std::lock_guard lock(mutex_);
    if (closing_) return MakeError(ErrorCode::kUnavailable, "the server is shutting down");
    if (running_ >= options_.running_max) {
      return MakeError(ErrorCode::kTooManyRequests, "too many asynchronous statements run at once, at most: {}",
                       options_.running_max);
    }
    if (static_cast<int64_t>(statements_.size()) >= options_.kept_max) {
      return MakeError(ErrorCode::kTooManyRequests, "too many results of asynchronous statements are kept, at most: {}",
                       options_.kept_max);
    }
    ++running_;
    statements_.emplace(statement->id(), statement);
  }
  // Detached but counted: the destructor waits for running_ to reach zero. A thread kept for joining would hold its
  // stack for as long as the result is kept.
  std::thread([this, statement, ctx, request = std::move(request)]() mutable {
    Run(statement, ctx, std::move(request));
    std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
  }).detach();
  return statement;
}

void StatementStore::Run(const std::shared_ptr<AsyncStatement>& statement, const RequestContext& ctx,
                         query::StatementRequest request) {
  Result<void> outcome;
  try {
    outcome = Execute(*statement, ctx, std::move(request));
  } catch (const std::exception& exception) {
    outcome = std::unexpected(ErrorOfException(exception));
  }
  statement->End(std::move(outcome), clock_, options_.keep);
}

Result<void> StatementStore::Execute(AsyncStatement& statement, const RequestContext& ctx,
                                     query::StatementRequest request) {
  NL_ASSIGN_OR_RETURN(std::shared_ptr<query::ResultStream> stream, service_.Execute(ctx, std::move(request)));
  NL_ASSIGN_OR_RETURN(
      auto spool, ResultSpool::Create(options_.directory + "/" + statement.id() + ".arrow", budget_, stream->schema()));
  {
    std::lock_guard lock(statement.mutex_);
    statement.stream_ = stream;
  }
  while (true) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    NL_ASSIGN_OR_RETURN(const auto batch, stream->Next());
    if (!batch.has_value()) break;
    NL_RETURN_IF_ERROR(spool->Append(stream->schema(), *batch));
  }
  std::lock_guard lock(statement.mutex_);
  statement.spool_ = std::move(spool);
  return {};
}

std::shared_ptr<AsyncStatement> StatementStore::Find(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto found = statements_.find(id);
  return found == statements_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<AsyncStatement>> StatementStore::List() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<AsyncStatement>> all;
  for (auto it = statements_.rbegin(); it != statements_.rend(); ++it) all.push_back(it->second);
  return all;
}

void StatementStore::Remove(const std::string& id) {
  std::shared_ptr<AsyncStatement> removed;  // Its file goes outside the lock.
  std::lock_guard lock(mutex_);
  if (const auto found = statements_.find(id); found != statements_.end()) {
    removed = std::move(found->second);
    statements_.erase(found);
  }
}

void StatementStore::Sweep() {
  const SteadyTime now = clock_.SteadyNow();
  std::vector<std::shared_ptr<AsyncStatement>> removed;
  std::lock_guard lock(mutex_);
  for (auto it = statements_.begin(); it != statements_.end();) {
    std::unique_lock statement_lock(it->second->mutex_);
    const bool expired = it->second->ended_ && it->second->expires_steady_ <= now;
    statement_lock.unlock();
    if (!expired) {
      ++it;
      continue;
    }
    removed.push_back(std::move(it->second));
    it = statements_.erase(it);
  }
}

}  // namespace neurolake::server
