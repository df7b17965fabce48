#include "cli/statement_runner.h"

#include <boost/json.hpp>

#include <ostream>

#include "arrow/text_format.h"
#include "cli/progress_bar.h"
#include "cli/statement_splitter.h"
#include "common/text.h"
#include "query/copy_into_lines.h"
#include "query/front_parser.h"

namespace neurolake::cli {
namespace {

constexpr int64_t kTerminalRows = 40;
/// Columns that a statement without rows of its own answers with; the engine's own statements have the latter two.
constexpr std::string_view kAcknowledgements[] = {"rows_changed", "status", "Count", "Success"};

/// What `INSERT`, `CREATE` and their kin answer with: a count or nothing, better said in words than in a table.
bool IsAcknowledgement(const arrow::Schema& schema, const query::ResultStream& stream) {
  if (schema.column_count() == 0) return true;
  if (schema.column_count() != 1) return false;
  const char* name = schema.get()->children[0]->name;
  if (name == nullptr || std::ranges::find(kAcknowledgements, name) == std::end(kAcknowledgements)) return false;
  const std::string kind = stream.status().kind;
  return !kind.empty() && kind != "SELECT" && kind != "EXPLAIN";
}

/// Reads an acknowledgement to its end and gives the number in it, or -1.
Result<int64_t> Drain(query::ResultStream& stream) {
  int64_t count = -1;
  NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(stream.schema()));
  while (true) {
    NL_ASSIGN_OR_RETURN(const auto batch, stream.Next());
    if (!batch) return count;
    NL_RETURN_IF_ERROR(formatter.SetBatch(*batch));
    std::string text;
    const bool has_cell = batch->row_count() > 0 && !formatter.column_names().empty();
    if (!has_cell || formatter.column_types()[0] != "BIGINT" || !formatter.AppendText(0, 0, text)) continue;
    count = std::strtoll(text.c_str(), nullptr, 10);
  }
}

/// {"queue_us":12,…} as "queue 0.0 ms, …"; empty for what is not that.
std::string StageTimes(const std::string& stages_json) {
  boost::system::error_code failure;
  const boost::json::value value = boost::json::parse(stages_json, failure);
  if (failure || !value.is_object()) return {};
  std::string text;
  for (const auto& [key, micros] : value.get_object()) {
    std::string_view name(key.data(), key.size());
    if (!name.ends_with("_us") || !micros.is_number()) continue;
    name.remove_suffix(3);
    text += fmt::format("{}{} {:.1f} ms", text.empty() ? "" : ", ", name, micros.to_number<double>() / 1000);
  }
  return text;
}

/// The first line that is not UTF-8, from 1; 0 for none.
size_t FindForeignLine(std::string_view text) {
  if (query::IsValidUtf8(text)) return 0;
  size_t number = 1;
  for (size_t at = 0; at < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (!query::IsValidUtf8(text.substr(at, end - at))) return number;
    at = end + 1;
  }
  return number;
}

}  // namespace

ClientStatement StatementRunner::Session(const std::string& sql) const {
  return {.sql = sql,
          .schema = options_.schema,
          .time_zone = options_.time_zone,
          .purpose = options_.purpose,
          .transaction = options_.transaction};
}

std::stop_token StatementRunner::Arm() { return interruption_ == nullptr ? std::stop_token() : interruption_->Arm(); }

Result<void> StatementRunner::Run(const std::string& sql, std::ostream* out) {
  const auto started = std::chrono::steady_clock::now();
  if (auto taken = TakeSessionStatement(sql, out == nullptr ? console_.out : *out)) return *taken;
  const std::stop_token stop = Arm();
  auto result = RunArmed(stop, sql, out);
  if (interruption_ != nullptr) interruption_->Disarm();
  if (options_.timing && !result) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    PrintTiming(elapsed.count(), {});
  }
  return result;
}

Result<void> StatementRunner::RunArmed(std::stop_token stop, const std::string& sql, std::ostream* out) {
  const auto started = std::chrono::steady_clock::now();
  std::ostream& to = out == nullptr ? console_.out : *out;
  // The bar's thread asks the stream while this one reads it; before there is a stream nothing is known.
  std::mutex stream_mutex;
  query::ResultStream* shared_stream = nullptr;
  std::optional<ProgressBar> bar;
  if (console_.err_is_terminal) {
    bar.emplace(console_.err, [&] {
      std::lock_guard lock(stream_mutex);
      return shared_stream == nullptr ? -1.0 : shared_stream->status().progress;
    });
  }
  NL_ASSIGN_OR_RETURN(const auto stream, client_.Execute(stop, Session(sql)));
  {
    std::lock_guard lock(stream_mutex);
    shared_stream = stream.get();
  }
  // Declared after `stream`, and `bar` before it: the bar must not outlive what it asks.
  const auto stop_bar = [&] {
    if (bar) bar->Stop();
  };
  struct AtEnd {
    std::function<void()> action;
    ~AtEnd() { action(); }
  } const at_end{stop_bar};

  const bool terminal = out == nullptr && console_.out_is_terminal;
  int64_t count = -1;
  if (options_.format == OutputFormat::kBox && IsAcknowledgement(stream->schema(), *stream)) {
    NL_ASSIGN_OR_RETURN(count, Drain(*stream));
    stop_bar();
    PrintSummary(stream->status(), count, to);
  } else {
    const bool automatic = options_.rows_max == OutputOptions::kRowsMaxAutomatic;
    const auto writer = MakeResultWriter({.format = options_.format,
                                          .expanded = options_.expanded,
                                          .rows_max = automatic ? (terminal ? kTerminalRows : 0) : options_.rows_max,
                                          .width = terminal && !options_.expanded ? console_.width : 0,
                                          .colour = terminal},
                                         to);
    NL_RETURN_IF_ERROR(writer->Begin(stream->schema()));
    while (true) {
      NL_ASSIGN_OR_RETURN(const auto batch, stream->Next());
      if (!batch) break;
      // Rows on a terminal and a bar would write over each other; a box is printed at the end only.
      if (terminal && options_.format != OutputFormat::kBox) stop_bar();
      NL_RETURN_IF_ERROR(writer->Write(*batch));
    }
    stop_bar();
    NL_RETURN_IF_ERROR(writer->End());
  }
  to.flush();
  if (options_.timing) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    PrintTiming(elapsed.count(), stream->status());
  }
  return CheckOutput(to);
}

std::optional<Result<void>> StatementRunner::TakeSessionStatement(const std::string& sql, std::ostream& out) {
  // What cannot be parsed is the pipeline's to refuse, with its own message.
  const auto parsed = query::ParseFront(sql);
  if (!parsed) return std::nullopt;
  const auto* set = std::get_if<query::SetSession>(&parsed->statement);
  if (set == nullptr) return std::nullopt;
  using Setting = query::SetSession::Setting;
  std::string& option = set->setting == Setting::kSchema    ? options_.schema
                        : set->setting == Setting::kPurpose ? options_.purpose
                                                            : options_.time_zone;
  const std::string before = std::exchange(option, set->value);
  // Only the server knows which schemas, time zones and purposes there are.
  if (!set->value.empty()) {
    if (const auto checked = Collect("SELECT 1", 1); !checked) {
      option = before;
      return Result<void>(std::unexpected(checked.error()));
    }
  }
  if (options_.format == OutputFormat::kBox) out << "OK\n" << std::flush;
  return Result<void>();
}

void StatementRunner::PrintSummary(const query::StatementStatus& status, int64_t rows_counted, std::ostream& out) {
  const int64_t changed = status.rows_changed >= 0 ? status.rows_changed : rows_counted;
  out << "OK";
  if (changed >= 0) out << fmt::format(", {} {}", WithThousands(changed), changed == 1 ? "row" : "rows");
  if (status.committed_version >= 0) out << fmt::format(", version {}", status.committed_version);
  if (status.applied_before) out << ", applied before";
  out << '\n';
}

void StatementRunner::PrintTiming(double seconds, const query::StatementStatus& status) {
  const std::string stages = StageTimes(status.stages_json);
  console_.err << fmt::format("Time: {:.3f} s{}\n", seconds, stages.empty() ? "" : " (" + stages + ")") << std::flush;
}

int StatementRunner::Report(const Error& error, const ErrorReportOptions& options) {
  const bool interrupted =
      error.code() == ErrorCode::kCancelled && interruption_ != nullptr && interruption_->TakeInterrupted();
  // `… | head`: whoever closed the pipe has what it wants.
  if (error.code() == ErrorCode::kIoError && !console_.out.good() && OutputPipeIsClosed()) return kExitPipeClosed;
  ErrorReportOptions coloured = options;
  coloured.colour = console_.err_is_terminal;
  console_.out.flush();
  ReportError(console_.err, error, coloured);
  return interrupted ? kExitInterrupted : ExitCodeFor(error.code());
}

int StatementRunner::RunAndReport(const std::string& sql, std::string_view source, std::ostream* out) {
  const auto result = Run(sql, out);
  return result ? kExitOk : Report(result.error(), {.sql = sql, .source = source});
}

int StatementRunner::RunScript(std::string_view script, std::string_view name, std::ostream* out) {
  if (const size_t line = FindForeignLine(script); line > 0) {
    const std::string source = name.empty() ? "" : fmt::format("{}:{}", name, line);
    return Report(Error(ErrorCode::kInvalidArgument,
                        "the text is not UTF-8, so nothing was run; save it as UTF-8, or convert it with iconv"),
                  {.source = source});
  }
  SplitScript split = SplitStatements(script);
  if (split.open != 0) {
    const std::string_view what = split.open == '*' ? "a comment" : "a quoted text";
    return Report(Error(ErrorCode::kSyntaxError, fmt::format("{} is not closed before the script ends", what)),
                  {.source = name.empty() ? std::string_view() : name});
  }
  // The last statement of a file needs no semicolon.
  if (!split.rest_is_blank) split.statements.push_back({split.rest, split.rest_line});
  if (options_.transaction && split.statements.size() != 1) {
    return Report(
        Error(ErrorCode::kInvalidArgument,
              fmt::format("--txn-app and --txn-version go with one statement, given: {}", split.statements.size())));
  }
  const JoinedStatements joined = JoinTransactions(split.statements);
  const auto source_of = [&](const SplitScript::Statement& statement) {
    return name.empty() ? std::string() : fmt::format("{}:{}", name, statement.line);
  };
  if (joined.open) {
    return Report(Error(ErrorCode::kSyntaxError,
                        "a transaction is not ended before the script ends, so nothing was run; expected COMMIT or "
                        "ROLLBACK"),
                  {.source = source_of(*joined.open)});
  }
  for (const auto& statement : joined.complete) {
    const std::string source = source_of(statement);
    if (const int code = RunAndReport(statement.text, source, out); code != kExitOk) return code;
  }
  return kExitOk;
}

Result<std::vector<std::vector<std::string>>> StatementRunner::Collect(const std::string& sql, size_t columns,
                                                                       int64_t rows_max) {
  std::vector<std::vector<std::string>> rows;
  NL_ASSIGN_OR_RETURN(const auto stream, client_.Execute(Arm(), Session(sql)));
  NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(stream->schema()));
  if (formatter.column_names().size() < columns) {
    return MakeError(ErrorCode::kInternal, "the server answers with {} columns where {} belong; is it of this version?",
                     formatter.column_names().size(), columns);
  }
  while (static_cast<int64_t>(rows.size()) < rows_max) {
    NL_ASSIGN_OR_RETURN(const auto batch, stream->Next());
    if (!batch) break;
    NL_RETURN_IF_ERROR(formatter.SetBatch(*batch));
    for (int64_t row = 0; row < batch->row_count() && static_cast<int64_t>(rows.size()) < rows_max; ++row) {
      auto& cells = rows.emplace_back(formatter.column_names().size());
      for (size_t column = 0; column < cells.size(); ++column) {
        formatter.AppendText(row, static_cast<int64_t>(column), cells[column]);
      }
    }
  }
  if (interruption_ != nullptr) interruption_->Disarm();
  return rows;
}

}  // namespace neurolake::cli
