#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// ANALYZE TABLE t COMPUTE STATISTICS [NOSCAN | FOR COLUMNS a, b | FOR ALL COLUMNS]. Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseAnalyze(TokenCursor cursor);

}  // namespace neurolake::query
