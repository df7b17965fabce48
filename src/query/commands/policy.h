#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/commands/table_command.h"
#include "tables/delta/field_places.h"
#include "tables/delta/schema.h"

namespace neurolake::query {

/// One of TO or EXCEPT, as it was written.
struct PolicyGrantee {
  std::string kind;  ///< "public", "user", "group", "role", or "any" for a name alone.
  std::string name;  ///< Lower case.
};

/// ON TAG and ON COLUMN TAG: what has the tag, in one schema or the whole lake.
struct TagClause {
  bool of_columns = false;
  std::string tag;                                  ///< Lower case.
  std::optional<std::string> value = std::nullopt;  ///< nullopt: whatever it is.
  std::string schema = {};                          ///< Empty: the lake.
  bool if_any = false;                              ///< Also if nothing has the tag yet.
};

/// CREATE ROW POLICY and CREATE MASK POLICY. Source: docs/sql/policies.md.
struct PolicyClause {
  std::string kind;  ///< "row" or "mask".
  std::string name;
  ObjectName table;
  std::optional<TagClause> tag = std::nullopt;  ///< In the place of a table.
  std::string column;                           ///< Of a mask.
  std::vector<std::string> fields = {};         ///< Of a mask of a field: the way to it from the column.
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

/// The tag's name, as `pii.email` or in quotes, in lower case. Errors: kSyntaxError.
Result<std::string> ParseTagName(TokenCursor& cursor);

/// What a mask shows that is no expression, over `column`, which is of the type of `field`. Errors: kTypeMismatch.
Result<std::string> MaskSql(const PolicyClause& clause, const tables::delta::StructField& field);

/// The policy by tag that `clause` makes, and DROP … POLICY name ON TAG.
std::shared_ptr<const TableCommand> MakeTagPolicy(PolicyClause clause);
std::shared_ptr<const TableCommand> MakeDropTagPolicy(std::string kind, std::string name, bool if_exists);
/// SHOW POLICIES ON TAG[S].
std::shared_ptr<const TableCommand> MakeShowTagPolicies();

/// What a policy says once it was bound, for the server, which knows the ids of keys and whether they may be used.
plan::PolicyExpression ExpressionOf(const std::string& policy, const std::string& sql, plan::PolicyNeeds needs);

/// Binds what a policy by tag says to a table, or to its column or field, that has the tag; without names: the table.
/// Errors: those of BindPolicy, which say that it does not fit; kNotSupported for a condition inside of a list or map.
Result<plan::PolicyNeeds> BindByTag(CommandContext& context, const OpenedTable& table, const std::string& policy,
                                    const std::string& sql, bool is_mask, const tables::delta::FieldPlace& place);

/// Whether what policies say of `tags` ([[column, tag, value], …]) is true or false, or of the column's type, at
/// `place`. For who looks after the table. Errors: those of BindByTag; the server's.
Result<void> CheckTagsFit(CommandContext& context, const OpenedTable& table, const tables::delta::FieldPlace& place,
                          boost::json::array tags);
/// The same of policies as the server's action tag_policies answers them.
Result<void> CheckPoliciesFit(CommandContext& context, const OpenedTable& table, const tables::delta::FieldPlace& place,
                              const boost::json::value& policies);

/// ALTER TABLE … [ALTER COLUMN …] SET TAGS and UNSET TAGS, SHOW TAGS.
Result<std::shared_ptr<const TableCommand>> ParseTagStatement(TokenCursor cursor);

/// Purposes and attributes of principals: docs/sql/tags.md.
Result<std::shared_ptr<const TableCommand>> ParsePurposeStatement(TokenCursor cursor);

/// REQUEST, APPROVE, REVOKE and SHOW BREAK GLASS: docs/sql/policies.md, "Break-glass access".
Result<std::shared_ptr<const TableCommand>> ParseBreakGlassStatement(TokenCursor cursor);

/// CREATE/DROP ROW POLICY, CREATE/DROP MASK POLICY, SHOW POLICIES, SHOW EFFECTIVE POLICY; see parse_table_command.cc.
Result<std::shared_ptr<const TableCommand>> ParsePolicyStatement(TokenCursor cursor);

/// CREATE, ACTIVATE and DEACTIVATE POLICY BUNDLE, SHOW POLICY BUNDLES, LINT POLICIES.
Result<std::shared_ptr<const TableCommand>> ParsePolicyBundleStatement(TokenCursor cursor);

/// CREATE, DROP and ALTER GROUP, SHOW GROUPS.
Result<std::shared_ptr<const TableCommand>> ParseGroupStatement(TokenCursor cursor);

/// CREATE and ALTER of USER, SERVICE ACCOUNT and AGENT, SHOW USERS.
Result<std::shared_ptr<const TableCommand>> ParseUserStatement(TokenCursor cursor);

}  // namespace neurolake::query
