#include "query/front_parser_tokens.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/text.h"

namespace neurolake::query {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHorizontalSpace(char c) { return c == ' ' || c == '\t' || c == '\f'; }
bool IsNewline(char c) { return c == '\n' || c == '\r'; }
bool IsSpace(char c) { return IsHorizontalSpace(c) || IsNewline(c); }
bool IsIdentifierStart(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsDollarTagByte(char c) { return IsIdentifierStart(c) || IsDigit(c); }
bool IsIdentifierByte(char c) { return IsDollarTagByte(c) || c == '$'; }
bool IsOperatorByte(char c) {
  return c != '\0' && std::string_view("~!@^&|`+-*/%<>=").find(c) != std::string_view::npos;
}

// Length of the Unicode space at `at`, or 0. The engine looks only where two more bytes follow.
size_t UnicodeSpaceLength(std::string_view text, size_t at) {
  const auto byte = [&](size_t offset) { return static_cast<unsigned char>(text[at + offset]); };
  if (at + 2 >= text.size()) return 0;
  if (byte(0) == 0xC2) return byte(1) == 0xA0 ? 2 : 0;
  if (byte(0) == 0xE2 && byte(1) == 0x80) return (byte(2) >= 0x80 && byte(2) <= 0x8B) || byte(2) == 0xAF ? 3 : 0;
  if (byte(0) == 0xE2 && byte(1) == 0x81) return byte(2) == 0x9F || byte(2) == 0xA0 ? 3 : 0;
  if (byte(0) == 0xE3) return byte(1) == 0x80 && byte(2) == 0x80 ? 3 : 0;
  if (byte(0) == 0xEF) return byte(1) == 0xBB && byte(2) == 0xBF ? 3 : 0;
  return 0;
}

// Skips what the engine takes for quoted text while it looks for Unicode spaces; returns where it goes on.
// This is its own, rougher notion (no block comments, no backslashes), kept so that both see the same spaces.
std::optional<size_t> SkipRoughQuote(std::string_view text, size_t at) {
  const char c = text[at];
  if (c == '"' || c == '\'') {
    for (size_t p = at + 1; p + 1 < text.size(); ++p) {
      if (text[p] != c) continue;
      if (text[p + 1] != c) return p + 1;
      ++p;
    }
    return text.size();
  }
  if (c == '-' && text[at + 1] == '-') {
    while (at < text.size() && !IsNewline(text[at])) ++at;
    return at;
  }
  if (c == '$' && (text[at + 1] == '$' || IsIdentifierStart(text[at + 1]))) {
    size_t tag_end = at + 1;
    while (tag_end + 2 < text.size() && text[tag_end] != '$' && IsDollarTagByte(text[tag_end])) ++tag_end;
    if (tag_end + 2 >= text.size()) return text.size();
    if (text[tag_end] != '$') return tag_end;
    const std::string_view delimiter = text.substr(at, tag_end - at + 1);
    const size_t close = text.find(delimiter, tag_end + 1);
    return close == std::string_view::npos ? text.size() : close + delimiter.size();
  }
  return std::nullopt;
}

// The text with each Unicode space replaced by as many plain ones, so that offsets stay.
std::string WithPlainSpaces(std::string_view sql) {
  std::string text(sql);
  for (size_t at = 0; at + 2 < text.size();) {
    if (const auto next = SkipRoughQuote(text, at)) {
      at = *next;
    } else if (const size_t length = UnicodeSpaceLength(sql, at); length > 0) {
      std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), length, ' ');
      at += length;
    } else {
      ++at;
    }
  }
  return text;
}

class Scanner {
 public:
  explicit Scanner(std::string_view sql) : text_(WithPlainSpaces(sql)) {}

  // False at an error, which `error()` then describes.
  bool Scan(std::vector<Token>& tokens) {
    while (SkipBlank()) {
      if (at_ == text_.size()) return true;
      Token token;
      token.begin = static_cast<uint32_t>(at_);
      if (!ScanToken(token)) return false;
      token.end = static_cast<uint32_t>(at_);
      tokens.push_back(token);
    }
    return false;
  }
  const char* error() const { return error_; }
  size_t error_position() const { return error_position_; }

 private:
  char Peek(size_t offset = 0) const { return at_ + offset < text_.size() ? text_[at_ + offset] : '\0'; }

  bool Fail(const char* what, size_t position) {
    error_ = what;
    error_position_ = position;
    return false;
  }

  bool SkipBlank() {
    while (at_ < text_.size()) {
      if (IsSpace(text_[at_])) {
        ++at_;
      } else if (Peek() == '-' && Peek(1) == '-') {
        SkipLine();
      } else if (Peek() == '/' && Peek(1) == '*') {
        if (!SkipBlockComment()) return false;
      } else {
        break;
      }
    }
    return true;
  }

  void SkipLine() {
    while (at_ < text_.size() && !IsNewline(text_[at_])) ++at_;
  }

  bool SkipBlockComment() {
    const size_t start = at_;
    at_ += 2;
    for (size_t depth = 1; depth > 0;) {
      if (at_ >= text_.size()) return Fail("comment is not terminated", start);
      if (Peek() == '/' && Peek(1) == '*') {
        at_ += 2;
        ++depth;
      } else if (Peek() == '*' && Peek(1) == '/') {
        at_ += 2;
        --depth;
      } else {
        ++at_;
      }
    }
    return true;
  }

  bool ScanToken(Token& token) {
    const char c = Peek();
    if (c == '\'') return ScanString(token, TokenKind::kString);
    if (c == '"') return ScanQuotedIdentifier(token, TokenKind::kQuotedIdentifier);
    if (Peek(1) == '\'') {
      if (c == 'e' || c == 'E') return ++at_, ScanString(token, TokenKind::kEscapeString);
      if (c == 'x' || c == 'X' || c == 'b' || c == 'B') return ++at_, ScanString(token, TokenKind::kOtherString, true);
    }
    if ((c == 'u' || c == 'U') && Peek(1) == '&') {
      if (Peek(2) == '\'') return at_ += 2, ScanString(token, TokenKind::kOtherString) && SkipUnicodeEscape();
      if (Peek(2) == '"') {
        return at_ += 2, ScanQuotedIdentifier(token, TokenKind::kUnicodeIdentifier) && SkipUnicodeEscape();
      }
    }
    if (IsIdentifierStart(c)) return ScanWord(token);
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return ScanNumber(token);
    if (c == '$') return ScanDollar(token);
    if (c == '?' && IsDigit(Peek(1))) return ScanParameter(token);
    if (IsOperatorByte(c)) return ScanOperator();
    if (c == ':' && (Peek(1) == ':' || Peek(1) == '=')) return at_ += 2, true;
    if (c == '.' && Peek(1) == '.') return at_ += 2, true;
    return ++at_, true;
  }

  bool ScanWord(Token& token) {
    token.kind = TokenKind::kWord;
    // N'…' is the keyword NCHAR and a string.
    if ((Peek() == 'n' || Peek() == 'N') && Peek(1) == '\'') return ++at_, true;
    while (at_ < text_.size() && IsIdentifierByte(text_[at_])) ++at_;
    return true;
  }

  // Stands on the opening quote.
  bool ScanString(Token& token, TokenKind kind, bool raw = false) {
    token.kind = kind;
    const size_t start = at_++;
    while (at_ < text_.size()) {
      if (kind == TokenKind::kEscapeString && Peek() == '\\') {
        at_ += 2;
      } else if (Peek() != '\'') {
        ++at_;
      } else if (!raw && Peek(1) == '\'') {
        at_ += 2;
      } else {
        ++at_;
        const size_t next = ContinuationAfter(at_);
        if (next == 0) return true;
        at_ = next;
      }
    }
    at_ = text_.size();
    return Fail("string is not terminated", start);
  }

  // Where the content goes on if, after a closing quote, blanks with a line break and another quote follow;
  // else 0.
  size_t ContinuationAfter(size_t p) const {
    const auto size = text_.size();
    while (p < size && IsHorizontalSpace(text_[p])) ++p;
    if (p + 1 < size && text_[p] == '-' && text_[p + 1] == '-') {
      while (p < size && !IsNewline(text_[p])) ++p;
    }
    if (p >= size || !IsNewline(text_[p])) return 0;
    while (p < size) {
      if (IsSpace(text_[p])) {
        ++p;
      } else if (p + 1 < size && text_[p] == '-' && text_[p + 1] == '-') {
        while (p < size && !IsNewline(text_[p])) ++p;
      } else {
        break;
      }
    }
    return p < size && text_[p] == '\'' ? p + 1 : 0;
  }

  bool ScanQuotedIdentifier(Token& token, TokenKind kind) {
    token.kind = kind;
    const size_t start = at_++;
    while (at_ < text_.size()) {
      if (Peek() != '"') {
        ++at_;
      } else if (Peek(1) == '"') {
        at_ += 2;
      } else {
        ++at_;
        if (at_ - start == 2) return Fail("quoted identifier is empty", start);
        return true;
      }
    }
    return Fail("quoted identifier is not terminated", start);
  }

  // UESCAPE 'c' belongs to the token before it.
  bool SkipUnicodeEscape() {
    const auto skip_blank = [this](size_t p) {
      while (p < text_.size()) {
        if (IsSpace(text_[p])) {
          ++p;
        } else if (p + 1 < text_.size() && text_[p] == '-' && text_[p + 1] == '-') {
          while (p < text_.size() && !IsNewline(text_[p])) ++p;
        } else {
          break;
        }
      }
      return p;
    };
    constexpr std::string_view kWord = "uescape";
    size_t p = skip_blank(at_);
    if (!EqualsIgnoringCase(std::string_view(text_).substr(p, kWord.size()), kWord)) return true;
    p = skip_blank(p + kWord.size());
    if (p + 2 < text_.size() && text_[p] == '\'' && text_[p + 1] != '\'' && text_[p + 2] == '\'') at_ = p + 3;
    return true;
  }

  void SkipInteger() {
    while (IsDigit(Peek()) || (Peek() == '_' && IsDigit(Peek(1)))) ++at_;
  }

  bool ScanNumber(Token& token) {
    token.kind = TokenKind::kNumber;
    if (IsDigit(Peek())) SkipInteger();
    if (Peek() == '.' && Peek(1) != '.') {
      ++at_;
      if (IsDigit(Peek())) SkipInteger();
    }
    if (Peek() == 'e' || Peek() == 'E') {
      const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
      if (IsDigit(Peek(1 + sign))) {
        at_ += 1 + sign;
        SkipInteger();
      }
    }
    return true;
  }

  bool ScanParameter(Token& token) {
    token.kind = TokenKind::kParameter;
    ++at_;
    SkipInteger();
    return true;
  }

  bool ScanDollar(Token& token) {
    if (IsDigit(Peek(1))) return ScanParameter(token);
    size_t tag_end = at_ + 1;
    if (tag_end < text_.size() && IsIdentifierStart(text_[tag_end])) {
      while (tag_end < text_.size() && IsDollarTagByte(text_[tag_end])) ++tag_end;
    }
    if (tag_end >= text_.size() || text_[tag_end] != '$') return ++at_, true;
    token.kind = TokenKind::kDollarString;
    const std::string_view text = text_;
    const std::string_view delimiter = text.substr(at_, tag_end - at_ + 1);
    const size_t close = text.find(delimiter, tag_end + 1);
    if (close == std::string_view::npos) return Fail("dollar-quoted string is not terminated", at_);
    at_ = close + delimiter.size();
    return true;
  }

  bool ScanOperator() {
    size_t length = 0;
    while (at_ + length < text_.size() && IsOperatorByte(text_[at_ + length])) ++length;
    const std::string_view run = std::string_view(text_).substr(at_, length);
    length = std::min({length, run.find("/*"), run.find("--")});
    // "=-" is two operators, unless the first could not be one of standard SQL.
    while (length > 1 && (run[length - 1] == '+' || run[length - 1] == '-') &&
           run.substr(0, length - 1).find_first_of("~!@^&|`%") == std::string_view::npos) {
      --length;
    }
    if (length >= 64) return Fail("operator is longer than 63 bytes", at_);
    at_ += length;
    return true;
  }

  const std::string text_;
  size_t at_ = 0;
  const char* error_ = nullptr;
  size_t error_position_ = 0;
};

std::string Utf8(uint32_t code) {
  std::string out;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
  return out;
}

// One backslash escape at `at` of `body` (past the backslash); moves `at` behind it. Octal, hexadecimal and
// surrogate escapes are left to the engine: our own statements have no use for them.
std::optional<std::string> Unescape(std::string_view body, size_t& at) {
  const char c = body[at++];
  switch (c) {
    case 'b': return "\b";
    case 'f': return "\f";
    case 'n': return "\n";
    case 'r': return "\r";
    case 't': return "\t";
    case 'u':
    case 'U': {
      const size_t digits = c == 'u' ? 4 : 8;
      uint32_t code = 0;
      for (size_t i = 0; i < digits; ++i, ++at) {
        if (at >= body.size()) return std::nullopt;
        const auto digit = std::string_view("0123456789abcdef").find(LowerAscii(body.substr(at, 1)));
        if (digit == std::string_view::npos) return std::nullopt;
        code = code * 16 + static_cast<uint32_t>(digit);
      }
      if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
      return Utf8(code);
    }
    default: break;
  }
  if (IsDigit(c) || c == 'x') return std::nullopt;
  return std::string(1, c);
}

// Sorted. Source: third_party/libpg_query/grammar/keywords of DuckDB 1.5.5, reserved and those for types and
// functions, none of which can name a table or be an alias without AS.
constexpr std::array kReserved = std::to_array<std::string_view>(
    {"all",       "analyse",      "analyze",      "and",         "anti",    "any",           "array",
     "as",        "asc",          "asof",         "asymmetric",  "at",      "authorization", "binary",
     "both",      "by",           "case",         "cast",        "check",   "collate",       "collation",
     "column",    "concurrently", "constraint",   "create",      "cross",   "default",       "deferrable",
     "desc",      "describe",     "distinct",     "do",          "else",    "end",           "except",
     "false",     "fetch",        "for",          "foreign",     "freeze",  "from",          "full",
     "glob",      "group",        "having",       "ilike",       "in",      "initially",     "inner",
     "intersect", "into",         "is",           "isnull",      "join",    "lambda",        "lateral",
     "leading",   "left",         "like",         "limit",       "natural", "not",           "notnull",
     "null",      "offset",       "on",           "only",        "or",      "order",         "outer",
     "overlaps",  "pivot",        "pivot_longer", "pivot_wider", "placing", "positional",    "primary",
     "qualify",   "references",   "returning",    "right",       "select",  "semi",          "show",
     "similar",   "some",         "summarize",    "symmetric",   "table",   "tablesample",   "then",
     "to",        "trailing",     "true",         "union",       "unique",  "unpack",        "unpivot",
     "using",     "variadic",     "verbose",      "when",        "where",   "window",        "with"});
static_assert(std::ranges::is_sorted(kReserved));

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view sql) {
  if (sql.size() > kSqlBytesMax) {
    return MakeError(ErrorCode::kPayloadTooLarge, "SQL text is too long, bytes allowed: {}", kSqlBytesMax);
  }
  if (const size_t nul = sql.find('\0'); nul != std::string_view::npos) {
    return std::unexpected(
        Error(ErrorCode::kSyntaxError, "SQL text has a NUL byte").With("position", std::to_string(nul)));
  }
  std::vector<Token> tokens;
  Scanner scanner(sql);
  if (!scanner.Scan(tokens)) {
    return std::unexpected(
        Error(ErrorCode::kSyntaxError, scanner.error()).With("position", std::to_string(scanner.error_position())));
  }
  return tokens;
}

PartialTokens TokenizeAsFarAsPossible(std::string_view sql) {
  PartialTokens partial;
  const std::string_view text = sql.substr(0, std::min(sql.find('\0'), kSqlBytesMax));
  Scanner scanner(text);
  partial.complete = scanner.Scan(partial.tokens) && text.size() == sql.size();
  return partial;
}

Result<std::string> StringValue(std::string_view sql, const Token& token) {
  std::string_view body = sql.substr(token.begin, token.end - token.begin);
  if (token.kind == TokenKind::kDollarString) {
    const size_t delimiter = body.find('$', 1) + 1;
    return std::string(body.substr(delimiter, body.size() - 2 * delimiter));
  }
  const bool escapes = token.kind == TokenKind::kEscapeString;
  body.remove_prefix(escapes ? 2 : 1);
  std::string value;
  for (size_t at = 0; at < body.size();) {
    const char c = body[at++];
    if (c == '\\' && escapes) {
      const auto unescaped = Unescape(body, at);
      if (!unescaped.has_value()) {
        return std::unexpected(Error(ErrorCode::kSyntaxError, "string has an escape that is not supported here")
                                   .With("position", std::to_string(token.begin)));
      }
      value += *unescaped;
    } else if (c != '\'') {
      value += c;
    } else if (at < body.size() && body[at] == '\'') {
      value += '\'';
      ++at;
    } else {
      // End of one part; what lies before the next part's quote is blank or a comment.
      while (at < body.size()) {
        if (body[at] == '-') {
          while (at < body.size() && !IsNewline(body[at])) ++at;
        } else if (body[at++] == '\'') {
          break;
        }
      }
    }
  }
  return value;
}

std::string IdentifierValue(std::string_view sql, const Token& token) {
  const std::string_view text = sql.substr(token.begin, token.end - token.begin);
  if (token.kind == TokenKind::kWord) return LowerAscii(text);
  std::string value;
  for (size_t at = 1; at + 1 < text.size(); ++at) {
    value += text[at];
    if (text[at] == '"') ++at;
  }
  return value;
}

bool IsReservedWord(std::string_view word) { return std::ranges::binary_search(kReserved, LowerAscii(word)); }

}  // namespace neurolake::query
