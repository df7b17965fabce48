#include "privacy/detector/internal/number_tokens.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace neurolake::privacy {
namespace {

constexpr uint8_t kDigit = 1, kUpper = 2, kLower = 4, kJoin = 8;
constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (size_t c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  for (size_t c = 'A'; c <= 'Z'; ++c) classes[c] = kUpper, classes[c + 32] = kLower;
  // What separates the parts of one identifier.
  for (const char c : {'-', '.', '/', ':', '+'}) classes[static_cast<size_t>(c)] = kJoin;
  return classes;
}();
constexpr uint8_t kAlnum = kDigit | kUpper | kLower;
constexpr size_t kTokensMax = 256;  ///< Longer stretches are taken in pieces.
constexpr size_t kLeadingMax = 7;   ///< Tokens without digits that may come first: of a MAC address or a UUID.

uint8_t ClassOf(char c) { return kClasses[static_cast<uint8_t>(c)]; }

Token TokenAt(std::string_view text, size_t begin) {
  Token token{begin, begin, false, false};
  while (token.end < text.size() && (ClassOf(text[token.end]) & kAlnum) != 0) {
    const bool digit = ClassOf(text[token.end]) == kDigit;
    token.has_digit = token.has_digit || digit;
    token.has_letter = token.has_letter || !digit;
    ++token.end;
  }
  return token;
}

/// Words do not join across a blank, but abbreviations and groups of letters do: "DE", "WEST", "AB".
bool JoinsOverBlank(std::string_view text, const Token& token) {
  if (token.has_digit) return true;
  const size_t length = token.end - token.begin;
  if (length == 2 && (text[token.begin] | 0x20) != 'm' && (text[token.begin + 1] | 0x20) == 'm') return true;  // am, pm
  return length <= 5 &&
         std::ranges::all_of(text.substr(token.begin, length), [](char c) { return ClassOf(c) == kUpper; });
}

/// Bytes between two tokens that belong together; 0 if they do not.
size_t GapAt(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  const auto is = [&](size_t i, char c) { return i < text.size() && text[i] == c; };
  if (text[at] == ')') return is(at + 1, ' ') || is(at + 1, '-') || is(at + 1, '/') ? 2 : 1;
  if (text[at] == ' ') return is(at + 1, '(') ? 2 : 1;
  if (text[at] == ':' && is(at + 1, ':')) return 2;
  if (text[at] == '/' && is(at + 1, ' ')) return 2;
  return ClassOf(text[at]) == kJoin || text[at] == '(' || text[at] == '&' ? 1 : 0;
}

}  // namespace

bool NextTokens(std::string_view text, size_t& from, std::vector<Token>& tokens) {
  size_t at = from;
  while (at < text.size() && ClassOf(text[at]) != kDigit) ++at;
  if (at == text.size()) return false;
  size_t begin = at;
  while (begin > from && (ClassOf(text[begin - 1]) & kAlnum) != 0) --begin;
  // Tokens of letters in front of the first digit.
  for (size_t i = 0, first = begin; i < kLeadingMax && first > from + 1; ++i) {
    const char gap = text[first - 1];
    size_t before = first - 1;
    while (before > from && (ClassOf(text[before - 1]) & kAlnum) != 0) --before;
    if (before == first - 1) break;
    const Token token{before, first - 1, false, true};
    const bool joins = gap == ' ' || gap == '&' ? i < 2 && JoinsOverBlank(text, token)
                                                : ClassOf(gap) == kJoin && token.end - token.begin <= 12;
    if (!joins) break;
    begin = first = before;
  }
  tokens.clear();
  tokens.push_back(TokenAt(text, begin));
  while (tokens.size() < kTokensMax) {
    const size_t end = tokens.back().end, gap = GapAt(text, end);
    if (gap == 0) break;
    const Token next = TokenAt(text, end + gap);
    // "fe80::" ends in its separator.
    if (next.begin == next.end) break;
    if (text[end] == ' ' && !JoinsOverBlank(text, next)) break;
    tokens.push_back(next);
  }
  from = tokens.back().end;
  return true;
}

}  // namespace neurolake::privacy
