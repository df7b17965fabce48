#include "query/statement_constants.h"

#include "query/front_parser_tokens.h"

namespace neurolake::query {
namespace {

bool IsConstant(TokenKind kind) {
  switch (kind) {
    case TokenKind::kString:
    case TokenKind::kEscapeString:
    case TokenKind::kDollarString:
    case TokenKind::kOtherString:
    case TokenKind::kNumber: return true;
    case TokenKind::kWord:
    case TokenKind::kQuotedIdentifier:
    case TokenKind::kUnicodeIdentifier:
    case TokenKind::kParameter:
    case TokenKind::kSymbol: return false;
  }
  return true;
}

}  // namespace

ConstantSplit SplitConstants(std::string_view sql) {
  const PartialTokens partial = TokenizeAsFarAsPossible(sql);
  ConstantSplit split;
  size_t end = 0;
  for (const Token& token : partial.tokens) {
    // Comments may say anything.
    if (token.begin > end && !split.text.empty()) split.text += ' ';
    const std::string_view text = sql.substr(token.begin, token.end - token.begin);
    if (IsConstant(token.kind)) {
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
