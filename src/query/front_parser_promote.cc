// PROMOTE. The SELECT behind AS is a person's text: it is only cut out here, and its time travel rewritten.
#include <utility>

#include "common/text.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

// (a, b) [ORDER BY c] [KEEP FIRST | LAST]
Result<void> ParseKey(TokenCursor& cursor, Promote& promote) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_ASSIGN_OR_RETURN(auto column, cursor.ExpectIdentifier("the name of a column"));
    promote.key.push_back(std::move(column));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  if (cursor.AcceptWords({"order", "by"})) {
    NL_ASSIGN_OR_RETURN(promote.order_by, cursor.ExpectIdentifier("the name of a column"));
  }
  if (!cursor.AcceptWord("keep")) return {};
  promote.keep_last = cursor.AcceptWord("last");
  if (!promote.keep_last && !cursor.AcceptWord("first")) return cursor.Unexpected("FIRST or LAST");
  return {};
}

bool IsSource(const TokenCursor& cursor) {
  return cursor.IsIdentifier() && EqualsIgnoringCase(IdentifierValue(cursor.sql(), cursor.token()), "source");
}

// One SELECT whose parentheses close where they opened, so that it stays inside those it is put into, and which reads
// the name that stands for the rows to move.
Result<void> CheckSelect(TokenCursor cursor) {
  if (!cursor.IsWord("select") && !cursor.IsWord("with") && !cursor.IsWord("from"))
    return cursor.Unexpected("a SELECT");
  bool reads_source = false;
  for (int depth = 0; !cursor.AtEnd(); cursor.Skip()) {
    reads_source = reads_source || IsSource(cursor);
    depth += cursor.IsSymbol("(") ? 1 : cursor.IsSymbol(")") ? -1 : 0;
    if (depth < 0) return cursor.Unexpected("one SELECT");
    if (!cursor.Has(1) && depth != 0) {
      cursor.Skip();
      return cursor.Unexpected("a closing parenthesis");
    }
  }
  if (reads_source) return {};
  return MakeError(ErrorCode::kInvalidArgument,
                   "the SELECT of PROMOTE must read the new rows by the name source, as in: AS SELECT * FROM source");
}

Result<std::string> TakeSelect(TokenCursor cursor) {
  NL_RETURN_IF_ERROR(CheckSelect(cursor));
  const std::string_view select = cursor.sql().substr(cursor.Position());
  NL_ASSIGN_OR_RETURN(const auto tokens, Tokenize(select));
  std::vector<TextEdit> edits;
  NL_RETURN_IF_ERROR(RewriteTimeTravel(select, tokens, edits));
  return ApplyEdits(select, std::move(edits));
}

}  // namespace

Result<FrontStatement> ParsePromote(TokenCursor cursor) {
  Promote promote;
  NL_RETURN_IF_ERROR(cursor.ExpectWord("from"));
  NL_ASSIGN_OR_RETURN(promote.source, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectWord("into"));
  NL_ASSIGN_OR_RETURN(promote.target, cursor.ExpectObjectName());
  while (!cursor.AtEnd()) {
    const TokenCursor at_clause = cursor;
    if (cursor.AcceptWord("key")) {
      if (!promote.key.empty()) return at_clause.Unexpected("KEY only once");
      NL_RETURN_IF_ERROR(ParseKey(cursor, promote));
    } else if (cursor.AcceptWord("replace")) {
      if (std::exchange(promote.replace, true)) return at_clause.Unexpected("REPLACE only once");
    } else if (cursor.AcceptWord("full")) {
      if (std::exchange(promote.full, true)) return at_clause.Unexpected("FULL only once");
    } else if (cursor.AcceptWord("as")) {
      NL_ASSIGN_OR_RETURN(promote.select, TakeSelect(cursor));
      break;
    } else {
      return cursor.Unexpected("KEY, REPLACE, FULL, AS or the end of the statement");
    }
  }
  return FrontStatement{std::move(promote)};
}

}  // namespace neurolake::query
