#include "query/commands/column_definition.h"

#include "common/text.h"
#include "query/commands/alter_table.h"
#include "tables/delta/expression.h"

namespace neurolake::query {
namespace {

using tables::delta::DataType;
using tables::delta::StructField;
using Kind = DataType::Kind;

constexpr int kTypeDepthMax = 64;  ///< Deeper types are nobody's wish, and the parser recurses.

class TypeParser {
 public:
  explicit TypeParser(TokenCursor& cursor) : cursor_(cursor) {}

  Result<DataType> Parse(int depth) {
    if (depth > kTypeDepthMax) return cursor_.Unexpected(fmt::format("at most {} nested types", kTypeDepthMax));
    NL_ASSIGN_OR_RETURN(auto type, ParseBase(depth));
    while (closed_ == 0 && cursor_.IsSymbol("[") && cursor_.IsSymbol("]", 1)) {
      cursor_.MoveTo(cursor_.index() + 2);
      DataType list{.kind = Kind::kArray};
      list.children.push_back(std::move(type));
      type = std::move(list);
    }
    return type;
  }
  bool HasOpenAngle() const { return closed_ > 0; }

 private:
  Result<DataType> ParseBase(int depth) {
    if (cursor_.AcceptWord("array")) return ParseChildren(Kind::kArray, 1, depth);
    if (cursor_.AcceptWord("map")) return ParseChildren(Kind::kMap, 2, depth);
    if (cursor_.AcceptWord("struct") || cursor_.AcceptWord("row")) return ParseStruct(depth);
    return ParseLeaf();
  }

  Result<bool> Open() {
    if (cursor_.AcceptSymbol("(")) return false;
    NL_RETURN_IF_ERROR(cursor_.ExpectSymbol("<"));
    return true;
  }

  /// ">>" is one token but closes two types.
  Result<void> Close(bool angle) {
    if (!angle) return cursor_.ExpectSymbol(")");
    const std::string_view text = cursor_.Text();
    if (text.empty() || text.find_first_not_of('>') != std::string_view::npos) return cursor_.Unexpected("\">\"");
    if (++closed_ == text.size()) {
      closed_ = 0;
      cursor_.Skip();
    }
    return {};
  }

  Result<DataType> ParseChildren(Kind kind, int count, int depth) {
    DataType type{.kind = kind};
    NL_ASSIGN_OR_RETURN(const bool angle, Open());
    for (int i = 0; i < count; ++i) {
      if (i > 0) NL_RETURN_IF_ERROR(cursor_.ExpectSymbol(","));
      NL_ASSIGN_OR_RETURN(auto child, Parse(depth + 1));
      type.children.push_back(std::move(child));
    }
    NL_RETURN_IF_ERROR(Close(angle));
    return type;
  }

  Result<DataType> ParseStruct(int depth) {
    DataType type{.kind = Kind::kStruct};
    NL_ASSIGN_OR_RETURN(const bool angle, Open());
    do {
      StructField field;
      NL_ASSIGN_OR_RETURN(field.name, ParseColumnName(cursor_));
      cursor_.AcceptSymbol(":");
      NL_ASSIGN_OR_RETURN(field.type, Parse(depth + 1));
      if (closed_ == 0) {
        if (cursor_.AcceptWords({"not", "null"})) field.nullable = false;
        if (cursor_.IsWord("comment") && cursor_.IsString(1)) {
          cursor_.Skip();
          NL_ASSIGN_OR_RETURN(const auto comment, cursor_.ExpectString("a comment"));
          field.metadata["comment"] = JsonText(comment);
        }
      }
      type.fields.push_back(std::move(field));
    } while (closed_ == 0 && cursor_.AcceptSymbol(","));
    NL_RETURN_IF_ERROR(Close(angle));
    return type;
  }

  Result<DataType> ParseLeaf() {
    if (!cursor_.Has(0) || cursor_.token().kind != TokenKind::kWord) return cursor_.Unexpected("a type");
    const TokenCursor begin = cursor_;
    std::string name = LowerAscii(cursor_.Text());
    cursor_.Skip();
    if (name == "double") cursor_.AcceptWord("precision");
    if (name == "character" && cursor_.AcceptWord("varying")) name = "varchar";
    if (name == "timestamp") {
      if (cursor_.AcceptWords({"with", "time", "zone"})) name = "timestamptz";
      cursor_.AcceptWords({"without", "time", "zone"});
    }
    if (cursor_.IsSymbol("(")) {
      NL_ASSIGN_OR_RETURN(const auto digits, TakeParenthesised(cursor_));
      // The length of a text is a constraint that Delta does not have.
      const bool decimal = name == "decimal" || name == "numeric" || name == "dec";
      if (!decimal) return begin.NotSupported("a length or precision of a type other than DECIMAL");
      name += "(" + digits + ")";
    }
    auto type = tables::delta::LeafTypeByName(name, tables::delta::Expression::Dialect::kOurs);
    if (!type) return begin.NotSupported(fmt::format("columns of the type {}; see docs/sql/types.md", name));
    return *std::move(type);
  }

  TokenCursor& cursor_;
  size_t closed_ = 0;
};

/// Whether an option, or the end of the column, begins here: where an expression without parentheses ends.
bool EndsExpression(const TokenCursor& cursor) {
  if (cursor.AtEnd() || cursor.IsSymbol(",") || cursor.IsSymbol(")")) return true;
  if (cursor.IsWord("not")) return cursor.IsWord("null", 1);
  if (cursor.IsWord("comment")) return cursor.IsString(1);
  for (const std::string_view word : {"constraint", "check", "generated", "primary", "unique", "references", "default",
                                      "first", "after", "encrypted"}) {
    if (cursor.IsWord(word)) return true;
  }
  return false;
}

Result<std::string> TakeExpression(TokenCursor& cursor) {
  const size_t begin = cursor.Position();
  size_t end = begin;
  bool after_is = false;
  for (size_t depth = 0; cursor.Has(0);) {
    if (depth == 0 && !after_is && EndsExpression(cursor)) break;
    if (cursor.IsSymbol("(")) ++depth;
    if (cursor.IsSymbol(")")) --depth;
    after_is = cursor.IsWord("is");
    end = cursor.token().end;
    cursor.Skip();
  }
  if (end == begin) return cursor.Unexpected("an expression");
  return std::string(cursor.sql().substr(begin, end - begin));
}

Result<int64_t> TakeSignedInteger(TokenCursor& cursor, std::string_view what) {
  const bool minus = cursor.AcceptSymbol("-");
  NL_ASSIGN_OR_RETURN(const int64_t value, cursor.ExpectInteger(what));
  return minus ? -value : value;
}

/// Standing behind AS IDENTITY.
Result<IdentityClause> ParseIdentity(TokenCursor& cursor, bool always) {
  IdentityClause identity{.always = always};
  if (!cursor.AcceptSymbol("(")) return identity;
  while (!cursor.AcceptSymbol(")")) {
    if (cursor.AcceptWords({"start", "with"})) {
      NL_ASSIGN_OR_RETURN(identity.start, TakeSignedInteger(cursor, "a number"));
    } else if (cursor.AcceptWords({"increment", "by"})) {
      NL_ASSIGN_OR_RETURN(identity.step, TakeSignedInteger(cursor, "a number"));
    } else {
      return cursor.Unexpected("START WITH or INCREMENT BY");
    }
    cursor.AcceptSymbol(",");
  }
  return identity;
}

/// Standing on GENERATED.
Result<void> ParseGenerated(TokenCursor& cursor, ColumnOptions& options) {
  const TokenCursor begin = cursor;
  if (options.generated_as || options.identity) return begin.Unexpected("GENERATED only once");
  cursor.Skip();
  const bool by_default = cursor.AcceptWords({"by", "default"});
  if (!by_default) NL_RETURN_IF_ERROR(cursor.ExpectWord("always"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("as"));
  if (cursor.AcceptWord("identity")) {
    NL_ASSIGN_OR_RETURN(options.identity, ParseIdentity(cursor, !by_default));
    return {};
  }
  if (by_default) return cursor.Unexpected("IDENTITY");
  NL_ASSIGN_OR_RETURN(options.generated_as, TakeParenthesised(cursor));
  // All are stored: readers of Parquet files compute nothing.
  cursor.AcceptWord("stored");
  if (cursor.IsWord("virtual")) return cursor.NotSupported("VIRTUAL generated columns");
  return {};
}

}  // namespace

Result<std::string> TakeParenthesised(TokenCursor& cursor) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  const size_t begin = cursor.Position();
  for (size_t depth = 1; cursor.Has(0);) {
    if (cursor.IsSymbol("(")) ++depth;
    if (cursor.IsSymbol(")")) --depth;
    const size_t end = cursor.Position();
    cursor.Skip();
    if (depth == 0) return std::string(Trim(cursor.sql().substr(begin, end - begin)));
  }
  return cursor.Unexpected("\")\"");
}

Result<EncryptionClause> ParseEncryption(TokenCursor& cursor) {
  NL_RETURN_IF_ERROR(cursor.ExpectWord("with"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("key"));
  EncryptionClause clause;
  NL_ASSIGN_OR_RETURN(clause.key, cursor.ExpectIdentifier("the name of a key"));
  clause.key = LowerAscii(clause.key);
  clause.deterministic = cursor.AcceptWord("deterministic");
  return clause;
}

Result<CheckClause> ParseCheck(TokenCursor& cursor) {
  CheckClause check;
  if (cursor.AcceptWord("constraint")) {
    NL_ASSIGN_OR_RETURN(check.name, ParseColumnName(cursor));
  }
  if (cursor.IsWord("primary") || cursor.IsWord("foreign") || cursor.IsWord("unique")) {
    return cursor.NotSupported("keys; only CHECK constraints can be enforced");
  }
  NL_RETURN_IF_ERROR(cursor.ExpectWord("check"));
  NL_ASSIGN_OR_RETURN(check.condition, TakeParenthesised(cursor));
  cursor.AcceptWord("enforced");
  return check;
}

Result<ColumnOptions> ParseColumnOptions(TokenCursor& cursor) {
  ColumnOptions options;
  for (;;) {
    const TokenCursor begin = cursor;
    if (cursor.AcceptWords({"not", "null"})) {
      options.not_null = true;
    } else if (cursor.AcceptWord("null")) {
      continue;
    } else if (cursor.IsWord("comment") && cursor.IsString(1)) {
      if (options.comment) return begin.Unexpected("COMMENT only once");
      cursor.Skip();
      NL_ASSIGN_OR_RETURN(options.comment, cursor.ExpectString("a comment"));
    } else if (cursor.AcceptWord("default")) {
      if (options.default_value) return begin.Unexpected("DEFAULT only once");
      NL_ASSIGN_OR_RETURN(options.default_value, TakeExpression(cursor));
    } else if (cursor.IsWord("generated")) {
      NL_RETURN_IF_ERROR(ParseGenerated(cursor, options));
    } else if (cursor.IsWord("encrypted") && cursor.IsWord("with", 1)) {
      if (options.encryption) return begin.Unexpected("ENCRYPTED only once");
      cursor.Skip();
      NL_ASSIGN_OR_RETURN(options.encryption, ParseEncryption(cursor));
    } else if (cursor.IsWord("constraint") || cursor.IsWord("check")) {
      NL_ASSIGN_OR_RETURN(auto check, ParseCheck(cursor));
      options.checks.push_back(std::move(check));
    } else {
      return options;
    }
  }
}

Result<DataType> ParseColumnType(TokenCursor& cursor) {
  TypeParser parser(cursor);
  NL_ASSIGN_OR_RETURN(auto type, parser.Parse(0));
  if (parser.HasOpenAngle()) return cursor.Unexpected("one \">\" less");
  return type;
}

Result<std::string> ParseColumnName(TokenCursor& cursor) {
  if (!cursor.Has(0)) return cursor.Unexpected("a name");
  if (cursor.token().kind == TokenKind::kQuotedIdentifier) return cursor.ExpectIdentifier("a name");
  if (cursor.token().kind != TokenKind::kWord) return cursor.Unexpected("a name");
  // Names of columns keep their case, and few words are reserved where only a name can stand.
  std::string name(cursor.Text());
  cursor.Skip();
  return name;
}

Result<tables::delta::ColumnPath> ParseColumnPath(TokenCursor& cursor) {
  tables::delta::ColumnPath path;
  do {
    NL_ASSIGN_OR_RETURN(auto name, ParseColumnName(cursor));
    path.push_back(std::move(name));
  } while (cursor.AcceptSymbol("."));
  return path;
}

}  // namespace neurolake::query
