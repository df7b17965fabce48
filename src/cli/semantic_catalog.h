#pragma once
#include <string>

#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// `neurolake semantic apply`, `show` and `list`: models of the catalogue. Returns the exit code.
int RunSemanticCatalog(const std::string& action, const SemanticModelArguments& semantic, StatementRunner& runner);

}  // namespace neurolake::cli
