#include <charconv>
#include <limits>

#include "arrow/text_format.h"
#include "common/text.h"
#include "server/http/internal/handlers.h"
#include "server/http/internal/json.h"
#include "server/http/internal/result_writer.h"
#include "server/http/internal/sql_request.h"

namespace neurolake::server {
namespace {

constexpr int64_t kAllRows = std::numeric_limits<int64_t>::max();
constexpr int64_t kPageRowsMax = 1'000'000;

std::string StatusUrl(const std::string& id) { return "/v1/statements/" + PercentEncode(id); }

// nullopt: a 406 has been sent.
std::optional<ResultFormat> NegotiateFormat(Call& call) {
  const auto format = ChooseFormat(call.request.Header("accept"));
  if (!format.has_value()) {
    call.SendProblem(Problem::ForHttp(406, "NotAcceptable",
                                      "rows are available as application/json, application/x-ndjson, text/csv and "
                                      "application/vnd.apache.arrow.stream"));
  }
  return format;
}

void AppendStatement(const AsyncStatement::Snapshot& statement, const std::string& request_id, std::string& out) {
  ObjectWriter object(out);
  object.Text("id", statement.id);
  if (!statement.status.id.empty()) object.Text("statement_id", statement.status.id.value());
  object.Text("status_url", StatusUrl(statement.id)).Text("state", statement.status.state);
  if (statement.created.has_value()) object.Text("created", FormatTimestamp(*statement.created));
  if (statement.expires.has_value()) object.Text("expires", FormatTimestamp(*statement.expires));
  if (statement.status.progress >= 0) object.Json("progress", fmt::format("{:.4f}", statement.status.progress));
  object.Json("statistics", StatisticsJson(statement.status));
  if (statement.ended && !statement.status.error.has_value()) {
    object.Text("result_url", StatusUrl(statement.id) + "/result");
    object.Integer("row_count", statement.row_count).Integer("bytes", statement.bytes);
  }
  if (statement.status.error.has_value()) {
    object.Json("error", Problem::FromError(*statement.status.error).Body(request_id));
  }
  object.End();
}

// Statements of the synchronous kind have no result to fetch, but can be looked at and cancelled by the same routes.
AsyncStatement::Snapshot FromRunning(const query::StatementStatus& status) {
  AsyncStatement::Snapshot snapshot;
  snapshot.id = status.id.value();
  snapshot.status = status;
  return snapshot;
}

std::unexpected<Error> NoStatement() {
  return MakeError(ErrorCode::kNotFound, "there is no such statement, or it has expired");
}

bool MaySee(const Call& call, const AsyncStatement& statement) {
  return statement.BelongsTo(*call.principal) || call.principal->Has(Right::kManage);
}

// Page tokens are "r" and the number of the first row; documented as opaque.
Result<int64_t> FirstRow(const Call& call) {
  const auto found = call.target.query.find("page_token");
  if (found == call.target.query.end()) return 0;
  const std::string_view token = found->second;
  const bool valid = token.size() >= 2 && token.size() <= 13 && token[0] == 'r' &&
                     token.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (!valid)
    return MakeError(ErrorCode::kInvalidArgument, "the parameter \"page_token\" is not one that a page named");
  int64_t row = 0;
  std::from_chars(token.data() + 1, token.data() + token.size(), row);
  return row;
}

Result<void> SendSpooled(Door& door, Call& call, const AsyncStatement& statement, ResultFormat format, int64_t begin,
                         int64_t count) {
  const AsyncStatement::Snapshot snapshot = statement.Read();
  // Who asked for the rows may not see them any more.
  if (const auto shown = statement.shown()) {
    NL_RETURN_IF_ERROR(door.service.CheckShown(call.Context(door, door.settings.statement_timeout), *shown));
  }
  NL_ASSIGN_OR_RETURN(const auto rows, statement.ReadRows(begin, count));
  ResultWriter::Options options{.format = format, .statement_id = statement.id()};
  if (count < snapshot.row_count - begin) {
    options.next_page_token = fmt::format("r{}", begin + count);
    options.headers.emplace_back("Link", fmt::format("<{}/result?page_token={}&page_size={}>; rel=\"next\"",
                                                     StatusUrl(statement.id()), options.next_page_token, count));
  }
  return SendRows(call, *rows, std::move(options), [&] { return snapshot.status; });
}

Result<void> SendAccepted(Call& call, const AsyncStatement& statement) {
  std::string out;
  AppendStatement(statement.Read(), call.request_id, out);
  return call.SendJson(202, out, {{"Location", StatusUrl(statement.id())}});
}

Result<void> RunWithWait(Door& door, Call& call, SqlRequest sql, ResultFormat format) {
  const auto wait = *sql.wait;
  NL_ASSIGN_OR_RETURN(const auto statement,
                      door.statements.Start(*call.principal, call.request_id, sql.timeout, std::move(sql.statement)));
  if (statement->AwaitEnd(wait, call.request.stop)) {
    const auto sent = SendSpooled(door, call, *statement, format, 0, kAllRows);
    door.statements.Remove(statement->id());
    return sent;
  }
  if (call.request.stop.stop_requested()) {
    // Nobody will ever learn the id.
    statement->Cancel();
    return MakeError(ErrorCode::kCancelled, "the client closed the connection");
  }
  return SendAccepted(call, *statement);
}

/// What the request asks for; what it is for may stand in a header, which a body of text has no other place for.
Result<SqlRequest> ReadRequest(const Door& door, const Call& call) {
  constexpr std::string_view kHeader = "neurolake-purpose";
  NL_ASSIGN_OR_RETURN(SqlRequest sql, ParseSqlRequest(call.body, call.body_is_text, door.settings));
  if (call.request.CountHeader(kHeader) == 0) return sql;
  const std::string_view purpose = call.request.Header(kHeader);
  const bool said_otherwise = !sql.statement.purpose.empty() && !EqualsIgnoringCase(sql.statement.purpose, purpose);
  if (call.request.CountHeader(kHeader) > 1 || said_otherwise) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a statement is for one purpose: header NeuroLake-Purpose, or the "
                     "member \"purpose\"");
  }
  sql.statement.purpose = std::string(purpose);
  return sql;
}

}  // namespace

Result<void> PostSql(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(SqlRequest sql, ReadRequest(door, call));
  const auto format = NegotiateFormat(call);
  if (!format.has_value()) return {};
  if (sql.wait.has_value()) return RunWithWait(door, call, std::move(sql), *format);
  const RequestContext ctx = call.Context(door, sql.timeout);
  NL_ASSIGN_OR_RETURN(const auto stream, door.service.Execute(ctx, std::move(sql.statement)));
  // The service watches the token as well; a stream that is waiting for a worker's rows is woken by this.
  const std::stop_callback cancel(call.request.stop, [&] { stream->Cancel(); });
  return SendRows(call, *stream,
                  {.format = *format,
                   .statement_id = stream->status().id.value(),
                   .flusher = &door.flusher,
                   .cancel = [&] { stream->Cancel(); }},
                  [&] { return stream->status(); });
}

Result<void> PostStatement(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(SqlRequest sql, ReadRequest(door, call));
  if (sql.wait.has_value()) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"wait\" belongs to /v1/sql; this never waits");
  }
  NL_ASSIGN_OR_RETURN(const auto statement,
                      door.statements.Start(*call.principal, call.request_id, sql.timeout, std::move(sql.statement)));
  return SendAccepted(call, *statement);
}

Result<void> ListStatements(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(const int64_t limit, call.IntegerParameter("limit", 100, 1, 1000));
  std::string out = "{\"statements\":[";
  int64_t count = 0;
  std::vector<std::string> listed;
  const auto append = [&](const AsyncStatement::Snapshot& snapshot) {
    if (count >= limit) return;
    if (count++ > 0) out.push_back(',');
    AppendStatement(snapshot, call.request_id, out);
  };
  for (const auto& statement : door.statements.List()) {
    if (!MaySee(call, *statement)) continue;
    const auto snapshot = statement->Read();
    listed.push_back(snapshot.status.id.value());
    append(snapshot);
  }
  for (const auto& status : door.service.ListRunning(call.Context(door, door.settings.statement_timeout))) {
    if (std::find(listed.begin(), listed.end(), status.id.value()) == listed.end()) {
      append(FromRunning(status));
    }
  }
  out += "]}";
  return call.SendJson(200, out);
}

Result<void> GetStatement(Door& door, Call& call) {
  std::string out;
  if (const auto statement = door.statements.Find(call.arguments[0]);
      statement != nullptr && MaySee(call, *statement)) {
    AppendStatement(statement->Read(), call.request_id, out);
    return call.SendJson(200, out);
  }
  for (const auto& status : door.service.ListRunning(call.Context(door, door.settings.statement_timeout))) {
    if (status.id.value() != call.arguments[0]) continue;
    AppendStatement(FromRunning(status), call.request_id, out);
    return call.SendJson(200, out);
  }
  return NoStatement();
}

Result<void> GetStatementResult(Door& door, Call& call) {
  NL_ASSIGN_OR_RETURN(const int64_t page_size, call.IntegerParameter("page_size", 0, 1, kPageRowsMax));
  NL_ASSIGN_OR_RETURN(const int64_t begin, FirstRow(call));
  const auto statement = door.statements.Find(call.arguments[0]);
  // Rows are for who asked for them: an administrator may stop a statement but sees its rows no more than anybody else.
  if (statement == nullptr || !statement->BelongsTo(*call.principal)) return NoStatement();
  const auto snapshot = statement->Read();
  if (!snapshot.ended) {
    Problem problem = Problem::ForHttp(409, "StatementNotFinished", "the statement has not ended yet");
    problem.retry = RetryAdvice::kRetry;
    problem.extensions.emplace_back("state", snapshot.status.state);
    problem.headers.emplace_back("Retry-After", "1");
    call.SendProblem(problem);
    return {};
  }
  if (!snapshot.status.error.has_value() && begin > snapshot.row_count) {
    return MakeError(ErrorCode::kNotFound, "there is no such page of the result");
  }
  const auto format = NegotiateFormat(call);
  if (!format.has_value()) return {};
  return SendSpooled(door, call, *statement, *format, begin, page_size == 0 ? kAllRows : page_size);
}

Result<void> DeleteStatement(Door& door, Call& call) {
  const auto statement = door.statements.Find(call.arguments[0]);
  if (statement != nullptr && MaySee(call, *statement)) {
    if (statement->Read().ended) {
      door.statements.Remove(statement->id());
    } else {
      statement->Cancel();
    }
    return call.Send(204, "", "");
  }
  const auto cancelled =
      door.service.Cancel(call.Context(door, door.settings.statement_timeout), StatementId(call.arguments[0]));
  if (!cancelled.has_value()) {
    if (cancelled.error().code() == ErrorCode::kNotFound) return NoStatement();
    return std::unexpected(cancelled.error());
  }
  return call.Send(204, "", "");
}

}  // namespace neurolake::server
