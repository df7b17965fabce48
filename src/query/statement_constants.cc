#include "query/statement_constants.h"

#include "query/front_parser_tokens.h"

namespace neurolake::query {
namespace {

/// Letters, digits, blanks and what joins words: a name, whoever gave it, and not an address or a number.
bool CouldBeName(std::string_view text) {
  bool letter = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_letter = std::isalpha(byte) != 0 || byte >= 0x80;
    letter = letter || is_letter || c == '_';
    if (!is_letter && std::isdigit(byte) == 0 && std::string_view("\"_ -.#$%/()").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return letter;
}

}  // namespace

bool IsConstantToken(std::string_view sql, const Token& token) {
  switch (token.kind) {
    case TokenKind::kString:
    case TokenKind::kEscapeString:
    case TokenKind::kDollarString:
    case TokenKind::kOtherString:
    case TokenKind::kNumber: return true;
    case TokenKind::kQuotedIdentifier:
    case TokenKind::kUnicodeIdentifier: return !CouldBeName(sql.substr(token.begin, token.end - token.begin));
    case TokenKind::kWord:
    case TokenKind::kParameter:
    case TokenKind::kSymbol: return false;
  }
  return true;
}

ConstantSplit SplitConstants(std::string_view sql) {
  const PartialTokens partial = TokenizeAsFarAsPossible(sql);
  ConstantSplit split;
  size_t end = 0;
  for (const Token& token : partial.tokens) {
    // Comments may say anything.
    if (token.begin > end && !split.text.empty()) split.text += ' ';
    const std::string_view text = sql.substr(token.begin, token.end - token.begin);
    if (IsConstantToken(sql, token)) {
      split.text += '?';
      split.constants.emplace_back(text);
    } else {
      split.text += text;
    }
    end = token.end;
  }
  if (!partial.complete) {
    split.text += split.text.empty() ? "<unreadable>" : " <unreadable>";
    split.constants.emplace_back(sql.substr(end));
  }
  return split;
}

}  // namespace neurolake::query
