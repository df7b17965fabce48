// Time travel in Databricks' spellings becomes DuckDB's AT clause, which stands behind the alias:
//   t VERSION AS OF 3 x  ->  t AS x AT (VERSION => 3)
// The rewriting must never touch a text that the engine could parse by itself, so it looks for token
// sequences that are syntax errors there: a name directly followed by VERSION AS OF and a value; and, for
// @v3, only where a table must stand.
#include <algorithm>

#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

// What the parentheses and brackets that are open hold.
struct OpenLevel {
  bool begins_query = false;
  bool lists_tables = false;
};

// A function's "FROM" (EXTRACT, TRIM, SUBSTRING, IS DISTINCT FROM) is followed by an expression, not by a
// table: only in a parenthesis that begins a query, or outside of all, can a table follow. Behind a comma one follows
// in a list that such a FROM began, until a word that ends it.
class TablePositions {
 public:
  bool Follow(const TokenCursor& cursor) {
    if (cursor.IsSymbol("(")) {
      levels_.push_back(OpenLevel{.begins_query = cursor.IsWord("select", 1) || cursor.IsWord("with", 1) ||
                                                  cursor.IsWord("from", 1)});
    } else if (cursor.IsSymbol("[") || cursor.IsSymbol("{")) {
      levels_.push_back(OpenLevel{});
    } else if (cursor.IsSymbol(")") || cursor.IsSymbol("]") || cursor.IsSymbol("}")) {
      if (levels_.size() > 1) levels_.pop_back();
    }
    const bool after_distinct = previous_is_distinct_;
    previous_is_distinct_ = cursor.IsWord("distinct");
    if (EndsTables(cursor)) levels_.back().lists_tables = false;
    // USING of MERGE and DELETE; that of others is followed by columns or an expression.
    uses_tables_ = uses_tables_ || (cursor.IsWord("merge") && (cursor.IsWord("into", 1) || cursor.IsWord("with", 1))) ||
                   (cursor.IsWord("delete") && cursor.IsWord("from", 1));
    if (cursor.IsWord("join") || (uses_tables_ && cursor.IsWord("using"))) return true;
    if (cursor.IsWord("from") && levels_.back().begins_query && !after_distinct) {
      levels_.back().lists_tables = true;
      return true;
    }
    return cursor.IsSymbol(",") && levels_.back().lists_tables;
  }

 private:
  static bool EndsTables(const TokenCursor& cursor) {
    static constexpr std::string_view kWords[] = {"select", "where",  "group",   "having",   "order",     "limit",
                                                  "offset", "window", "qualify", "union",    "intersect", "except",
                                                  "values", "set",    "when",    "returning"};
    return std::ranges::any_of(kWords, [&](std::string_view word) { return cursor.IsWord(word); });
  }

  std::vector<OpenLevel> levels_ = {OpenLevel{.begins_query = true}};
  bool uses_tables_ = false;
  bool previous_is_distinct_ = false;
};

std::string TextBetween(const TokenCursor& cursor, size_t first, size_t last) {
  TokenCursor from = cursor;
  from.MoveTo(first);
  TokenCursor to = cursor;
  to.MoveTo(last - 1);
  return std::string(cursor.sql().substr(from.token().begin, to.token().end - from.token().begin));
}

// Moves behind a value: a literal, a parameter, a typed string, or something in parentheses.
Result<void> SkipValue(TokenCursor& cursor, bool version) {
  const char* expected = version ? "a version number" : "a timestamp in single quotes";
  if (!cursor.Has(0)) return cursor.Unexpected(expected);
  const TokenKind kind = cursor.token().kind;
  if (kind == TokenKind::kParameter || (version && kind == TokenKind::kNumber) || (!version && cursor.IsString()) ||
      cursor.IsSymbol("?")) {
    cursor.Skip();
    return {};
  }
  if (cursor.IsSymbol("$") && cursor.Has(1) && cursor.token(1).kind == TokenKind::kWord) {
    cursor.MoveTo(cursor.index() + 2);
    return {};
  }
  if (!version && (cursor.IsWord("timestamp") || cursor.IsWord("timestamptz") || cursor.IsWord("date")) &&
      cursor.IsString(1)) {
    cursor.MoveTo(cursor.index() + 2);
    return {};
  }
  if (cursor.IsSymbol("(")) {
    for (size_t depth = 0; cursor.Has(0);) {
      if (cursor.IsSymbol("(")) ++depth;
      if (cursor.IsSymbol(")")) --depth;
      cursor.Skip();
      if (depth == 0) return {};
    }
  }
  return cursor.Unexpected(expected);
}

// Words that may follow a table and are no alias of it although they are not reserved.
bool MayBeAlias(const TokenCursor& cursor) {
  static constexpr std::string_view kNoAlias[] = {"set", "returning", "group", "use", "values", "version", "timestamp"};
  return cursor.IsIdentifier() &&
         !std::ranges::any_of(kNoAlias, [&](std::string_view word) { return cursor.IsWord(word); });
}

// Takes `[AS] alias [(columns)]`, if it is there, as text to stand before the AT clause.
std::string TakeAlias(TokenCursor& cursor) {
  const bool with_as = cursor.IsWord("as") && cursor.IsIdentifier(1);
  if (!with_as && !MayBeAlias(cursor)) return "";
  const size_t first = cursor.index();
  cursor.MoveTo(first + (with_as ? 2 : 1));
  if (cursor.IsSymbol("(")) {
    while (cursor.Has(0) && !cursor.IsSymbol(")")) cursor.Skip();
    if (cursor.Has(0)) cursor.Skip();
  }
  return " " + TextBetween(cursor, first, cursor.index());
}

// Replaces everything from behind the table's name to where `cursor` stands.
TextEdit EditUpTo(const TokenCursor& cursor, size_t name_end, std::string text) {
  TokenCursor last = cursor;
  last.MoveTo(cursor.index() - 1);
  return {.begin = name_end, .end = last.token().end, .text = std::move(text)};
}

bool StandsBehindFromOrJoin(const TokenCursor& cursor) {
  if (cursor.index() == 0) return false;
  TokenCursor previous = cursor;
  previous.MoveTo(cursor.index() - 1);
  return previous.IsWord("from") || previous.IsWord("join");
}

// `name [FOR] VERSION AS OF value [alias]`, standing on the name's last part.
Result<std::optional<TextEdit>> MatchAsOf(TokenCursor& cursor) {
  const size_t kind = cursor.IsWord("for", 1) ? 2 : 1;
  const bool version = cursor.IsWord("version", kind);
  if (!cursor.IsIdentifier() || !(version || cursor.IsWord("timestamp", kind)) || !cursor.IsWord("as", kind + 1) ||
      !cursor.IsWord("of", kind + 2)) {
    return std::nullopt;
  }
  TokenCursor value = cursor;
  value.MoveTo(cursor.index() + kind + 3);
  const size_t first = value.index();
  const size_t name_end = cursor.token().end;
  if (auto skipped = SkipValue(value, version); !skipped.has_value()) {
    // UPDATE version AS of SET … is the engine's: `cursor` stands on a verb there, not on a table's name.
    if (StandsBehindFromOrJoin(cursor)) return std::unexpected(std::move(skipped).error());
    return std::nullopt;
  }
  TokenCursor typed = cursor;
  typed.MoveTo(first);
  std::string text = TextBetween(cursor, first, value.index());
  // The engine's TIMESTAMP '…' leaves out an offset that is written.
  if (!version && typed.IsWord("timestamp") && typed.IsString(1)) {
    text = "TIMESTAMPTZ " + TextBetween(cursor, first + 1, value.index());
  }
  const std::string alias = TakeAlias(value);
  cursor = value;
  return EditUpTo(cursor, name_end, fmt::format("{} AT ({} => {})", alias, version ? "VERSION" : "TIMESTAMP", text));
}

// `name@v3 [alias]`, standing on the first part of a name where a table must stand. Without blanks, as
// Databricks has it.
std::optional<TextEdit> MatchAtVersion(TokenCursor& cursor) {
  TokenCursor name = cursor;
  while (name.IsIdentifier() && name.IsSymbol(".", 1)) name.MoveTo(name.index() + 2);
  if (!name.IsIdentifier() || !name.IsSymbol("@", 1) || !name.Has(2)) return std::nullopt;
  const std::string_view version = name.Text(2);
  const bool adjacent = name.token().end == name.token(1).begin && name.token(1).end == name.token(2).begin;
  const bool is_version = name.token(2).kind == TokenKind::kWord && version.size() > 1 &&
                          (version[0] == 'v' || version[0] == 'V') &&
                          version.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (!adjacent || !is_version) return std::nullopt;
  const size_t name_end = name.token().end;
  name.MoveTo(name.index() + 3);
  const std::string alias = TakeAlias(name);
  cursor = name;
  return EditUpTo(cursor, name_end, fmt::format("{} AT (VERSION => {})", alias, version.substr(1)));
}

}  // namespace

Result<void> RewriteTimeTravel(std::string_view sql, const std::vector<Token>& tokens, std::vector<TextEdit>& edits) {
  TokenCursor cursor(sql, tokens);
  TablePositions positions;
  while (!cursor.AtEnd()) {
    NL_ASSIGN_OR_RETURN(auto edit, MatchAsOf(cursor));
    if (edit.has_value()) {
      edits.push_back(std::move(*edit));
      continue;
    }
    const bool table_follows = positions.Follow(cursor);
    cursor.Skip();
    if (!table_follows) continue;
    if (auto at_version = MatchAtVersion(cursor)) edits.push_back(std::move(*at_version));
  }
  return {};
}

}  // namespace neurolake::query
