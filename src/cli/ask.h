#pragma once
#include <string>

#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// `ask "…"`: one question; without one a conversation, a question on each line of `in`, until its end. With the format
/// json prints answers as they come (docs/ask.md). Exit code kExitOk when every question was answered, kExitFailed
/// otherwise.
int RunAsk(const AskArguments& ask, OutputFormat format, StatementRunner& runner, std::istream& in);

}  // namespace neurolake::cli
