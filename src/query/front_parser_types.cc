// Types of column lists in Databricks' spellings become DuckDB's: ARRAY<T>, MAP<K, V>, STRUCT<a: T>, BYTE,
// TIMESTAMP_NTZ, TIMESTAMP_LTZ. Everything else is left as it is. See docs/sql/types.md.
#include "query/front_parser_types.h"
#include "common/text.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

// Deeper types are nobody's wish, and the parser recurses.
constexpr int kTypeDepthMax = 64;

class TypeParser {
 public:
  explicit TypeParser(TokenCursor cursor) : cursor_(cursor) {}

  Result<std::string> Parse(int depth) {
    if (depth > kTypeDepthMax) return cursor_.Unexpected(fmt::format("at most {} nested types", kTypeDepthMax));
    if (IsGeneric("array")) return ParseArray(depth);
    if (IsGeneric("map")) return ParseMap(depth);
    if (IsGeneric("struct")) return ParseStruct(depth);
    return ParseSimple();
  }

  bool IsGeneric(std::string_view word) const { return cursor_.IsWord(word) && IsAngle('<', 1); }
  const TokenCursor& cursor() const { return cursor_; }
  bool HasOpenAngle() const { return closed_in_token_ > 0; }

 private:
  bool IsAngle(char angle, size_t ahead) const {
    return cursor_.Has(ahead) && cursor_.token(ahead).kind == TokenKind::kSymbol && cursor_.Text(ahead)[0] == angle;
  }

  Result<void> OpenAngle() {
    cursor_.Skip();
    return cursor_.ExpectSymbol("<");
  }

  // ">>" is one token but closes two types.
  Result<void> CloseAngle() {
    const std::string_view text = cursor_.Text();
    if (!IsAngle('>', 0) || text.find_first_not_of('>') != std::string_view::npos) return cursor_.Unexpected("\">\"");
    if (++closed_in_token_ == text.size()) {
      closed_in_token_ = 0;
      cursor_.Skip();
    }
    return {};
  }

  Result<std::string> ParseArray(int depth) {
    NL_RETURN_IF_ERROR(OpenAngle());
    NL_ASSIGN_OR_RETURN(auto element, Parse(depth + 1));
    NL_RETURN_IF_ERROR(CloseAngle());
    return element + "[]";
  }

  Result<std::string> ParseMap(int depth) {
    NL_RETURN_IF_ERROR(OpenAngle());
    NL_ASSIGN_OR_RETURN(auto key, Parse(depth + 1));
    NL_RETURN_IF_ERROR(cursor_.ExpectSymbol(","));
    NL_ASSIGN_OR_RETURN(auto value, Parse(depth + 1));
    NL_RETURN_IF_ERROR(CloseAngle());
    return fmt::format("MAP({}, {})", key, value);
  }

  Result<std::string> ParseStruct(int depth) {
    NL_RETURN_IF_ERROR(OpenAngle());
    std::string fields;
    do {
      const bool quoted = cursor_.Has(0) && cursor_.token().kind == TokenKind::kQuotedIdentifier;
      if (!quoted && !(cursor_.Has(0) && cursor_.token().kind == TokenKind::kWord)) {
        return cursor_.Unexpected("the name of a field");
      }
      const std::string name(quoted ? std::string(cursor_.Text()) : QuoteIdentifier(cursor_.Text()));
      cursor_.Skip();
      cursor_.AcceptSymbol(":");
      NL_ASSIGN_OR_RETURN(auto type, Parse(depth + 1));
      if (cursor_.IsWord("comment") || cursor_.IsWord("not"))
        return cursor_.NotSupported("options of a field of a struct");
      fields += fmt::format("{}{} {}", fields.empty() ? "" : ", ", name, type);
    } while (closed_in_token_ == 0 && cursor_.AcceptSymbol(","));
    NL_RETURN_IF_ERROR(CloseAngle());
    return fmt::format("STRUCT({})", fields);
  }

  // A word, the words that may follow it ("double precision", "timestamp with time zone"), parentheses and
  // brackets.
  Result<std::string> ParseSimple() {
    if (!cursor_.Has(0) ||
        (cursor_.token().kind != TokenKind::kWord && cursor_.token().kind != TokenKind::kQuotedIdentifier)) {
      return cursor_.Unexpected("a type");
    }
    std::string type;
    if (cursor_.AcceptWord("timestamp_ntz")) {
      type = "TIMESTAMP";
    } else if (cursor_.AcceptWord("timestamp_ltz")) {
      type = "TIMESTAMP WITH TIME ZONE";
    } else if (cursor_.AcceptWord("byte")) {
      type = "TINYINT";
    } else {
      type = std::string(cursor_.Text());
      cursor_.Skip();
      for (const std::string_view word : {"precision", "varying", "with", "without", "time", "zone"}) {
        if (cursor_.IsWord(word)) {
          type += fmt::format(" {}", cursor_.Text());
          cursor_.Skip();
        }
      }
    }
    if (cursor_.IsSymbol("(")) NL_RETURN_IF_ERROR(TakeGroup("(", ")", type));
    while (cursor_.IsSymbol("[")) NL_RETURN_IF_ERROR(TakeGroup("[", "]", type));
    return type;
  }

  Result<void> TakeGroup(std::string_view open, std::string_view close, std::string& type) {
    const size_t begin = cursor_.Position();
    for (size_t depth = 0; cursor_.Has(0);) {
      if (cursor_.IsSymbol(open)) ++depth;
      if (cursor_.IsSymbol(close)) --depth;
      const size_t end = cursor_.token().end;
      cursor_.Skip();
      if (depth == 0) {
        type += cursor_.sql().substr(begin, end - begin);
        return {};
      }
    }
    return cursor_.Unexpected(fmt::format("\"{}\"", close));
  }

  TokenCursor cursor_;
  size_t closed_in_token_ = 0;
};

}  // namespace

Result<void> RewriteType(TokenCursor& cursor, std::vector<TextEdit>& edits) {
  TypeParser parser(cursor);
  const bool ours = parser.IsGeneric("array") || parser.IsGeneric("map") || parser.IsGeneric("struct") ||
                    cursor.IsWord("timestamp_ntz") || cursor.IsWord("timestamp_ltz") || cursor.IsWord("byte");
  if (!ours) return {};
  NL_ASSIGN_OR_RETURN(auto type, parser.Parse(0));
  if (parser.HasOpenAngle()) return parser.cursor().Unexpected("one \">\" less");
  const size_t begin = cursor.token().begin;
  cursor.MoveTo(parser.cursor().index() - 1);
  edits.push_back({.begin = begin, .end = cursor.token().end, .text = std::move(type)});
  cursor.Skip();
  return {};
}

}  // namespace neurolake::query
