#include "query/front_parser_cursor.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"

namespace neurolake::query {

std::string_view TokenCursor::Text(size_t ahead) const {
  if (!Has(ahead)) return {};
  const Token& found = token(ahead);
  return sql_.substr(found.begin, found.end - found.begin);
}

size_t TokenCursor::Position(size_t ahead) const { return Has(ahead) ? token(ahead).begin : sql_.size(); }

bool TokenCursor::IsWord(std::string_view word, size_t ahead) const {
  return Has(ahead) && token(ahead).kind == TokenKind::kWord && EqualsIgnoringCase(Text(ahead), word);
}

bool TokenCursor::IsSymbol(std::string_view symbol, size_t ahead) const {
  return Has(ahead) && token(ahead).kind == TokenKind::kSymbol && Text(ahead) == symbol;
}

bool TokenCursor::IsString(size_t ahead) const {
  if (!Has(ahead)) return false;
  const TokenKind kind = token(ahead).kind;
  return kind == TokenKind::kString || kind == TokenKind::kEscapeString || kind == TokenKind::kDollarString;
}

bool TokenCursor::IsIdentifier(size_t ahead) const {
  if (!Has(ahead)) return false;
  if (token(ahead).kind == TokenKind::kQuotedIdentifier) return true;
  return token(ahead).kind == TokenKind::kWord && !IsReservedWord(Text(ahead));
}

bool TokenCursor::AcceptWord(std::string_view word) {
  if (!IsWord(word)) return false;
  Skip();
  return true;
}

bool TokenCursor::AcceptWords(std::initializer_list<std::string_view> words) {
  size_t ahead = 0;
  for (const std::string_view word : words) {
    if (!IsWord(word, ahead++)) return false;
  }
  at_ += words.size();
  return true;
}

bool TokenCursor::AcceptSymbol(std::string_view symbol) {
  if (!IsSymbol(symbol)) return false;
  Skip();
  return true;
}

Result<void> TokenCursor::ExpectWord(std::string_view word) {
  if (AcceptWord(word)) return {};
  return Unexpected(word);
}

Result<void> TokenCursor::ExpectSymbol(std::string_view symbol) {
  if (AcceptSymbol(symbol)) return {};
  return Unexpected(fmt::format("\"{}\"", symbol));
}

Result<std::string> TokenCursor::ExpectString(std::string_view what) {
  if (!IsString()) return Unexpected(fmt::format("{} in single quotes", what));
  NL_ASSIGN_OR_RETURN(auto value, StringValue(sql_, token()));
  Skip();
  return value;
}

Result<std::string> TokenCursor::ExpectIdentifier(std::string_view what) {
  if (!IsIdentifier()) return Unexpected(what);
  std::string value = IdentifierValue(sql_, token());
  Skip();
  return value;
}

Result<int64_t> TokenCursor::ExpectInteger(std::string_view what) {
  if (!Has(0) || token().kind != TokenKind::kNumber) return Unexpected(what);
  const std::string_view text = Text();
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return Unexpected(what);
  Skip();
  return value;
}

Result<ObjectName> TokenCursor::ExpectObjectName() {
  std::vector<std::string> parts;
  do {
    NL_ASSIGN_OR_RETURN(auto part, ExpectIdentifier(parts.empty() ? "a name" : "a name after \".\""));
    parts.push_back(std::move(part));
  } while (parts.size() < 3 && AcceptSymbol("."));
  if (parts.size() == 3) {
    if (!EqualsIgnoringCase(parts[0], "lake"))
      return Unexpected("a name of at most two parts, or of three that begin with lake");
    parts.erase(parts.begin());
  }
  if (parts.size() == 1) return ObjectName{.schema = "", .name = parts[0]};
  return ObjectName{.schema = parts[0], .name = parts[1]};
}

Result<void> TokenCursor::ExpectEnd() {
  if (AtEnd()) return {};
  return Unexpected("the end of the statement");
}

std::string TokenCursor::TextSince(const TokenCursor& begin) const {
  return std::string(Trim(sql_.substr(begin.Position(), Position() - begin.Position())));
}

Result<std::string> TokenCursor::ExpectParenthesised(std::string_view what) {
  NL_RETURN_IF_ERROR(ExpectSymbol("("));
  const TokenCursor begin = *this;
  int depth = 1;
  for (; !AtEnd(); Skip()) {
    if (IsSymbol("(")) ++depth;
    if (IsSymbol(")") && --depth == 0) break;
  }
  if (AtEnd()) return Unexpected("a closing parenthesis");
  if (index() == begin.index()) return Unexpected(what);
  std::string text = TextSince(begin);
  Skip();
  return text;
}

std::unexpected<Error> TokenCursor::Unexpected(std::string_view what) const {
  std::string found = "the end of the statement";
  if (!AtEnd()) {
    const TokenKind kind = token().kind;
    // A literal may be anything, also something secret.
    const bool shown = kind == TokenKind::kWord || kind == TokenKind::kSymbol;
    constexpr size_t kShownMax = 40;
    found = shown && Text().size() <= kShownMax ? fmt::format("\"{}\"", Text()) : "something else";
  }
  return std::unexpected(Error(ErrorCode::kSyntaxError, fmt::format("syntax error: expected {}, found {}", what, found))
                             .With("position", std::to_string(Position()))
                             .With("expected", std::string(what)));
}

std::unexpected<Error> TokenCursor::NotSupported(std::string_view what) const {
  return std::unexpected(Error(ErrorCode::kNotSupported, fmt::format("not supported yet: {}", what))
                             .With("position", std::to_string(Position())));
}

std::string ApplyEdits(std::string_view sql, std::vector<TextEdit> edits) {
  std::ranges::sort(edits, {}, [](const TextEdit& edit) { return std::pair(edit.begin, edit.end); });
  std::string text;
  size_t copied = 0;
  for (const TextEdit& edit : edits) {
    NL_CHECK(edit.begin >= copied && edit.end >= edit.begin && edit.end <= sql.size());
    text += sql.substr(copied, edit.begin - copied);
    text += edit.text;
    copied = edit.end;
  }
  text += sql.substr(copied);
  return text;
}

}  // namespace neurolake::query
