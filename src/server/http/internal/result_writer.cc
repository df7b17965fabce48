#include "server/http/internal/result_writer.h"

#include <charconv>

#include "arrow/ipc.h"
#include "common/text.h"
#include "server/http/internal/json.h"

namespace neurolake::server {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;
// Rows do not wait longer than about this for more of them. Shorter, and answers of quick statements would lose their
// length; longer, and a person would notice.
constexpr std::chrono::milliseconds kPatience{200};

struct Range {
  std::string type;  ///< "text/csv", "text/*", "*/*".
  double quality = 1;
};

// "a;q=0.5, b" (RFC 9110, 12.5.1). Parameters other than q are ignored; a broken q counts as 0.
std::vector<Range> ParseAccept(std::string_view accept) {
  std::vector<Range> ranges;
  for (const std::string& part : Split(accept, ',')) {
    const std::vector<std::string> pieces = Split(part, ';');
    Range range{LowerAscii(Trim(pieces[0])), 1};
    for (size_t i = 1; i < pieces.size(); ++i) {
      const std::string_view piece = Trim(pieces[i]);
      if (!piece.starts_with("q=") && !piece.starts_with("Q=")) continue;
      const std::string_view number = piece.substr(2);
      const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), range.quality);
      if (code != std::errc() || end != number.data() + number.size()) range.quality = 0;
    }
    if (!range.type.empty()) ranges.push_back(std::move(range));
  }
  return ranges;
}

// The most specific range that matches decides.
double QualityOf(const std::vector<Range>& ranges, std::string_view type) {
  const std::string_view group = type.substr(0, type.find('/'));
  int best = -1;
  double quality = 0;
  for (const Range& range : ranges) {
    int rank = -1;
    if (range.type == "*/*") rank = 0;
    if (range.type.ends_with("/*") && std::string_view(range.type).substr(0, range.type.size() - 2) == group) rank = 1;
    if (range.type == type) rank = 2;
    if (rank > best) {
      best = rank;
      quality = range.quality;
    }
  }
  return quality;
}

constexpr ResultFormat kFormats[] = {ResultFormat::kJson, ResultFormat::kNdjson, ResultFormat::kCsv,
                                     ResultFormat::kArrow};

}  // namespace

std::string_view MediaType(ResultFormat format) {
  switch (format) {
    case ResultFormat::kJson: return "application/json";
    case ResultFormat::kNdjson: return "application/x-ndjson";
    case ResultFormat::kCsv: return "text/csv";
    case ResultFormat::kArrow: return "application/vnd.apache.arrow.stream";
  }
  NL_UNREACHABLE();
}

std::optional<ResultFormat> ChooseFormat(std::string_view accept) {
  const std::vector<Range> ranges = ParseAccept(accept);
  if (ranges.empty()) return ResultFormat::kJson;
  std::optional<ResultFormat> best;
  double quality = 0;
  for (const ResultFormat format : kFormats) {
    const double own = QualityOf(ranges, MediaType(format));
    if (own > quality) {
      quality = own;
      best = format;
    }
  }
  return best;
}

std::string StatisticsJson(const query::StatementStatus& status) {
  std::string out;
  ObjectWriter object(out);
  object.Text("kind", status.kind).Integer("rows_returned", status.rows_returned);
  if (status.rows_changed >= 0) object.Integer("rows_changed", status.rows_changed);
  if (status.committed_version >= 0) object.Integer("committed_version", status.committed_version);
  if (status.applied_before) object.Boolean("applied_before", true);
  object.Integer("rows_scanned", status.rows_scanned).Integer("bytes_scanned", status.bytes_scanned);
  object.Json("stages", status.stages_json.empty() ? "{}" : status.stages_json);
  object.Json("prediction", status.prediction_json.empty() ? "{}" : status.prediction_json);
  object.Json("tables", status.tables_json.empty() ? "[]" : status.tables_json);
  object.End();
  return out;
}

ResponseHead ResultWriter::Head() const {
  ResponseHead head{200, std::string(MediaType(options_.format)), call_.headers};
  if (options_.format == ResultFormat::kCsv) head.content_type += "; charset=utf-8; header=present";
  head.headers.insert(head.headers.end(), options_.headers.begin(), options_.headers.end());
  head.headers.emplace_back("X-Statement-Id", options_.statement_id);
  head.headers.emplace_back("Cache-Control", "no-store");
  if (!options_.next_page_token.empty()) head.headers.emplace_back("X-Next-Page-Token", options_.next_page_token);
  return head;
}

Result<void> ResultWriter::Begin(const arrow::Schema& schema) {
  if (options_.format == ResultFormat::kArrow) {
    NL_ASSIGN_OR_RETURN(buffer_, arrow::EncodeSchema(schema));
    return {};
  }
  NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(schema));
  formatter_.emplace(std::move(formatter));
  const auto& names = formatter_->column_names();
  if (options_.format == ResultFormat::kCsv) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0) buffer_.push_back(',');
      arrow::AppendCsvField(names[i], buffer_);
    }
    buffer_ += "\r\n";
  } else if (options_.format == ResultFormat::kJson) {
    ObjectWriter object(buffer_);
    object.Text("id", options_.statement_id).Key("columns");
    buffer_.push_back('[');
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0) buffer_.push_back(',');
      ObjectWriter column(buffer_);
      column.Text("name", names[i]).Text("type", formatter_->column_types()[i]);
      column.End();
    }
    buffer_ += "],\"rows\":[";
  }
  return {};
}

Result<void> ResultWriter::AddRow(int64_t row) {
  switch (options_.format) {
    case ResultFormat::kJson:
      if (row_count_ > 0) buffer_.push_back(',');
      formatter_->AppendJsonArray(row, buffer_);
      break;
    case ResultFormat::kNdjson:
      formatter_->AppendJsonObject(row, buffer_);
      buffer_.push_back('\n');
      break;
    case ResultFormat::kCsv:
      formatter_->AppendCsv(row, buffer_);
      buffer_ += "\r\n";
      break;
    case ResultFormat::kArrow: NL_UNREACHABLE();
  }
  ++row_count_;
  if (buffer_.size() < kChunkBytes) return {};
  return Flush();
}

Result<void> ResultWriter::Add(const arrow::Schema& schema, const arrow::Batch& batch) {
  if (options_.format == ResultFormat::kArrow) {
    if (batch.row_count() == 0) return {};
    NL_ASSIGN_OR_RETURN(const std::string message, arrow::EncodeBatch(schema, batch));
    buffer_ += message;
    row_count_ += batch.row_count();
    return buffer_.size() < kChunkBytes ? Result<void>() : Flush();
  }
  NL_RETURN_IF_ERROR(formatter_->SetBatch(batch));
  for (int64_t row = 0; row < batch.row_count(); ++row) NL_RETURN_IF_ERROR(AddRow(row));
  return {};
}

void ResultWriter::FlushWaiting() {
  if (row_count_ == 0 || buffer_.empty() || std::chrono::steady_clock::now() - flushed_ < kPatience) return;
  // A client that went away shows itself to the next write too.
  (void)Flush();
}

Result<void> ResultWriter::Flush() {
  if (!call_.writer.begun()) {
    ResponseHead head = Head();
    head.headers.emplace_back("Trailer", "X-Result-Status");
    NL_RETURN_IF_ERROR(call_.writer.Begin(head));
  }
  NL_RETURN_IF_ERROR(call_.writer.Write(buffer_));
  buffer_.clear();
  flushed_ = std::chrono::steady_clock::now();
  return {};
}

Result<void> ResultWriter::Close(std::string_view outcome) {
  if (!call_.writer.begun()) return call_.writer.Send(Head(), buffer_);
  NL_RETURN_IF_ERROR(Flush());
  return call_.writer.Finish({{"X-Result-Status", std::string(outcome)}});
}

Result<void> ResultWriter::End(const query::StatementStatus& status) {
  if (options_.format == ResultFormat::kJson) {
    buffer_ += fmt::format("],\"row_count\":{}", row_count_);
    if (!options_.next_page_token.empty()) {
      buffer_ += ",\"next_page_token\":";
      arrow::AppendJsonString(options_.next_page_token, buffer_);
    }
    buffer_ += ",\"statistics\":" + StatisticsJson(status) + "}";
  } else if (options_.format == ResultFormat::kArrow) {
    buffer_ += arrow::EncodeEndOfStream();
  }
  return Close("complete");
}

Result<void> ResultWriter::Fail(const Error& error) {
  if (!call_.writer.begun()) return std::unexpected(error);
  const Problem problem = Problem::FromError(error);
  if (options_.format == ResultFormat::kJson) {
    buffer_ += fmt::format("],\"row_count\":{},\"error\":{}}}", row_count_, problem.Body(call_.request_id));
    return Close(problem.code);
  }
  if (options_.format == ResultFormat::kNdjson) {
    buffer_ += "{\"error\":" + problem.Body(call_.request_id) + "}\n";
    return Close(problem.code);
  }
  // CSV and Arrow have no place for an error; a response that is cut is one no client takes for complete.
  (void)Flush();
  call_.writer.Abort();
  return {};
}

Result<void> SendRows(Call& call, arrow::BatchStream& stream, ResultWriter::Options options,
                      const std::function<query::StatementStatus()>& status) {
  ResultFlusher* const flusher = options.flusher;
  const std::function<void()> cancel = std::move(options.cancel);
  ResultWriter writer(call, std::move(options));
  NL_RETURN_IF_ERROR(writer.Begin(stream.schema()));
  std::shared_ptr<ResultFlusher::Watched> watched;
  if (flusher != nullptr) watched = flusher->Watch([&writer] { writer.FlushWaiting(); });
  struct AtEnd {
    std::function<void()> action;
    ~AtEnd() { action(); }
  } const at_end{[&] {
    if (watched != nullptr) flusher->Forget(watched);
  }};
  while (true) {
    auto batch = stream.Next();
    // The flusher keeps out while this thread writes.
    std::unique_lock<std::mutex> lock;
    if (watched != nullptr) lock = std::unique_lock(watched->mutex);
    if (!batch.has_value()) return writer.Fail(batch.error());
    if (!batch->has_value()) return writer.End(status());
    const auto added = writer.Add(stream.schema(), **batch);
    if (added.has_value()) continue;
    // Before the client is told, which may take its time: a worker must not wait for that.
    if (cancel) cancel();
    return writer.Fail(added.error());
  }
}

}  // namespace neurolake::server
