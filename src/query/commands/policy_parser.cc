// Row and mask policies: docs/sql/grammar.md, "policies".
#include "common/text.h"
#include "query/commands/policy.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

/// What stands behind USING in a mask policy.
Result<void> ParseMethod(TokenCursor& cursor, PolicyClause& clause) {
  if (cursor.IsSymbol("(")) {
    NL_ASSIGN_OR_RETURN(clause.condition, cursor.ExpectParenthesised("an expression"));
    return {};
  }
  for (const std::string_view word : {"null", "redact", "hash", "year"}) {
    if (!cursor.AcceptWord(word)) continue;
    clause.method = word;
    return {};
  }
  for (const std::string_view word : {"first", "last", "round"}) {
    if (!cursor.AcceptWord(word)) continue;
    clause.method = word;
    NL_ASSIGN_OR_RETURN(clause.count, cursor.ExpectInteger("a number"));
    const int64_t most = word == "round" ? 18 : 1000;
    if (clause.count < 0 || clause.count > most) return cursor.Unexpected("a smaller number");
    return {};
  }
  if (cursor.AcceptWord("constant")) {
    clause.method = "constant";
    NL_ASSIGN_OR_RETURN(const std::string text, cursor.ExpectString("a text"));
    clause.constant = QuoteLiteral(text);
    return {};
  }
  return cursor.Unexpected("(expression), NULL, REDACT, HASH, FIRST n, LAST n, ROUND n, YEAR or CONSTANT 'text'");
}

/// `[COLUMN] TAG name [= 'value'] [IN SCHEMA s | IN LAKE] [IF ANY]`, standing on its first word.
Result<TagClause> ParseTag(TokenCursor& cursor) {
  TagClause clause;
  clause.of_columns = cursor.AcceptWord("column");
  NL_RETURN_IF_ERROR(cursor.ExpectWord("tag"));
  NL_ASSIGN_OR_RETURN(clause.tag, ParseTagName(cursor));
  if (cursor.AcceptSymbol("=")) {
    NL_ASSIGN_OR_RETURN(clause.value, cursor.ExpectString("the value of a tag"));
  }
  if (cursor.AcceptWords({"in", "schema"})) {
    NL_ASSIGN_OR_RETURN(const std::string schema, cursor.ExpectIdentifier("a schema"));
    clause.schema = LowerAscii(schema);
  } else {
    cursor.AcceptWords({"in", "lake"});
  }
  clause.if_any = cursor.AcceptWords({"if", "any"});
  return clause;
}

/// Whether `ON` is followed by a tag, not by a table that is called so.
bool IsTag(const TokenCursor& cursor) {
  if (cursor.IsWord("column") && cursor.IsWord("tag", 1)) return true;
  return cursor.IsWord("tag") && (cursor.IsIdentifier(1) || cursor.IsString(1));
}

/// One clause of a policy; false if none stands here.
Result<bool> ParseOne(TokenCursor& cursor, PolicyClause& clause) {
  const bool row = clause.kind == "row";
  if (row && cursor.AcceptWord("as")) {
    clause.restrictive = cursor.AcceptWord("restrictive");
    if (!clause.restrictive) NL_RETURN_IF_ERROR(cursor.ExpectWord("permissive"));
    return true;
  }
  if (row && cursor.AcceptWord("to")) {
    NL_ASSIGN_OR_RETURN(clause.to, ParseGrantees(cursor));
    return true;
  }
  if (!row && cursor.AcceptWord("except")) {
    NL_ASSIGN_OR_RETURN(clause.except, ParseGrantees(cursor));
    return true;
  }
  if (row && cursor.AcceptWords({"with", "check"})) {
    NL_ASSIGN_OR_RETURN(clause.check, cursor.ExpectParenthesised("an expression"));
    return true;
  }
  if (!cursor.AcceptWord("using")) return false;
  if (row) {
    NL_ASSIGN_OR_RETURN(clause.condition, cursor.ExpectParenthesised("an expression"));
    return true;
  }
  NL_RETURN_IF_ERROR(ParseMethod(cursor, clause));
  return true;
}

}  // namespace

Result<std::vector<PolicyGrantee>> ParseGrantees(TokenCursor& cursor) {
  std::vector<PolicyGrantee> grantees;
  do {
    if (cursor.AcceptWord("public")) {
      grantees.push_back({"public", ""});
      continue;
    }
    std::string kind = "any";
    for (const std::string_view word : {"user", "group", "role"}) {
      if (kind == "any" && cursor.IsWord(word) && cursor.Has(1) && (cursor.IsIdentifier(1) || cursor.IsString(1))) {
        cursor.Skip();
        kind = word;
      }
    }
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("PUBLIC, a group, a user or ROLE and a role"));
    grantees.push_back({kind, LowerAscii(name)});
  } while (cursor.AcceptSymbol(","));
  return grantees;
}

Result<std::string> ParseTagName(TokenCursor& cursor) {
  if (cursor.IsString()) {
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectString("a tag"));
    return LowerAscii(name);
  }
  std::string name;
  do {
    NL_ASSIGN_OR_RETURN(const std::string part, cursor.ExpectIdentifier("a tag"));
    name += (name.empty() ? "" : ".") + part;
  } while (cursor.AcceptSymbol("."));
  return LowerAscii(name);
}

Result<PolicyClause> ParsePolicyClause(TokenCursor& cursor, std::string kind) {
  PolicyClause clause;
  clause.kind = std::move(kind);
  clause.if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("a name for the policy"));
  clause.name = LowerAscii(name);
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  if (IsTag(cursor)) {
    NL_ASSIGN_OR_RETURN(clause.tag, ParseTag(cursor));
    if (clause.kind == "mask" && !clause.tag->of_columns)
      return cursor.Unexpected("ON COLUMN TAG: a mask is of columns");
  } else {
    NL_ASSIGN_OR_RETURN(clause.table, cursor.ExpectObjectName());
  }
  if (clause.kind == "mask" && !clause.tag) {
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
    NL_ASSIGN_OR_RETURN(clause.column, cursor.ExpectIdentifier("a column"));
    while (cursor.AcceptSymbol(".")) {
      NL_ASSIGN_OR_RETURN(clause.fields.emplace_back(), cursor.ExpectIdentifier("a field"));
    }
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  }
  const TokenCursor begin = cursor;
  while (!cursor.AtEnd()) {
    NL_ASSIGN_OR_RETURN(const bool parsed, ParseOne(cursor, clause));
    if (!parsed) {
      return cursor.Unexpected(clause.kind == "row" ? "AS, TO, USING or WITH CHECK" : "EXCEPT or USING");
    }
  }
  if (clause.condition.empty() && clause.method.empty()) return cursor.Unexpected("USING");
  clause.definition = cursor.TextSince(begin);
  if (clause.kind == "row" && clause.to.empty()) clause.to.push_back({"public", ""});
  return clause;
}

}  // namespace neurolake::query
