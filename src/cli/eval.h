#pragma once
#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// `eval --questions FILE.jsonl`: asks every question, runs its gold queries, and reports how often answers were right,
/// not given, or silently wrong (docs/ask.md, "Measuring"). Exit code kExitFailed when a goal that was given is missed.
int RunEval(const EvalArguments& eval, OutputFormat format, StatementRunner& runner, const Clock& clock);

}  // namespace neurolake::cli
