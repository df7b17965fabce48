#include "query/fingerprint.h"

#include "common/text.h"
#include "query/front_parser_tokens.h"

namespace neurolake::query {
namespace {

bool IsPlainName(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  if (name.empty() || !is_letter(name[0]) || IsReservedWord(name)) return false;
  for (const char c : name) {
    if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

std::string Normalized(std::string_view sql, const Token& token) {
  const std::string_view text = sql.substr(token.begin, token.end - token.begin);
  switch (token.kind) {
    case TokenKind::kString:
    case TokenKind::kEscapeString:
    case TokenKind::kDollarString:
    case TokenKind::kOtherString:
    case TokenKind::kNumber:
    case TokenKind::kParameter: return "?";
    case TokenKind::kQuotedIdentifier: {
      // The engine compares names without case, quoted or not.
      const std::string name = LowerAscii(IdentifierValue(sql, token));
      return IsPlainName(name) ? name : QuoteIdentifier(name);
    }
    case TokenKind::kWord:
    case TokenKind::kUnicodeIdentifier:
    case TokenKind::kSymbol: return LowerAscii(text);
  }
  return std::string(text);
}

}  // namespace

std::string NormalizeForFingerprint(std::string_view sql) {
  const PartialTokens partial = TokenizeAsFarAsPossible(sql);
  size_t count = partial.tokens.size();
  const auto is_semicolon = [&](const Token& token) { return token.end - token.begin == 1 && sql[token.begin] == ';'; };
  while (partial.complete && count > 0 && is_semicolon(partial.tokens[count - 1])) --count;
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) text += ' ';
    text += Normalized(sql, partial.tokens[i]);
  }
  if (!partial.complete) text += " <unreadable>";
  return text;
}

std::string Fingerprint(std::string_view sql) { return Sha256Hex(NormalizeForFingerprint(sql)); }

}  // namespace neurolake::query
