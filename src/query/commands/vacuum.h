#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// VACUUM t [FULL | LITE] [RETAIN n HOURS] [DRY RUN]. Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseVacuum(TokenCursor cursor);

}  // namespace neurolake::query
