#pragma once
#include <string>

#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// `user create`, `list`, `disable`, `enable`, `password` and `bind`; gives the exit code, errors are printed.
int RunUser(const std::string& action, const UserArguments& user, OutputFormat format, StatementRunner& runner);

}  // namespace neurolake::cli
