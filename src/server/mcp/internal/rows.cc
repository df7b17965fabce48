#include "server/mcp/internal/rows.h"

#include "arrow/text_format.h"

namespace neurolake::server::mcp {
namespace {

/// A result up to this large is counted to its end.
constexpr int64_t kCountedMax = 100'000;

}  // namespace

Result<CollectedRows> CollectRows(query::StatementService& service, const RequestContext& ctx,
                                  query::StatementRequest request, const RowLimits& limits,
                                  const std::function<void(int64_t rows)>& report) {
  request.read_only = true;
  NL_ASSIGN_OR_RETURN(const auto stream, service.Execute(ctx, std::move(request)));
  const std::stop_callback cancel(ctx.stop_token(), [&] { stream->Cancel(); });
  NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(stream->schema()));
  CollectedRows collected;
  collected.names = formatter.column_names();
  collected.types = formatter.column_types();
  int64_t seen = 0;
  int64_t bytes = 0;
  bool ended = false;
  while (seen <= std::max(kCountedMax, limits.rows_max)) {
    NL_ASSIGN_OR_RETURN(const auto batch, stream->Next());
    ended = !batch.has_value();
    if (ended) break;
    seen += batch->row_count();
    if (report) report(seen);
    if (collected.truncated) continue;
    NL_RETURN_IF_ERROR(formatter.SetBatch(*batch));
    for (int64_t row = 0; row < batch->row_count() && !collected.truncated; ++row) {
      std::string text;
      if (static_cast<int64_t>(collected.rows.size()) < limits.rows_max) formatter.AppendJsonArray(row, text);
      collected.truncated = text.empty() || bytes + static_cast<int64_t>(text.size()) > limits.bytes_max;
      if (collected.truncated) break;
      bytes += static_cast<int64_t>(text.size());
      collected.rows.push_back(std::move(text));
    }
  }
  if (ended) collected.total = seen;
  collected.status = stream->status();
  return collected;
}

}  // namespace neurolake::server::mcp
