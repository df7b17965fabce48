#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::query {

enum class TokenKind : uint8_t {
  kWord,               ///< Unquoted identifier or keyword.
  kQuotedIdentifier,   ///< "…"
  kUnicodeIdentifier,  ///< U&"…", with its UESCAPE.
  kString,             ///< '…', including continuation over lines.
  kEscapeString,       ///< E'…'
  kDollarString,       ///< $tag$…$tag$
  kOtherString,        ///< X'…', B'…', U&'…'
  kNumber,
  kParameter,  ///< $1 or ?1; a plain ? or $name is made of symbols.
  kSymbol,     ///< Operators and punctuation.
};

/// A token of a SQL text, by byte offsets: [begin, end).
struct Token {
  TokenKind kind = TokenKind::kSymbol;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Texts above this are refused: nobody writes them, and tokens would take twelve times their size.
inline constexpr size_t kSqlBytesMax = size_t{8} << 20;

/// Cuts `sql` into tokens at the same bytes as DuckDB's scanner (which is PostgreSQL's): nested comments,
/// adjacent strings, dollar quotes, operators that end before a comment, and its way with Unicode spaces.
/// Errors: kSyntaxError with {"position", byte offset from 0} for what never ends, a NUL byte and an
/// over-long operator;
///   kPayloadTooLarge. O(bytes).
/// Source: third_party/libpg_query/scan.l and Parser::StripUnicodeSpaces of DuckDB 1.5.5.
Result<std::vector<Token>> Tokenize(std::string_view sql);

/// The tokens before the first error, and whether there was one.
struct PartialTokens {
  std::vector<Token> tokens;
  bool complete = true;
};
PartialTokens TokenizeAsFarAsPossible(std::string_view sql);

/// What a kString, kEscapeString or kDollarString token stands for.
/// Errors: kSyntaxError for an escape that is not one.
Result<std::string> StringValue(std::string_view sql, const Token& token);

/// What a kWord (lower-cased) or kQuotedIdentifier (as written) token names.
std::string IdentifierValue(std::string_view sql, const Token& token);

/// Whether `word` (any case) is reserved, so that it names nothing unless it is quoted.
bool IsReservedWord(std::string_view word);

}  // namespace neurolake::query
