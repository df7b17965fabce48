#include "cli/remote_result.h"

#include <boost/json.hpp>

#include "cli/arrow_stream_reader.h"
#include "cli/problem.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;

constexpr const char* kStatementIdHeader = "X-Statement-Id";
/// The progress bar asks more often than a server needs to be asked.
constexpr std::chrono::milliseconds kStatusAge{500};

class RemoteResult final : public query::ResultStream {
 public:
  RemoteResult(std::unique_ptr<net::HttpResponse> response, StatementCalls calls)
      : response_(std::move(response)),
        calls_(std::move(calls)),
        id_(response_->header(kStatementIdHeader)),
        reader_([this] { return response_->Read(); }) {}

  ~RemoteResult() override {
    if (!ended_) Cancel();
  }

  Result<void> ReadSchema() {
    auto schema = reader_.ReadSchema();
    if (!schema) {
      ended_ = true;
      return std::unexpected(Explain(std::move(schema).error()));
    }
    schema_ = std::move(*schema);
    return {};
  }

  const arrow::Schema& schema() const override { return schema_; }

  Result<std::optional<arrow::Batch>> Next() override {
    if (cancelled_) {
      ended_ = true;
      return MakeError(ErrorCode::kCancelled, "the statement was cancelled");
    }
    auto batch = reader_.ReadBatch();
    if (!batch) {
      // Ctrl-C and the deadline close the connection; the server is told too, in case it did not notice.
      const ErrorCode code = batch.error().code();
      if (code == ErrorCode::kCancelled || code == ErrorCode::kDeadlineExceeded) Cancel();
      ended_ = true;
      return std::unexpected(Explain(std::move(batch).error()));
    }
    if (!*batch) ended_ = true;
    return batch;
  }

  query::StatementStatus status() const override {
    std::lock_guard lock(mutex_);
    const bool complete = status_.state == "succeeded" || status_.state == "failed" || status_.state == "cancelled";
    const auto now = std::chrono::steady_clock::now();
    if (id_.empty() || complete || (asked_ && !ended_ && now - *asked_ < kStatusAge)) return status_;
    asked_ = now;
    if (const auto body = calls_.read(id_)) status_ = ParseStatementStatus(*body);
    status_.id = StatementId(id_);
    return status_;
  }

  void Cancel() override {
    if (!cancelled_.exchange(true) && !id_.empty()) calls_.cancel(id_);
  }

 private:
  /// A cut stream says nothing about the reason; the statement's status does.
  Error Explain(Error error) const {
    if (error.code() != ErrorCode::kUnavailable && error.code() != ErrorCode::kCorruption) return error;
    if (id_.empty()) return error;
    const auto body = calls_.read(id_);
    if (!body) return error;
    const query::StatementStatus status = ParseStatementStatus(*body);
    return status.error ? *status.error : error;
  }

  std::unique_ptr<net::HttpResponse> response_;
  StatementCalls calls_;
  std::string id_;
  ArrowStreamReader reader_;
  arrow::Schema schema_;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> cancelled_ = false;
  mutable std::mutex mutex_;
  mutable query::StatementStatus status_;
  mutable std::optional<std::chrono::steady_clock::time_point> asked_;
};

void ReadNumber(const json::object& object, const char* key, int64_t& number) {
  if (const json::value* value = object.if_contains(key); value != nullptr && value->is_int64()) {
    number = value->get_int64();
  }
}

void ReadText(const json::object& object, const char* key, std::string& text) {
  if (const json::value* value = object.if_contains(key); value != nullptr && value->is_string()) {
    text = std::string(value->get_string());
  }
}

void ReadStatistics(const json::object& object, query::StatementStatus& status) {
  ReadText(object, "kind", status.kind);
  ReadNumber(object, "rows_returned", status.rows_returned);
  ReadNumber(object, "rows_changed", status.rows_changed);
  ReadNumber(object, "committed_version", status.committed_version);
  const json::value* before = object.if_contains("applied_before");
  status.applied_before = before != nullptr && before->is_bool() && before->get_bool();
  ReadNumber(object, "bytes_scanned", status.bytes_scanned);
  ReadNumber(object, "rows_scanned", status.rows_scanned);
  if (const json::value* stages = object.if_contains("stages"); stages != nullptr && stages->is_object()) {
    status.stages_json = json::serialize(*stages);
  }
}

}  // namespace

query::StatementStatus ParseStatementStatus(std::string_view body) {
  query::StatementStatus status;
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), failure);
  if (failure || !value.is_object()) return status;
  const json::object& object = value.get_object();
  std::string id;
  ReadText(object, "id", id);
  status.id = StatementId(id);
  ReadText(object, "state", status.state);
  if (const json::value* progress = object.if_contains("progress"); progress != nullptr && progress->is_number()) {
    status.progress = progress->to_number<double>();
  }
  // A statement's resource keeps its figures in a member, the history beside the rest.
  const json::value* statistics = object.if_contains("statistics");
  ReadStatistics(statistics != nullptr && statistics->is_object() ? statistics->get_object() : object, status);
  const json::value* error = object.if_contains("error");
  if (error != nullptr && error->is_object()) {
    status.error = ErrorFromProblem(500, json::serialize(*error));
  } else if (error != nullptr && error->is_string() && status.state != "succeeded") {
    std::string code;
    ReadText(object, "error_code", code);
    status.error = Error(ErrorCodeFromName(code), std::string(error->get_string()));
  }
  return status;
}

Result<std::string> FindInHistory(std::string_view body, std::string_view id) {
  boost::system::error_code failure;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), failure);
  if (!failure && value.is_object()) {
    for (const auto& [name, list] : value.get_object()) {
      if (!list.is_array()) continue;
      for (const json::value& entry : list.get_array()) {
        std::string own;
        if (entry.is_object()) ReadText(entry.get_object(), "id", own);
        if (own == id) return json::serialize(entry);
      }
    }
  }
  return MakeError(ErrorCode::kNotFound, "the statement is not in the history");
}

Result<std::unique_ptr<query::ResultStream>> OpenRemoteResult(std::unique_ptr<net::HttpResponse> response,
                                                              StatementCalls calls) {
  auto result = std::make_unique<RemoteResult>(std::move(response), std::move(calls));
  NL_RETURN_IF_ERROR(result->ReadSchema());
  return result;
}

}  // namespace neurolake::cli
