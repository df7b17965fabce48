#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "query/front_parser.h"
#include "query/front_parser_tokens.h"

namespace neurolake::query {

/// Reads a statement's tokens from left to right for the front parser. `Accept…` moves on only if it matches.
class TokenCursor {
 public:
  TokenCursor(std::string_view sql, const std::vector<Token>& tokens) : sql_(sql), tokens_(&tokens) {}

  bool AtEnd() const { return at_ >= tokens_->size(); }
  size_t index() const { return at_; }
  void MoveTo(size_t index) { at_ = index; }
  void Skip() { ++at_; }
  const Token& token(size_t ahead = 0) const { return (*tokens_)[at_ + ahead]; }
  bool Has(size_t ahead) const { return at_ + ahead < tokens_->size(); }
  std::string_view sql() const { return sql_; }
  std::string_view Text(size_t ahead = 0) const;
  /// Byte offset of the next token, or of the text's end.
  size_t Position(size_t ahead = 0) const;
  /// What stands from `begin`, an earlier state of this cursor, to before the next token.
  std::string TextSince(const TokenCursor& begin) const;

  /// Whether the next tokens are these unquoted words, in any case.
  bool IsWord(std::string_view word, size_t ahead = 0) const;
  bool IsSymbol(std::string_view symbol, size_t ahead = 0) const;
  bool IsString(size_t ahead = 0) const;
  bool IsIdentifier(size_t ahead = 0) const;  ///< Quoted, or a word that is not reserved.
  bool AcceptWord(std::string_view word);
  bool AcceptWords(std::initializer_list<std::string_view> words);
  bool AcceptSymbol(std::string_view symbol);

  Result<void> ExpectWord(std::string_view word);
  Result<void> ExpectSymbol(std::string_view symbol);
  Result<std::string> ExpectString(std::string_view what);
  Result<std::string> ExpectIdentifier(std::string_view what);
  Result<int64_t> ExpectInteger(std::string_view what);
  /// `[[lake.]schema.]name`.
  Result<ObjectName> ExpectObjectName();
  /// The text between parentheses, others nested in it or not. `what` it is, should there be nothing.
  Result<std::string> ExpectParenthesised(std::string_view what);
  Result<void> ExpectEnd();

  /// "expected <what>, found …" at the next token. Shows words and symbols, never literals.
  std::unexpected<Error> Unexpected(std::string_view what) const;
  std::unexpected<Error> NotSupported(std::string_view what) const;

 private:
  std::string_view sql_;
  const std::vector<Token>* tokens_;
  size_t at_ = 0;
};

/// A replacement of [begin, end) of a text.
struct TextEdit {
  size_t begin = 0;
  size_t end = 0;
  std::string text;
};
/// Edits must not overlap. Returns `sql` itself if there are none.
std::string ApplyEdits(std::string_view sql, std::vector<TextEdit> edits);

/// Finds `t VERSION AS OF 3`, `t TIMESTAMP AS OF '…'` and `t@v3` in the whole statement and adds their
/// rewriting. Errors: kSyntaxError for a version that is not a number and the like. Source:
/// docs/sql/grammar.md, "time travel".
Result<void> RewriteTimeTravel(std::string_view sql, const std::vector<Token>& tokens, std::vector<TextEdit>& edits);

/// Adds the rewriting of `UPDATE SET *` and `INSERT *` of a MERGE, which go by name. Source: docs/sql/grammar.md,
/// "merge".
void RewriteMerge(TokenCursor cursor, std::vector<TextEdit>& edits);

/// Takes WITH SCHEMA EVOLUTION out of a MERGE or INSERT, standing on that; tells whether it was there.
bool RewriteSchemaEvolution(TokenCursor cursor, std::vector<TextEdit>& edits);

/// Normalises CREATE TABLE, standing on CREATE; nullopt when it is not one. See docs/sql/grammar.md, "create
/// table".
Result<std::optional<PassThrough>> ParseCreateTable(TokenCursor cursor, std::vector<TextEdit> edits);

/// COPY INTO, standing behind INTO.
Result<FrontStatement> ParseCopyInto(TokenCursor cursor);

/// PROMOTE, standing behind it.
Result<FrontStatement> ParsePromote(TokenCursor cursor);

/// INSERT with clauses that the engine's grammar lacks, and TRUNCATE; nullopt when it is neither.
Result<std::optional<FrontStatement>> ParseReplaceRows(TokenCursor cursor);

/// Transactions, SET, USE, RESET, SHOW, DESCRIBE, external locations; nullopt when it is none of them.
Result<std::optional<FrontStatement>> ParseSessionStatement(TokenCursor cursor);

}  // namespace neurolake::query
