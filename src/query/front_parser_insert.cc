// INSERT's clauses that the engine's grammar lacks, and TRUNCATE. Source: docs/sql/grammar.md, "replace rows".
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

/// The text of the tokens from `first` up to, not including, `last`; without a comment behind them.
std::string_view TextOf(const TokenCursor& cursor, size_t first, size_t last) {
  TokenCursor from = cursor;
  from.MoveTo(first);
  TokenCursor to = cursor;
  to.MoveTo(last - 1);
  return cursor.sql().substr(from.Position(), to.token().end - from.Position());
}

/// A user's own text with its time travel rewritten.
Result<std::string> Rewritten(std::string_view text) {
  NL_ASSIGN_OR_RETURN(const auto tokens, Tokenize(text));
  std::vector<TextEdit> edits;
  NL_RETURN_IF_ERROR(RewriteTimeTravel(text, tokens, edits));
  return ApplyEdits(text, std::move(edits));
}

/// One query whose parentheses close where they opened, so that it stays inside those it is put into.
Result<std::string> TakeQuery(TokenCursor cursor) {
  const bool begins = cursor.IsWord("select") || cursor.IsWord("with") || cursor.IsWord("from") ||
                      cursor.IsWord("values") || cursor.IsWord("table") || cursor.IsSymbol("(");
  if (!begins) return cursor.Unexpected("SELECT, VALUES, WITH, FROM, TABLE or a parenthesis");
  const std::string_view text = cursor.sql().substr(cursor.Position());
  int depth = 0;
  for (; !cursor.AtEnd(); cursor.Skip()) {
    depth += cursor.IsSymbol("(") ? 1 : cursor.IsSymbol(")") ? -1 : 0;
    if (depth < 0) return cursor.Unexpected("one query");
  }
  if (depth != 0) return cursor.Unexpected("a closing parenthesis");
  return Rewritten(text);
}

/// (p = 'x', q): values are expressions up to the next comma or the end of the list.
Result<void> ParsePartition(TokenCursor& cursor, ReplaceRows& replace) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    PartitionClause column;
    NL_ASSIGN_OR_RETURN(column.column, cursor.ExpectIdentifier("the name of a partition column"));
    if (cursor.AcceptSymbol("=")) {
      const size_t first = cursor.index();
      for (int depth = 0; !cursor.AtEnd(); cursor.Skip()) {
        if (depth == 0 && (cursor.IsSymbol(",") || cursor.IsSymbol(")"))) break;
        depth += cursor.IsSymbol("(") ? 1 : cursor.IsSymbol(")") ? -1 : 0;
      }
      if (cursor.index() == first) return cursor.Unexpected("a value");
      column.value = TextOf(cursor, first, cursor.index());
    }
    replace.partition.push_back(std::move(column));
  } while (cursor.AcceptSymbol(","));
  return cursor.ExpectSymbol(")");
}

Result<std::vector<std::string>> ParseNames(TokenCursor& cursor) {
  std::vector<std::string> names;
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_ASSIGN_OR_RETURN(auto name, cursor.ExpectIdentifier("the name of a column"));
    names.push_back(std::move(name));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return names;
}

/// The predicate of REPLACE WHERE ends where the query begins.
Result<void> ParsePredicate(TokenCursor& cursor, ReplaceRows& replace) {
  const size_t first = cursor.index();
  for (int depth = 0; !cursor.AtEnd(); cursor.Skip()) {
    depth += cursor.IsSymbol("(") ? 1 : cursor.IsSymbol(")") ? -1 : 0;
    if (depth != 0) continue;
    if (cursor.IsWord("select") || cursor.IsWord("values") || cursor.IsWord("with") || cursor.IsWord("table")) break;
  }
  if (cursor.AtEnd() || cursor.index() == first)
    return cursor.Unexpected("a predicate and then SELECT, VALUES or WITH");
  replace.what = ReplaceRows::What::kMatching;
  NL_ASSIGN_OR_RETURN(replace.predicate, Rewritten(TextOf(cursor, first, cursor.index())));
  return {};
}

/// A list in parentheses that is one of columns, not a query.
bool AtColumnList(const TokenCursor& cursor) {
  return cursor.IsSymbol("(") && cursor.IsIdentifier(1) && (cursor.IsSymbol(",", 2) || cursor.IsSymbol(")", 2)) &&
         !cursor.IsWord("select", 1) && !cursor.IsWord("with", 1) && !cursor.IsWord("from", 1) &&
         !cursor.IsWord("values", 1) && !cursor.IsWord("table", 1);
}

/// Everything behind the table's name. False where nothing here is ours.
Result<bool> ParseClauses(TokenCursor& cursor, ReplaceRows& replace) {
  bool ours = replace.what != ReplaceRows::What::kNothing;
  if (cursor.AcceptWord("partition")) {
    NL_RETURN_IF_ERROR(ParsePartition(cursor, replace));
    ours = true;
  }
  if (AtColumnList(cursor)) {
    auto names = ParseNames(cursor);
    if (!names.has_value() && !ours) return false;  // The engine's grammar knows more kinds of columns.
    if (!names.has_value()) return std::unexpected(std::move(names).error());
    replace.columns = std::move(*names);
  }
  if (cursor.AcceptWords({"by", "name"})) replace.by_name = true;
  if (cursor.IsWord("replace") && !ours) {
    ours = true;
    cursor.Skip();
    if (cursor.AcceptWord("where")) {
      NL_RETURN_IF_ERROR(ParsePredicate(cursor, replace));
    } else if (cursor.AcceptWord("using")) {
      replace.what = ReplaceRows::What::kPartitions;
      NL_ASSIGN_OR_RETURN(replace.using_columns, ParseNames(cursor));
    } else {
      return cursor.Unexpected("WHERE or USING");
    }
  }
  return ours;
}

Result<std::optional<FrontStatement>> ParseTruncate(TokenCursor cursor) {
  ReplaceRows replace;
  replace.what = ReplaceRows::What::kTable;
  cursor.AcceptWord("table");
  NL_ASSIGN_OR_RETURN(replace.target, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return FrontStatement{std::move(replace)};
}

}  // namespace

Result<std::optional<FrontStatement>> ParseReplaceRows(TokenCursor cursor) {
  if (cursor.AcceptWord("truncate")) return ParseTruncate(cursor);
  if (!cursor.AcceptWord("insert")) return std::nullopt;
  ReplaceRows replace;
  if (cursor.AcceptWord("overwrite")) {
    replace.what = ReplaceRows::What::kTable;
    cursor.AcceptWord("into");
  } else if (!cursor.AcceptWord("into")) {
    return std::nullopt;
  }
  const bool says_table = cursor.IsWord("table") && cursor.IsIdentifier(1);
  if (says_table) cursor.Skip();
  auto target = cursor.ExpectObjectName();
  // What is no name of ours is for the engine to complain about.
  if (!target.has_value() && replace.what == ReplaceRows::What::kNothing && !says_table) return std::nullopt;
  if (!target.has_value()) return std::unexpected(std::move(target).error());
  replace.target = std::move(*target);
  NL_ASSIGN_OR_RETURN(const bool ours, ParseClauses(cursor, replace));
  if (!ours && !says_table) return std::nullopt;
  NL_ASSIGN_OR_RETURN(replace.query, TakeQuery(cursor));
  return FrontStatement{std::move(replace)};
}

}  // namespace neurolake::query
