#pragma once
#include <string>

#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// `documents add`, `list` and `remove` (docs/documents.md): reads files on this machine, each in neurolake-extract's
/// sandbox, and puts their passages into a table, by statements like any other's. A document is added before its
/// older version is removed: one that cannot be read changes nothing.
int RunDocuments(const std::string& action, const DocumentArguments& documents, StatementRunner& runner,
                 const Clock& clock);

}  // namespace neurolake::cli
