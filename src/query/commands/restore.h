#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// RESTORE [TABLE] t TO VERSION AS OF n | TIMESTAMP AS OF ts. Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseRestore(TokenCursor cursor);

}  // namespace neurolake::query
