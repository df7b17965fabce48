#pragma once
#include <memory>

#include "common/result.h"
#include "query/commands/table_command.h"

namespace neurolake::query {

/// CREATE CREDENTIAL, DROP CREDENTIAL, SHOW CREDENTIALS and ROTATE CREDENTIAL KEY; null for anything else. Errors never
/// repeat a word of the text: it may be a secret that lost its quotes. Grammar: docs/sql/grammar.md.
Result<std::shared_ptr<const TableCommand>> ParseCredential(TokenCursor cursor);

}  // namespace neurolake::query
