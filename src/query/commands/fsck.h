#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// FSCK REPAIR TABLE t [DRY RUN]. Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseFsck(TokenCursor cursor);

}  // namespace neurolake::query
