#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// CREATE EXPECTATION, as it was written. Source: docs/sql/expectations.md.
struct ExpectationClause {
  ObjectName table;
  std::string name;
  bool or_replace = false;
  bool if_not_exists = false;
  std::string kind;  ///< "check" for all that is about rows; "unique", "foreign key", …
  std::string action;
  std::string definition;                ///< From CHECK or EXPECT on, as people wrote it.
  std::string condition;                 ///< Of a check: SQL over the columns of a row.
  std::vector<std::string> key;          ///< Columns of all other kinds.
  ObjectName foreign;                    ///< Of a foreign key.
  std::vector<std::string> foreign_key;  ///< As `key`.
  double limit = 0;                      ///< Seconds, a share, or an index.
  int64_t least = 0;
  int64_t most = 0;
  int64_t versions = 0;
};

/// From CHECK or EXPECT to the end. Errors: kSyntaxError.
Result<void> ParseExpectationRule(TokenCursor& cursor, ExpectationClause& clause);

/// CREATE EXPECTATION, DROP EXPECTATION, SHOW EXPECTATIONS, SHOW EXPECTATION TREND; see parse_table_command.cc.
Result<std::shared_ptr<const TableCommand>> ParseExpectationStatement(TokenCursor cursor);

}  // namespace neurolake::query
