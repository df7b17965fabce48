#pragma once
#include <string>
#include <string_view>

#include "cli/client.h"
#include "cli/error_report.h"
#include "cli/interruption.h"
#include "cli/result_writer.h"
#include "cli/terminal.h"

namespace neurolake::cli {

struct OutputOptions {
  OutputFormat format = OutputFormat::kBox;
  bool expanded = false;
  bool timing = false;
  int64_t rows_max = kRowsMaxAutomatic;  ///< Rows a box shows; 0: all.
  std::string schema;                    ///< Default schema of every statement; USE changes it.
  std::string time_zone;                 ///< Session time zone; SET TIME ZONE changes it.
  std::string purpose;                   ///< What statements are for; SET purpose changes it.

  std::optional<query::ApplicationVersion> transaction;  ///< Of the one statement that is to be run.

  static constexpr int64_t kRowsMaxAutomatic = -1;  ///< 40 on a terminal, else all.
};

/// Runs statements and prints what they give: rows to the console's `out` in the chosen format, errors, times and a
/// progress bar to its `err`.
class StatementRunner {
 public:
  /// Borrows all three. `interruption` may be null: nothing can be cancelled then.
  StatementRunner(Client& client, Console& console, Interruption* interruption)
      : client_(client), console_(console), interruption_(interruption) {}

  OutputOptions& options() { return options_; }
  Client& client() { return client_; }
  Console& console() { return console_; }

  /// Runs one statement. The error is not printed. `out` in place of the console's, when not null, takes the rows.
  Result<void> Run(const std::string& sql, std::ostream* out = nullptr);

  /// Runs one statement and reports its error, if any, with `source` ("load.sql:12") before it.
  int RunAndReport(const std::string& sql, std::string_view source = {}, std::ostream* out = nullptr);

  /// Runs a script's statements in order and stops at the first that fails; BEGIN … COMMIT is one statement. `name` is
  /// its file, for messages.
  int RunScript(std::string_view script, std::string_view name, std::ostream* out = nullptr);

  /// The cells of a result as text, NULL as "": for completion and commands, not for tables of any size. Each row has
  /// at least `columns`. Errors: the statement's, kInternal for an answer of another shape.
  Result<std::vector<std::vector<std::string>>> Collect(const std::string& sql, size_t columns,
                                                        int64_t rows_max = 10'000);

  /// Prints `error` and gives its exit code; 130 for what Ctrl-C ended.
  int Report(const Error& error, const ErrorReportOptions& options = {});

 private:
  std::stop_token Arm();
  ClientStatement Session(const std::string& sql) const;  ///< `sql` with this session's schema, time zone and purpose.
  Result<void> RunArmed(std::stop_token stop, const std::string& sql, std::ostream* out);
  /// Takes USE, SET SCHEMA, SET TIME ZONE and SET purpose, which are about this session and not about the lake; nullopt
  /// for others. Errors: the server's, of a statement with the new value: the session stays as it was.
  std::optional<Result<void>> TakeSessionStatement(const std::string& sql, std::ostream& out);
  void PrintSummary(const query::StatementStatus& status, int64_t rows_counted, std::ostream& out);
  void PrintTiming(double seconds, const query::StatementStatus& status);

  Client& client_;
  Console& console_;
  Interruption* interruption_;
  OutputOptions options_;
};

}  // namespace neurolake::cli
