#pragma once
#include <memory>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// GRANT, DENY, REVOKE, SHOW GRANTS; see parse_table_command.cc. Source: docs/sql/policies.md, "Privileges".
Result<std::shared_ptr<const TableCommand>> ParseGrantStatement(TokenCursor cursor);
/// ALTER TABLE … OWNER TO, ALTER VIEW … OWNER TO; null for any other ALTER.
Result<std::shared_ptr<const TableCommand>> ParseChangeOwner(TokenCursor cursor);

}  // namespace neurolake::query
