#pragma once
// A statement service whose statements are commands of the test: see MakeStream.
#include <charconv>
#include <condition_variable>
#include <filesystem>

#include "arrow/tests/batch_builder.h"
#include "metastore/database.h"
#include "query/service.h"

namespace neurolake::server {

/// Rows (id, name) from 0 on, in batches of 1000; then `failure`, if there is one; or no rows and no end.
class FakeStream final : public query::ResultStream {
 public:
  struct Plan {
    int64_t row_count = 0;
    std::optional<Error> failure;
    bool endless = false;
    std::vector<std::string> texts;  ///< Instead of rows: one column "text" with these.
  };
  FakeStream(Plan plan, StatementId id, std::stop_token stop, std::atomic<int>& cancelled)
      : plan_(std::move(plan)),
        id_(std::move(id)),
        cancelled_(cancelled),
        on_stop_(std::move(stop), [this] { Cancel(); }) {
    schema_ = std::move(Build(0, 0).schema);
  }

  const arrow::Schema& schema() const override { return schema_; }

  Result<std::optional<arrow::Batch>> Next() override {
    std::unique_lock lock(mutex_);
    if (plan_.endless) changed_.wait(lock, [this] { return stopped_; });
    if (stopped_) return MakeError(ErrorCode::kCancelled, "the statement was cancelled");
    if (!plan_.texts.empty() && next_ == 0) {
      next_ = 1;
      return std::optional(std::move(Build(0, 0).batch));
    }
    if (next_ >= plan_.row_count) {
      if (plan_.failure.has_value()) return std::unexpected(*plan_.failure);
      return std::optional<arrow::Batch>();
    }
    const int64_t end = std::min(next_ + 1000, plan_.row_count);
    auto table = Build(next_, end);
    next_ = end;
    return std::optional(std::move(table.batch));
  }

  query::StatementStatus status() const override {
    query::StatementStatus status;
    status.id = id_;
    status.kind = "SELECT";
    status.state = "running";
    status.progress = 0.5;
    status.rows_returned = plan_.row_count;
    status.prediction_json = "{\"seconds\":0.1}";
    return status;
  }

  void Cancel() override {
    std::lock_guard lock(mutex_);
    if (!std::exchange(stopped_, true)) ++cancelled_;
    changed_.notify_all();
  }

 private:
  arrow::TestTable Build(int64_t begin, int64_t end) const {
    if (!plan_.texts.empty()) {
      std::vector<const char*> texts;
      for (const auto& text : plan_.texts) texts.push_back(text.c_str());
      return arrow::BuildTable({arrow::Strings("text", texts)}, static_cast<int64_t>(texts.size()));
    }
    std::vector<int64_t> ids;
    std::vector<std::string> names;
    std::vector<const char*> pointers;
    for (int64_t id = begin; id < end; ++id) {
      ids.push_back(id);
      names.push_back("name " + std::to_string(id));
    }
    for (const auto& name : names) pointers.push_back(name.c_str());
    return arrow::BuildTable({arrow::Integers("id", ids), arrow::Strings("name", pointers)}, end - begin);
  }

  Plan plan_;
  StatementId id_;
  std::atomic<int>& cancelled_;
  arrow::Schema schema_;
  int64_t next_ = 0;
  bool stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::stop_callback<std::function<void()>> on_stop_;
};

class FakeStatementService final : public query::StatementService {
 public:
  /// `folder` exists; uploads and a SQLite store for the catalogue go into it.
  explicit FakeStatementService(std::string folder)
      : staging_(std::move(folder)),
        store_(metastore::OpenStore("", staging_ + "/.metastore.db").value()),
        catalog_(catalog::NewCatalog(*store_, clock_, staging_ + "/.lake")) {
    NL_CHECK(catalog_->AddTable({.id = TableId("id-1"), .schema_name = "main", .name = "flights"}).has_value());
    for (const char* who : {"alice", "bob"}) {
      NL_CHECK(catalog_
                   ->BeginStatement({.id = StatementId("of-" + std::string(who)),
                                     .principal = who,
                                     .text = "SELECT 1",
                                     .state = "succeeded",
                                     .started = clock_.Now()})
                   .has_value());
    }
  }

  /// "nl_NAME" is NAME's token, "nl_limited" one of alice's that is limited to a schema.
  Result<Principal> Authenticate(std::string_view token, std::string_view) override {
    if (!token.starts_with("nl_")) return MakeError(ErrorCode::kUnauthenticated, "the token is not valid");
    const std::string name(token.substr(3));
    const char* role = name == "admin"     ? "admin"
                       : name == "reader"  ? "reader"
                       : name == "monitor" ? "monitor"
                       : name == "member"  ? "member"
                                           : "engineer";
    if (name == "expired") return MakeError(ErrorCode::kUnauthenticated, "the token is not valid");
    Principal principal{PrincipalId(name), name, role, RightsOfRole(role).value()};
    if (name == "limited") {
      principal.id = PrincipalId("alice");
      principal.schemas = std::vector<std::string>{"gold"};
    }
    return principal;
  }

  void RecordRefusal(ErrorCode, std::string_view) override { ++refusals; }
  std::atomic<int> refusals{0};  ///< Of others than tokens.

  Result<void> RecordChange(const RequestContext& ctx, std::string_view action,
                            std::vector<std::pair<std::string, std::string>>) override {
    std::lock_guard lock(changes_mutex);
    changes.push_back(ctx.principal().name + " " + std::string(action));
    return {};
  }
  Result<void> CheckShown(const RequestContext&, const query::ShownTables&) override { return {}; }
  std::mutex changes_mutex;
  std::vector<std::string> changes;  ///< What was to be recorded: "admin create_token".

  Result<std::unique_ptr<query::ResultStream>> Execute(const RequestContext& ctx,
                                                       query::StatementRequest request) override {
    ++executed_;
    {
      std::lock_guard lock(mutex_);
      last_request_ = request;
      last_remaining_ = ctx.Remaining();
    }
    const std::string& sql = request.sql;
    const auto number = [&](size_t at) { return std::strtoll(sql.c_str() + at, nullptr, 10); };
    FakeStream::Plan plan;
    if (sql == "BUG") NL_CHECK(sql.empty());
    if (sql == "FAIL") {
      return std::unexpected(Error(ErrorCode::kSyntaxError, "there is a syntax error").With("position", "7"));
    }
    if (sql == "BUSY") return MakeError(ErrorCode::kTooManyRequests, "too many statements wait");
    if (sql.starts_with("ROWS ")) plan.row_count = number(5);
    if (sql.starts_with("FAIL AFTER ")) {
      plan.row_count = number(11);
      plan.failure = Error(ErrorCode::kDivisionByZero, "a division by zero");
    }
    if (sql == "SLEEP") plan.endless = true;
    if (sql == "ECHO") {
      for (const auto& p : request.parameters) plan.texts.push_back(p.name + "|" + p.json + "|" + p.type);
    }
    if (sql.starts_with("DESCRIBE ")) plan.texts.push_back(sql.substr(9));
    return std::make_unique<FakeStream>(std::move(plan), request.id.empty() ? StatementId(NewUuid()) : request.id,
                                        ctx.stop_token(), cancelled_);
  }

  std::vector<query::StatementStatus> ListRunning(const RequestContext&) override {
    query::StatementStatus status;
    status.id = StatementId("running-1");
    status.kind = "SELECT";
    status.state = "running";
    return {status};
  }
  Result<void> Cancel(const RequestContext&, const StatementId& id) override {
    if (id.value() != "running-1") return MakeError(ErrorCode::kNotFound, "there is no such statement");
    ++cancelled_;
    return {};
  }
  catalog::Catalog& catalog() override { return *catalog_; }
  Result<std::string> StagingPath(const RequestContext& ctx, const std::string& name) override {
    return staging_ + "/" + ctx.principal().name + "/" + name;
  }
  Result<void> CheckReady() override {
    if (ready_) return {};
    return MakeError(ErrorCode::kUnavailable, "no worker is alive");
  }
  Metrics& metrics() override { return metrics_; }
  void Shutdown(std::chrono::milliseconds) override {}

  query::StatementRequest last_request() const {
    std::lock_guard lock(mutex_);
    return last_request_;
  }
  std::chrono::milliseconds last_remaining() const {
    std::lock_guard lock(mutex_);
    return last_remaining_;
  }
  std::atomic<int> cancelled_{0};
  std::atomic<int> executed_{0};
  std::atomic<bool> ready_{true};

 private:
  std::string staging_;
  SystemClock clock_;
  std::unique_ptr<metastore::Store> store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  Metrics metrics_;
  mutable std::mutex mutex_;
  query::StatementRequest last_request_;
  std::chrono::milliseconds last_remaining_{};
};

}  // namespace neurolake::server
