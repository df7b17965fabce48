#pragma once
#include <memory>
#include <vector>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// GRANT, DENY and REVOKE EXECUTE ON FUNCTION, SHOW GRANTS ON FUNCTION; see parse_table_command.cc. Source:
/// docs/sql/policies.md, "Functions".
Result<std::shared_ptr<const TableCommand>> ParseFunctionGrantStatement(TokenCursor cursor);

/// Of SHOW GRANTS, whatever on.
std::vector<OwnColumn> GrantColumns();

}  // namespace neurolake::query
