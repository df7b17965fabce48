#pragma once
#include <string>

#include "cli/arguments.h"
#include "cli/statement_runner.h"
#include "common/clock.h"

namespace neurolake::cli {

/// `ask "…"`: one question; without one a conversation, a question on each line of `in`, until its end. With the format
/// json prints answers as they come (docs/ask.md). Exit code kExitOk when every question was answered, kExitFailed
/// otherwise. With a model from a file or a draft questions are read here, and nothing is kept.
int RunAsk(const AskArguments& ask, OutputFormat format, StatementRunner& runner, std::istream& in, const Clock& clock);

}  // namespace neurolake::cli
