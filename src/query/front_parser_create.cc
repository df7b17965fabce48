// CREATE TABLE in Databricks' spellings becomes DuckDB's:
//   CREATE TABLE t (a STRING, b ARRAY<INT>) USING DELTA PARTITIONED BY (a) COMMENT 'c' LOCATION '/d'
//   TBLPROPERTIES ('k'='v')
//   -> CREATE TABLE t (a STRING, b INT[]) PARTITIONED BY (a) WITH ('k'='v', comment='c', location='/d')
// A statement that has none of our spellings keeps its bytes.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <utility>

#include "common/text.h"
#include "engine/duckdb/lake_provider.h"
#include "query/commands/column_definition.h"
#include "query/front_parser_cursor.h"
#include "query/front_parser_types.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

// The engine's grammar asks for a column; this is the name the lake's catalogue knows to mean none.
constexpr std::string_view kNoColumns = "(\"_\" INTEGER)";

size_t PreviousEnd(const TokenCursor& cursor) {
  TokenCursor before = cursor;
  before.MoveTo(cursor.index() - 1);
  return before.token().end;
}

void Append(json::object& clauses, const char* list, json::value item) {
  if (!clauses.contains(list)) clauses[list] = json::array();
  clauses[list].as_array().push_back(std::move(item));
}

/// A constraint without a name gets one that no other has.
void AddCheck(json::object& clauses, const CheckClause& check, const std::string& made_up) {
  std::string name = check.name;
  for (int number = 1; name.empty(); ++number) {
    name = number == 1 ? made_up : fmt::format("{}{}", made_up, number);
    if (!clauses.contains("checks")) break;
    for (const json::value& other : clauses["checks"].as_array()) {
      if (other.at("name").as_string() == name) name.clear();
      if (name.empty()) break;
    }
  }
  Append(clauses, "checks", json::object{{"name", name}, {"condition", check.condition}});
}

struct TableClauses {
  bool ours = false;  ///< Something the engine's grammar lacks was there.
  std::string partitioned_by;
  std::string sorted_by;
  std::string with;  ///< The inside of the user's own WITH (…).
  std::vector<std::pair<std::string, std::string>> options;
  bool has_location = false;
  json::object own;  ///< For the lake's catalogue: "columns", "checks", "cluster_by".
};

bool StartsTableConstraint(const TokenCursor& cursor) {
  return cursor.IsWord("constraint") || cursor.IsWord("primary") || cursor.IsWord("unique") || cursor.IsWord("check") ||
         cursor.IsWord("foreign") || cursor.IsWord("like");
}

bool StartsCheck(const TokenCursor& cursor) {
  return cursor.IsWord("check") || (cursor.IsWord("constraint") && cursor.IsWord("check", 2));
}

// Moves behind a type that needs no rewriting: words, digits in parentheses, brackets.
void SkipType(TokenCursor& cursor) {
  cursor.Skip();
  for (const std::string_view word : {"precision", "varying", "with", "without", "time", "zone"}) {
    cursor.AcceptWord(word);
  }
  for (const auto& [open, close] : {std::pair("(", ")"), std::pair("[", "]")}) {
    while (cursor.IsSymbol(open)) {
      for (size_t depth = 0; cursor.Has(0);) {
        if (cursor.IsSymbol(open)) ++depth;
        if (cursor.IsSymbol(close)) --depth;
        cursor.Skip();
        if (depth == 0) break;
      }
    }
  }
}

// What of a column's options the engine's grammar cannot say, or would not do as Delta does it, goes to the lake's
// catalogue by itself; NOT NULL stays.
Result<void> TakeColumnOptions(TokenCursor& cursor, const std::string& name, std::vector<TextEdit>& edits,
                               json::object& clauses) {
  const size_t begin = cursor.index() == 0 ? 0 : PreviousEnd(cursor);
  TokenCursor end = cursor;
  NL_ASSIGN_OR_RETURN(const ColumnOptions options, ParseColumnOptions(end));
  json::object column{{"name", name}};
  if (options.comment) column["comment"] = *options.comment;
  if (options.default_value) column["default"] = *options.default_value;
  if (options.generated_as) column["generated"] = *options.generated_as;
  if (options.identity) {
    column["identity"] = json::object{
        {"always", options.identity->always}, {"start", options.identity->start}, {"step", options.identity->step}};
  }
  if (options.encryption) {
    column["encryption"] =
        json::object{{"key", options.encryption->key}, {"deterministic", options.encryption->deterministic}};
  }
  const bool ours = column.size() > 1 || !options.checks.empty();
  if (ours) {
    edits.push_back({.begin = begin, .end = PreviousEnd(end), .text = options.not_null ? " NOT NULL" : ""});
    if (column.size() > 1) Append(clauses, "columns", std::move(column));
    for (const CheckClause& check : options.checks) AddCheck(clauses, check, name + "_check");
    cursor = end;
  }
  return {};
}

// Standing on a CHECK among the columns; takes it and the comma before or behind it out.
Result<void> TakeTableCheck(TokenCursor& cursor, bool first, std::vector<TextEdit>& edits, json::object& clauses) {
  TokenCursor before = cursor;
  before.MoveTo(cursor.index() - 1);
  size_t begin = first ? cursor.Position() : before.token().begin;
  NL_ASSIGN_OR_RETURN(const CheckClause check, ParseCheck(cursor));
  if (!cursor.IsSymbol(",") && !cursor.IsSymbol(")")) return cursor.Unexpected("\",\" or \")\"");
  size_t end = PreviousEnd(cursor);
  if (first && cursor.IsSymbol(",")) end = cursor.token().end;
  edits.push_back({.begin = begin, .end = end, .text = ""});
  AddCheck(clauses, check, "check");
  return {};
}

// Standing on "("; leaves `cursor` behind the matching ")".
Result<void> RewriteColumns(TokenCursor& cursor, std::vector<TextEdit>& edits, json::object& clauses) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  bool first = true;
  for (bool in_list = true; in_list; first = false) {
    if (cursor.AcceptSymbol(")")) return {};  // The engine allows a comma before it.
    if (StartsCheck(cursor)) {
      NL_RETURN_IF_ERROR(TakeTableCheck(cursor, first, edits, clauses));
    } else if (!StartsTableConstraint(cursor) && cursor.Has(0)) {
      NL_ASSIGN_OR_RETURN(const std::string name, ParseColumnName(cursor));
      const size_t at_type = cursor.index();
      NL_RETURN_IF_ERROR(RewriteType(cursor, edits));
      // CREATE TABLE t (a, b) AS … has names alone.
      const bool has_type = !cursor.IsSymbol(",") && !cursor.IsSymbol(")") && !cursor.IsWord("encrypted");
      if (cursor.index() == at_type && has_type) SkipType(cursor);
      NL_RETURN_IF_ERROR(TakeColumnOptions(cursor, name, edits, clauses));
    }
    for (size_t depth = 0;;) {
      if (cursor.AtEnd()) return cursor.Unexpected("\")\"");
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

// (a, b.c) as lists of names; NONE is an empty list.
Result<json::array> ParseClusterColumns(TokenCursor& cursor) {
  json::array columns;
  if (cursor.AcceptWord("none")) return columns;
  if (cursor.IsWord("auto")) return cursor.NotSupported("CLUSTER BY AUTO");
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_ASSIGN_OR_RETURN(const auto path, ParseColumnPath(cursor));
    columns.push_back(json::array(path.begin(), path.end()));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return columns;
}

// One clause; false when the next token begins none.
Result<bool> ParseClause(TokenCursor& cursor, TableClauses& clauses) {
  const TokenCursor at_clause = cursor;
  if (cursor.AcceptWords({"partitioned", "by"})) {
    if (!clauses.partitioned_by.empty()) return at_clause.Unexpected("PARTITIONED BY only once");
    NL_ASSIGN_OR_RETURN(clauses.partitioned_by, TakeParenthesised(cursor));
  } else if (cursor.AcceptWords({"sorted", "by"})) {
    NL_ASSIGN_OR_RETURN(clauses.sorted_by, TakeParenthesised(cursor));
  } else if (cursor.IsWord("with") && cursor.IsSymbol("(", 1)) {
    cursor.Skip();
    NL_ASSIGN_OR_RETURN(clauses.with, TakeParenthesised(cursor));
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
  } else if (cursor.AcceptWords({"cluster", "by"})) {
    if (clauses.own.contains("cluster_by")) return at_clause.Unexpected("CLUSTER BY only once");
    NL_ASSIGN_OR_RETURN(clauses.own["cluster_by"], ParseClusterColumns(cursor));
  } else if (cursor.IsWord("clustered")) {
    return cursor.NotSupported("CLUSTERED BY, use CLUSTER BY");
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
  TableClauses clauses;
  if (has_columns) NL_RETURN_IF_ERROR(RewriteColumns(cursor, edits, clauses.own));
  const size_t first = cursor.index();
  for (bool more = true; more;) {
    NL_ASSIGN_OR_RETURN(more, ParseClause(cursor, clauses));
  }
  if (!clauses.own.empty()) {
    clauses.ours = true;
    clauses.options.emplace_back(engine::duckdb::kClausesOption, json::serialize(clauses.own));
  }
  if (!clauses.ours) return Finish(cursor.sql(), std::move(edits));

  const bool has_query = cursor.IsWord("as");
  if (!has_query) NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  if (!has_columns && !has_query && !clauses.has_location) {
    return cursor.Unexpected("columns in parentheses, AS and a query, or LOCATION of an existing table");
  }
  TokenCursor before = cursor;
  before.MoveTo(first);
  std::string text = has_columns || has_query ? "" : fmt::format(" {}", kNoColumns);
  text += ClausesText(clauses);
  edits.push_back({.begin = PreviousEnd(before), .end = PreviousEnd(cursor), .text = std::move(text)});
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
