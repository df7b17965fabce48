#pragma once
#include <memory>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// GRANT, DENY, REVOKE and SHOW GRANTS ON MODEL, ON PIPELINE, ON ALL of them; see parse_table_command.cc. Source:
/// docs/sql/policies.md, "Models and pipelines".
Result<std::shared_ptr<const TableCommand>> ParseObjectGrantStatement(TokenCursor cursor);

}  // namespace neurolake::query
