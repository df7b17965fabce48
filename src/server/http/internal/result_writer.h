#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "arrow/text_format.h"
#include "query/service.h"
#include "server/http/internal/door.h"

namespace neurolake::server {

enum class ResultFormat : uint8_t { kJson, kNdjson, kCsv, kArrow };

/// The best of our formats for an Accept header; kJson when there is none. nullopt: none is acceptable (406).
std::optional<ResultFormat> ChooseFormat(std::string_view accept);
std::string_view MediaType(ResultFormat format);

/// `"kind":…,"rows_returned":…` as one object.
std::string StatisticsJson(const query::StatementStatus& status);

/// Sends rows as a response. A small result goes out whole, with its length; a large one in chunks of about 64 KiB, so
/// memory stays bounded, and a slow one as its rows come. An error in its middle is told as docs/http.md says.
class ResultWriter {
 public:
  struct Options {
    ResultFormat format = ResultFormat::kJson;
    std::string statement_id;
    Headers headers;
    std::string next_page_token;       ///< Empty: this is the last page.
    ResultFlusher* flusher = nullptr;  ///< For rows that come as a statement runs; null for those that are there.
    std::function<void()> cancel;      ///< Ends the work on rows that nobody will get; may be empty.
  };
  ResultWriter(Call& call, Options options) : call_(call), options_(std::move(options)) {}

  Result<void> Begin(const arrow::Schema& schema);
  Result<void> Add(const arrow::Schema& schema, const arrow::Batch& batch);
  /// `status` is complete; statistics are taken from it.
  Result<void> End(const query::StatementStatus& status);
  /// Ends a response that has begun as the format allows; before that, returns `error` for a problem document.
  Result<void> Fail(const Error& error);
  /// Sends rows that have waited for more of them. Only while nothing else is called.
  void FlushWaiting();
  int64_t row_count() const { return row_count_; }

 private:
  Result<void> AddRow(int64_t row);
  Result<void> Flush();
  Result<void> Close(std::string_view outcome);
  ResponseHead Head() const;

  Call& call_;
  Options options_;
  std::optional<arrow::RowFormatter> formatter_;
  std::string buffer_;
  int64_t row_count_ = 0;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
};

/// Runs `stream` to its end into a response. `status` is asked for at the end.
Result<void> SendRows(Call& call, arrow::BatchStream& stream, ResultWriter::Options options,
                      const std::function<query::StatementStatus()>& status);

}  // namespace neurolake::server
