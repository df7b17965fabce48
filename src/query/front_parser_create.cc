// CREATE TABLE in Databricks' spellings becomes DuckDB's:
//   CREATE TABLE t (a STRING, b ARRAY<INT>) USING DELTA PARTITIONED BY (a) COMMENT 'c' LOCATION '/d'
//   TBLPROPERTIES ('k'='v')
//   -> CREATE TABLE t (a STRING, b INT[]) PARTITIONED BY (a) WITH ('k'='v', comment='c', location='/d')
// A statement that has none of our spellings keeps its bytes.
#include <map>
#include <utility>

#include "common/text.h"
#include "query/front_parser_cursor.h"
#include "query/front_parser_types.h"

namespace neurolake::query {
namespace {

// The engine's grammar asks for a column; this is the name the lake's catalogue knows to mean none.
constexpr std::string_view kNoColumns = "(\"_\" INTEGER)";

struct TableClauses {
  bool ours = false;  ///< Something the engine's grammar lacks was there.
  std::string partitioned_by;
  std::string sorted_by;
  std::string with;  ///< The inside of the user's own WITH (…).
  std::vector<std::pair<std::string, std::string>> options;
  bool has_location = false;
};

// The text of a parenthesised group, which `cursor` stands on, without the parentheses; moves behind it.
Result<std::string> TakeParentheses(TokenCursor& cursor) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  const size_t begin = cursor.Position();
  for (size_t depth = 1; cursor.Has(0);) {
    if (cursor.IsSymbol("(")) ++depth;
    if (cursor.IsSymbol(")")) --depth;
    const size_t end = cursor.Position();
    cursor.Skip();
    if (depth == 0) return std::string(cursor.sql().substr(begin, end - begin));
  }
  return cursor.Unexpected("\")\"");
}

bool StartsTableConstraint(const TokenCursor& cursor) {
  return cursor.IsWord("constraint") || cursor.IsWord("primary") || cursor.IsWord("unique") || cursor.IsWord("check") ||
         cursor.IsWord("foreign") || cursor.IsWord("like");
}

// Standing on "("; leaves `cursor` behind the matching ")".
Result<void> RewriteColumns(TokenCursor& cursor, std::vector<TextEdit>& edits) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  for (bool in_list = true; in_list;) {
    if (cursor.AcceptSymbol(")")) return {};  // The engine allows a comma before it.
    if (!StartsTableConstraint(cursor) && cursor.Has(0)) {
      cursor.Skip();  // The column's name; the engine judges it.
      NL_RETURN_IF_ERROR(RewriteType(cursor, edits));
    }
    for (size_t depth = 0;;) {
      if (cursor.AtEnd()) return cursor.Unexpected("\")\"");
      // COMMENT '…' behind a column; in an expression it would be a name followed by a string, which is no
      // expression.
      if (depth == 0 && cursor.IsWord("comment") && cursor.IsString(1))
        return cursor.NotSupported("comments of columns");
      if (depth == 0 && (cursor.IsSymbol(",") || cursor.IsSymbol(")"))) {
        in_list = cursor.IsSymbol(",");
        cursor.Skip();
        break;
      }
      if (cursor.IsSymbol("(")) ++depth;
      if (cursor.IsSymbol(")")) --depth;
      cursor.Skip();
    }
  }
  return {};
}

Result<std::string> TakePropertyName(TokenCursor& cursor) {
  if (cursor.IsString()) return cursor.ExpectString("a property's name");
  std::string name;
  do {
    if (!cursor.Has(0) || cursor.token().kind != TokenKind::kWord) return cursor.Unexpected("the name of a property");
    name += fmt::format("{}{}", name.empty() ? "" : ".", cursor.Text());
    cursor.Skip();
  } while (cursor.AcceptSymbol("."));
  return name;
}

Result<std::string> TakePropertyValue(TokenCursor& cursor) {
  if (cursor.IsString()) return cursor.ExpectString("a property's value");
  const bool constant =
      cursor.Has(0) && (cursor.token().kind == TokenKind::kNumber || cursor.IsWord("true") || cursor.IsWord("false"));
  if (!constant) return cursor.Unexpected("a string, a number, TRUE or FALSE");
  std::string value = LowerAscii(cursor.Text());
  cursor.Skip();
  return value;
}

Result<void> AddOption(const TokenCursor& cursor, TableClauses& clauses, std::string name, std::string value) {
  for (const auto& [known, unused] : clauses.options) {
    if (EqualsIgnoringCase(known, name)) return cursor.Unexpected(fmt::format("{} only once", name));
  }
  clauses.options.emplace_back(std::move(name), std::move(value));
  return {};
}

Result<void> ParseProperties(TokenCursor& cursor, TableClauses& clauses) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    const TokenCursor at_name = cursor;
    NL_ASSIGN_OR_RETURN(auto name, TakePropertyName(cursor));
    if (EqualsIgnoringCase(name, "location") || EqualsIgnoringCase(name, "comment")) {
      return at_name.Unexpected("another property: LOCATION and COMMENT are clauses of their own");
    }
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
    NL_ASSIGN_OR_RETURN(auto value, TakePropertyValue(cursor));
    NL_RETURN_IF_ERROR(AddOption(at_name, clauses, std::move(name), std::move(value)));
  } while (cursor.AcceptSymbol(","));
  return cursor.ExpectSymbol(")");
}

// One clause; false when the next token begins none.
Result<bool> ParseClause(TokenCursor& cursor, TableClauses& clauses) {
  const TokenCursor at_clause = cursor;
  if (cursor.AcceptWords({"partitioned", "by"})) {
    if (!clauses.partitioned_by.empty()) return at_clause.Unexpected("PARTITIONED BY only once");
    NL_ASSIGN_OR_RETURN(clauses.partitioned_by, TakeParentheses(cursor));
  } else if (cursor.AcceptWords({"sorted", "by"})) {
    NL_ASSIGN_OR_RETURN(clauses.sorted_by, TakeParentheses(cursor));
  } else if (cursor.IsWord("with") && cursor.IsSymbol("(", 1)) {
    cursor.Skip();
    NL_ASSIGN_OR_RETURN(clauses.with, TakeParentheses(cursor));
  } else if (cursor.AcceptWord("using")) {
    clauses.ours = true;
    if (!cursor.AcceptWord("delta")) return cursor.NotSupported("tables of another format than DELTA");
  } else if (cursor.AcceptWord("location")) {
    clauses.ours = clauses.has_location = true;
    NL_ASSIGN_OR_RETURN(auto location, cursor.ExpectString("a directory"));
    if (location.empty()) return at_clause.Unexpected("a directory that is not empty");
    NL_RETURN_IF_ERROR(AddOption(at_clause, clauses, "location", std::move(location)));
  } else if (cursor.AcceptWord("comment")) {
    clauses.ours = true;
    NL_ASSIGN_OR_RETURN(auto comment, cursor.ExpectString("a comment"));
    NL_RETURN_IF_ERROR(AddOption(at_clause, clauses, "comment", std::move(comment)));
  } else if (cursor.AcceptWord("tblproperties")) {
    clauses.ours = true;
    NL_RETURN_IF_ERROR(ParseProperties(cursor, clauses));
  } else if (cursor.IsWord("cluster") || cursor.IsWord("clustered")) {
    return cursor.NotSupported("CLUSTER BY");
  } else if (cursor.IsWord("shallow") || cursor.IsWord("deep") || cursor.IsWord("clone")) {
    return cursor.NotSupported("CREATE TABLE … CLONE");
  } else if (cursor.IsWord("options")) {
    return cursor.NotSupported("OPTIONS of a table, use TBLPROPERTIES");
  } else {
    return false;
  }
  return true;
}

std::string ClausesText(const TableClauses& clauses) {
  std::string text;
  if (!clauses.partitioned_by.empty()) text += fmt::format(" PARTITIONED BY ({})", clauses.partitioned_by);
  if (!clauses.sorted_by.empty()) text += fmt::format(" SORTED BY ({})", clauses.sorted_by);
  std::string with = clauses.with;
  for (const auto& [name, value] : clauses.options) {
    with += fmt::format("{}{}={}", with.empty() ? "" : ", ", QuoteLiteral(name), QuoteLiteral(value));
  }
  if (!with.empty()) text += fmt::format(" WITH ({})", with);
  return text;
}

PassThrough Finish(std::string_view sql, std::vector<TextEdit> edits) {
  const bool rewritten = !edits.empty();
  return {.sql = ApplyEdits(sql, std::move(edits)), .rewritten = rewritten};
}

// Past the table's name: columns, clauses, AS. Leaves the statement to the engine if nothing in it is ours.
Result<PassThrough> ParseBody(TokenCursor cursor, std::vector<TextEdit> edits) {
  const bool has_columns = cursor.IsSymbol("(");
  if (has_columns) NL_RETURN_IF_ERROR(RewriteColumns(cursor, edits));
  const size_t first = cursor.index();
  TableClauses clauses;
  for (bool more = true; more;) {
    NL_ASSIGN_OR_RETURN(more, ParseClause(cursor, clauses));
  }
  if (!clauses.ours) return Finish(cursor.sql(), std::move(edits));

  const bool has_query = cursor.IsWord("as");
  if (!has_query) NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  if (!has_columns && !has_query && !clauses.has_location) {
    return cursor.Unexpected("columns in parentheses, AS and a query, or LOCATION of an existing table");
  }
  TokenCursor before = cursor;
  before.MoveTo(first - 1);
  TokenCursor last = cursor;
  last.MoveTo(cursor.index() - 1);
  std::string text = has_columns || has_query ? "" : fmt::format(" {}", kNoColumns);
  text += ClausesText(clauses);
  edits.push_back({.begin = before.token().end, .end = last.token().end, .text = std::move(text)});
  return Finish(cursor.sql(), std::move(edits));
}

}  // namespace

Result<std::optional<PassThrough>> ParseCreateTable(TokenCursor cursor, std::vector<TextEdit> edits) {
  if (!cursor.AcceptWord("create")) return std::nullopt;
  cursor.AcceptWords({"or", "replace"});
  if (!cursor.AcceptWord("table")) return std::nullopt;
  cursor.AcceptWords({"if", "not", "exists"});
  // The engine has names we do not take (keywords of types, say); its own statements are its own affair.
  while (cursor.Has(1) && cursor.IsSymbol(".", 1)) cursor.MoveTo(cursor.index() + 2);
  if (cursor.AtEnd()) return cursor.Unexpected("a name");
  cursor.Skip();
  return ParseBody(cursor, std::move(edits));
}

}  // namespace neurolake::query
