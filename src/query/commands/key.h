#pragma once
#include <memory>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// CREATE, ROTATE, DROP KEY, ROTATE MASTER KEY, REWRAP KEYS, GRANT, DENY and REVOKE of USAGE and LOOKUP, SHOW KEYS, KEY
/// GRANTS and KEY LOOKUPS; see parse_table_command.cc. Source: docs/masking.md.
Result<std::shared_ptr<const TableCommand>> ParseKeyStatement(TokenCursor cursor);

}  // namespace neurolake::query
