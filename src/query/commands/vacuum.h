#pragma once
#include "query/commands/table_command.h"
#include "tables/delta/vacuum.h"

namespace neurolake::query {

/// VACUUM t [FULL | LITE] [RETAIN n HOURS] [DRY RUN]. Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseVacuum(TokenCursor cursor);

/// Files of the table that its shallow clones were made from, and which stay for them. `again`: a clone was finished
/// between the question and a look at it. Errors: kCorruption where a clone's list of them is gone.
Result<tables::delta::NamedFiles> FilesOfClones(CommandContext& context, const OpenedTable& table, bool again = false);

}  // namespace neurolake::query
