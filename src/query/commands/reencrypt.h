#pragma once
#include "query/commands/table_command.h"

namespace neurolake::query {

/// REENCRYPT TABLE t: cells of encrypted columns under the newest versions of their keys, in one version of the table
/// that changes no value. Source: docs/encryption.md.
Result<std::shared_ptr<const TableCommand>> ParseReencrypt(TokenCursor cursor);

}  // namespace neurolake::query
