#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "query/commands/table_command.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {

/// `VERSION AS OF n` or `TIMESTAMP AS OF value`, as commands on tables take it.
struct VersionClause {
  std::optional<int64_t> version;
  std::string timestamp_sql;  ///< A user's text: a string, a typed string, or something in parentheses.
};

/// Moves behind the clause; nullopt when there is none. Errors: kSyntaxError.
Result<std::optional<VersionClause>> ParseVersionClause(TokenCursor& cursor);

struct ResolvedVersion {
  int64_t version = 0;
  std::string timestamp;  ///< What TIMESTAMP AS OF asked for, ISO 8601; empty for VERSION AS OF.
};

/// The version meant. Evaluates the user's text under the user's gates.
/// Errors: kVersionNotFound with the range there is; kInvalidArgument for a NULL timestamp; those of the text.
Result<ResolvedVersion> ResolveVersion(CommandContext& context, const OpenedTable& table, const VersionClause& clause);

}  // namespace neurolake::query
