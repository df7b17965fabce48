#pragma once
#include <iosfwd>
#include <string>
#include <string_view>

#include "common/error.h"

namespace neurolake::cli {

/// The command line's exit codes; docs/cli.md lists them and scripts rely on them.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,         ///< A statement or command failed.
  kExitUsage = 2,          ///< The command line itself is wrong.
  kExitUnavailable = 3,    ///< No connection, or the server or lake cannot take the statement now.
  kExitDenied = 4,         ///< Not authenticated, or not allowed.
  kExitConflict = 5,       ///< Somebody else's commit won: run it again.
  kExitInterrupted = 130,  ///< Ctrl-C.
  kExitPipeClosed = 141,   ///< Whoever read the output went away, as other programs die of SIGPIPE.
};

ExitCode ExitCodeFor(ErrorCode code);

struct ErrorReportOptions {
  std::string_view sql;     ///< The statement, for the line with the caret; empty: none.
  std::string_view source;  ///< "load.sql:12", shown before the message; empty: none.
  bool colour = false;
};

/// Message, code and SQLSTATE, the statement's line with a caret under the position, and what may help:
///
///     error: syntax error at "FORM"
///       SELECT 1 FORM t
///                ^
///     SyntaxError, SQLSTATE 42601
///     hint: …
void ReportError(std::ostream& err, const Error& error, const ErrorReportOptions& options);

}  // namespace neurolake::cli
