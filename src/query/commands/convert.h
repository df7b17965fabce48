#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// CONVERT TO DELTA parquet.`path` [NO STATISTICS] [PARTITIONED BY (column type, …)] [AS table].
/// Source: docs/sql/maintenance.md.
Result<std::shared_ptr<const TableCommand>> ParseConvert(TokenCursor cursor);

}  // namespace neurolake::query
