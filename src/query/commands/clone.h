#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// CREATE [OR REPLACE] TABLE [IF NOT EXISTS] t [DEEP | SHALLOW] CLONE s [VERSION AS OF n | TIMESTAMP AS OF ts]
/// [LOCATION 'path']. Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseClone(TokenCursor cursor);

}  // namespace neurolake::query
