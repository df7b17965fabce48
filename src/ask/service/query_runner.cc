#include "ask/service/query_runner.h"

#include <boost/json.hpp>

#include "arrow/text_format.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

Cell CellOf(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return {};
    case json::kind::bool_: return value.get_bool();
    case json::kind::int64: return value.get_int64();
    case json::kind::uint64: return static_cast<double>(value.get_uint64());
    case json::kind::double_: return value.get_double();
    case json::kind::string: return std::string(value.get_string());
    default: return json::serialize(value);  // Lists and structs are shown as they are written.
  }
}

Result<void> AppendRows(arrow::RowFormatter& formatter, const arrow::Batch& batch, size_t rows_max, QueryRows& result) {
  NL_RETURN_IF_ERROR(formatter.SetBatch(batch));
  std::string text;
  for (int64_t row = 0; row < batch.row_count() && result.rows.size() < rows_max; ++row) {
    text.clear();
    formatter.AppendJsonArray(row, text);
    auto& cells = result.rows.emplace_back();
    const auto parsed = json::parse(text);
    for (const auto& value : parsed.get_array()) cells.push_back(CellOf(value));
  }
  return {};
}

}  // namespace

PipelineRunner::PipelineRunner(query::StatementService& service, Options options)
    : service_(service), options_(std::move(options)) {}

void PipelineRunner::Reached(std::string_view stage, const json::object& details) {
  if (options_.observer == nullptr) return;
  const std::scoped_lock lock(mutex_);
  options_.observer->Reached(stage, details);
}

Result<std::optional<std::string>> PipelineRunner::CostToConfirm(const RequestContext& ctx, const std::string& sql) {
  if (options_.confirm_bytes <= 0) return std::nullopt;
  constexpr size_t kPlanRowsMax = 10'000;
  NL_ASSIGN_OR_RETURN(const auto plan, Run(ctx, "EXPLAIN " + sql, kPlanRowsMax));
  boost::system::error_code problem;
  const auto prediction = json::parse(plan.prediction_json, problem);
  const auto* object = problem ? nullptr : prediction.if_object();
  const auto* bytes = object == nullptr ? nullptr : object->if_contains("bytes");
  // Where a policy hides what a query takes, nothing is said of it.
  if (bytes == nullptr || !bytes->is_int64() || bytes->get_int64() <= options_.confirm_bytes) return std::nullopt;
  return plan.prediction_json;
}

Result<QueryRows> PipelineRunner::Run(const RequestContext& ctx, const std::string& sql, size_t rows_max) {
  query::StatementRequest request;
  request.sql = sql;
  request.time_zone = options_.zone;
  request.purpose = options_.purpose;
  request.read_only = options_.read_only;
  NL_ASSIGN_OR_RETURN(auto stream, service_.Execute(ctx, std::move(request)));
  NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(stream->schema()));
  QueryRows result;
  result.names = formatter.column_names();
  result.types = formatter.column_types();
  bool is_whole = false;
  while (!is_whole && result.rows.size() < rows_max) {
    NL_ASSIGN_OR_RETURN(auto batch, stream->Next());
    is_whole = !batch.has_value();
    if (!is_whole) NL_RETURN_IF_ERROR(AppendRows(formatter, *batch, rows_max, result));
  }
  // Only an end that was seen is the end of the statement; what is left unread is cancelled with the stream.
  if (!is_whole) {
    NL_ASSIGN_OR_RETURN(const auto rest, stream->Next());
    is_whole = !rest.has_value();
  }
  const auto status = stream->status();
  result.tables_json = status.tables_json;
  result.prediction_json = status.prediction_json;
  if (is_whole) result.shown = stream->shown();
  return result;
}

}  // namespace neurolake::ask
