#pragma once
#include <memory>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// CREATE, ALTER, DROP, DESCRIBE DATA SUBJECT, SHOW DATA SUBJECTS, GRANT, DENY and REVOKE of FORGET, FORGET SUBJECT;
/// see parse_table_command.cc. Source: docs/erasure.md.
Result<std::shared_ptr<const TableCommand>> ParseDataSubjectStatement(TokenCursor cursor);

/// FORGET SUBJECT name 'key' [DRY RUN], standing behind FORGET.
Result<std::shared_ptr<const TableCommand>> ParseForget(TokenCursor cursor);

}  // namespace neurolake::query
