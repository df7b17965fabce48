#pragma once
#include <optional>

#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// What `ask` does beside asking: lists, shows and deletes conversations, takes feedback and reviews it. nullopt:
/// nothing of that was asked for; else the exit code.
std::optional<int> RunAskRecords(const AskArguments& ask, OutputFormat format, StatementRunner& runner);

}  // namespace neurolake::cli
