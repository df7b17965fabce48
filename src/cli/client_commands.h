#pragma once
#include "cli/arguments.h"
#include "cli/statement_runner.h"
#include "common/clock.h"

namespace neurolake::cli {

/// Runs a command that works through a client (sql, table, ingest, token, user, location, health, demo) and gives its
/// exit code; errors are printed.
int RunClientCommand(const Arguments& arguments, StatementRunner& runner, const Clock& clock);

/// `ingest`, in its own file.
int RunIngest(const IngestArguments& ingest, StatementRunner& runner);

/// A file's content; "-" reads `in`. Errors: kNotFound, kIoError, naming the file.
Result<std::string> ReadWholeFile(const std::string& path, std::istream& in);

}  // namespace neurolake::cli
