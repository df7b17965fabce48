#pragma once
#include <string>

#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// `pii scan` and `pii list`: SCAN TABLE … FOR PII for the tables named, or all that the principal sees, and what is
/// known of them. Prints one result; a table that fails is reported, and the others are scanned all the same.
int RunPii(const std::string& action, const PiiArguments& pii, StatementRunner& runner);

}  // namespace neurolake::cli
