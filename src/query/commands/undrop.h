#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// UNDROP TABLE t | WITH ID 'id'. Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseUndrop(TokenCursor cursor);

}  // namespace neurolake::query
