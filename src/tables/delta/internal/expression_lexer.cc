#include "tables/delta/internal/expression_lexer.h"

#include <algorithm>

namespace neurolake::tables::delta::internal {
namespace {

constexpr size_t kTextBytesMax = 64 * 1024;
constexpr size_t kTokensMax = 1000;

using Dialect = Expression::Dialect;
using Token = ExpressionToken;
using TokenKind = ExpressionTokenKind;

std::unexpected<Error> NotUnderstood(std::string_view what) {
  return MakeError(ErrorCode::kNotSupported, "an expression of a table has something that is not understood: {}", what);
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  Lexer(std::string_view text, Dialect dialect) : text_(text), dialect_(dialect) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    for (;;) {
      while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
      if (at_ == text_.size()) break;
      NL_ASSIGN_OR_RETURN(auto token, Next());
      tokens.push_back(std::move(token));
      if (tokens.size() > kTokensMax) return NotUnderstood(fmt::format("more than {} words", kTokensMax));
    }
    tokens.push_back({});
    return tokens;
  }

 private:
  Result<Token> Next() {
    const char c = text_[at_];
    if (c == '`') return Quoted('`', TokenKind::kQuotedName);
    if (c == '"' && dialect_ == Dialect::kOurs) return Quoted('"', TokenKind::kQuotedName);
    if (c == '\'' || c == '"') return dialect_ == Dialect::kOurs ? Quoted(c, TokenKind::kText) : SparkText(c);
    if (IsLetter(c)) return Word();
    if (IsDigit(c) || (c == '.' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1]))) return Number();
    for (const std::string_view symbol : {"<=>", "<=", ">=", "<>", "!=", "==", "||", "::"}) {
      if (text_.substr(at_).starts_with(symbol)) return Symbol(symbol.size());
    }
    if (std::string_view("()+-*/%<>=,.!").find(c) != std::string_view::npos) return Symbol(1);
    return NotUnderstood("a character outside of the language");
  }

  Token Symbol(size_t length) {
    at_ += length;
    return {.kind = TokenKind::kSymbol, .text = std::string(text_.substr(at_ - length, length))};
  }

  /// Doubled quotes stand for one.
  Result<Token> Quoted(char quote, TokenKind kind) {
    Token token{.kind = kind};
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != quote) {
        token.text += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
        token.text += quote;
        ++at_;
      } else {
        ++at_;
        return token;
      }
    }
    return MakeError(ErrorCode::kSyntaxError, "an expression of a table ends within quotes");
  }

  Result<Token> SparkText(char quote) {
    Token token{.kind = TokenKind::kText};
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        // What two texts side by side mean depends on Spark's version.
        if (at_ < text_.size() && text_[at_] == quote) return NotUnderstood("a doubled quote in a text");
        return token;
      }
      if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
        static constexpr std::string_view kPlain = "'\"\\`";
        if (c == 'n') {
          c = '\n';
        } else if (c == 't') {
          c = '\t';
        } else if (c == 'r') {
          c = '\r';
        } else if (kPlain.find(c) == std::string_view::npos) {
          return NotUnderstood("an escape in a text");
        }
      }
      token.text += c;
    }
    return MakeError(ErrorCode::kSyntaxError, "an expression of a table ends within quotes");
  }

  Token Word() {
    const size_t begin = at_;
    while (at_ < text_.size() && (IsLetter(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    return {.kind = TokenKind::kWord, .text = std::string(text_.substr(begin, at_ - begin))};
  }

  Result<Token> Number() {
    const size_t begin = at_;
    while (at_ < text_.size() && (IsDigit(text_[at_]) || text_[at_] == '.')) ++at_;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    }
    // 5L, 5D, 5BD and the like have types of Spark's own.
    if (at_ < text_.size() && IsLetter(text_[at_])) return NotUnderstood("a number with a suffix");
    std::string text(text_.substr(begin, at_ - begin));
    if (std::ranges::count(text, '.') > 1 || !IsDigit(text.back())) return NotUnderstood("a number");
    return Token{.kind = TokenKind::kNumber, .text = std::move(text)};
  }

  std::string_view text_;
  Dialect dialect_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<ExpressionToken>> SplitExpression(std::string_view text, Expression::Dialect dialect) {
  if (text.size() > kTextBytesMax) return NotUnderstood(fmt::format("a text of more than {} bytes", kTextBytesMax));
  return Lexer(text, dialect).Run();
}

}  // namespace neurolake::tables::delta::internal
