#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// OPTIMIZE t [FULL] [WHERE predicate] [ZORDER BY (column, …)]. Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseOptimize(TokenCursor cursor);

}  // namespace neurolake::query
