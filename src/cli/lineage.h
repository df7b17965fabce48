#pragma once
#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// `lineage`: asks the lake for what the caller may see and draws the part around one table. Gives its exit code.
int RunLineage(const LineageArguments& lineage, StatementRunner& runner);

}  // namespace neurolake::cli
