#pragma once
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// One of TO or EXCEPT, as it was written.
struct PolicyGrantee {
  std::string kind;  ///< "public", "user", "group", "role", or "any" for a name alone.
  std::string name;  ///< Lower case.
};

/// CREATE ROW POLICY and CREATE MASK POLICY. Source: docs/sql/policies.md.
struct PolicyClause {
  std::string kind;  ///< "row" or "mask".
  std::string name;
  ObjectName table;
  std::string column;  ///< Of a mask.
  bool or_replace = false;
  bool if_not_exists = false;
  bool restrictive = false;
  std::vector<PolicyGrantee> to;      ///< Of a row policy; PUBLIC if none was named.
  std::vector<PolicyGrantee> except;  ///< Of a mask.
  std::string condition;              ///< USING of a row policy; of a mask, if it is an expression.
  std::string check;                  ///< WITH CHECK; empty: as `condition`.
  std::string method;                 ///< Of a mask that is no expression: "null", "redact", "hash", "first" …
  int64_t count = 0;                  ///< FIRST n, LAST n, ROUND n.
  std::string constant;               ///< CONSTANT 'x', as SQL.
  std::string definition;             ///< Behind the table, as people wrote it.
};

/// From [IF NOT EXISTS] on. Errors: kSyntaxError.
Result<PolicyClause> ParsePolicyClause(TokenCursor& cursor, std::string kind);

/// `PUBLIC`, `[USER | GROUP | ROLE] name`, separated by commas. Errors: kSyntaxError.
Result<std::vector<PolicyGrantee>> ParseGrantees(TokenCursor& cursor);

/// A result of texts, of a server's answer {rows: [[…], …]}. Errors: kCorruption for another.
Result<OwnResult> ResultOfRows(const std::vector<OwnColumn>& columns, const boost::json::object& answer);

/// CREATE/DROP ROW POLICY, CREATE/DROP MASK POLICY, SHOW POLICIES, SHOW EFFECTIVE POLICY; see parse_table_command.cc.
Result<std::shared_ptr<const TableCommand>> ParsePolicyStatement(TokenCursor cursor);

/// CREATE, DROP and ALTER GROUP, SHOW GROUPS.
Result<std::shared_ptr<const TableCommand>> ParseGroupStatement(TokenCursor cursor);

}  // namespace neurolake::query
