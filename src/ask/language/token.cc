#include "ask/language/token.h"

#include <utf8proc.h>

#include <array>
#include <cstdlib>

namespace neurolake::ask {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// A code point of `text` at `at` and its bytes; an invalid byte is U+FFFD of one byte.
struct CodePoint {
  utf8proc_int32_t value;
  size_t bytes;
};

CodePoint At(std::string_view text, size_t at) {
  utf8proc_int32_t value = 0;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                      static_cast<utf8proc_ssize_t>(text.size() - at), &value);
  if (bytes <= 0) return {0xfffd, 1};
  return {value, static_cast<size_t>(bytes)};
}

bool IsWordChar(utf8proc_int32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND: return true;
    default: return false;
  }
}

bool IsSpace(utf8proc_int32_t c) {
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_CF;
}

bool IsApostrophe(utf8proc_int32_t c) { return c == '\'' || c == 0x2019 || c == 0x02bc || c == '`'; }

/// The closing mark for an opening one, or 0.
utf8proc_int32_t ClosingQuote(utf8proc_int32_t c) {
  switch (c) {
    case '"': return '"';
    case '\'': return '\'';
    case 0x201c: return 0x201d;  // “ ”
    case 0x201e: return 0x201c;  // „ “
    case 0x2018: return 0x2019;  // ‘ ’
    case 0xab: return 0xbb;      // « »
    default: return 0;
  }
}

/// Bytes of a run of digits at `at`.
size_t Digits(std::string_view text, size_t at) {
  size_t n = 0;
  while (at + n < text.size() && IsDigit(text[at + n])) ++n;
  return n;
}

bool WordFollows(std::string_view text, size_t at) { return at < text.size() && IsWordChar(At(text, at).value); }

/// Bytes of a date at `at`: yyyy-mm[-dd], yyyy/mm/dd, d/m/y, d.m.y, yyyy-Www; 0 if there is none.
size_t DateLength(std::string_view text, size_t at) {
  const size_t first = Digits(text, at);
  size_t p = at + first;
  if (first == 0 || first > 4 || p >= text.size()) return 0;
  const char separator = text[p];
  if (separator != '-' && separator != '/' && separator != '.') return 0;
  ++p;
  if (first == 4 && separator == '-' && p < text.size() && (text[p] == 'W' || text[p] == 'w')) {
    const size_t week = Digits(text, p + 1);
    return week >= 1 && week <= 2 && !WordFollows(text, p + 1 + week) ? p + 1 + week - at : 0;
  }
  const size_t second = Digits(text, p);
  if (second == 0 || second > 2) return 0;
  p += second;
  if (p + 1 < text.size() && text[p] == separator && IsDigit(text[p + 1])) {
    const size_t third = Digits(text, p + 1);
    const bool year_first = first == 4 && third <= 2;
    const bool year_last = first <= 2 && (third == 4 || (third == 2 && separator != '-'));
    return (year_first || year_last) && !WordFollows(text, p + 1 + third) ? p + 1 + third - at : 0;
  }
  if (WordFollows(text, p)) return 0;
  return first == 4 && second == 2 && separator != '.' ? p - at : 0;  // 2013-05, 2013/05
}

/// Bytes of a number with thousands' commas and a decimal point.
size_t NumberLength(std::string_view text, size_t at) {
  size_t p = at + Digits(text, at);
  if (p - at <= 3) {
    while (p < text.size() && text[p] == ',' && Digits(text, p + 1) == 3) p += 4;
  }
  if (p + 1 < text.size() && text[p] == '.' && IsDigit(text[p + 1])) p += 1 + Digits(text, p + 1);
  return p - at;
}

struct Contraction {
  std::string_view suffix;
  std::string_view word;
};
constexpr std::array<Contraction, 6> kContractions{
    {{"re", "are"}, {"ve", "have"}, {"ll", "will"}, {"d", "would"}, {"m", "am"}, {"s", ""}}};

/// Words after which 's is "is" and no possessive.
bool TakesIs(std::string_view word) {
  return word == "what" || word == "who" || word == "where" || word == "how" || word == "there" || word == "when";
}

class Cutter {
 public:
  Cutter(std::string_view text, size_t tokens_max) : text_(text), tokens_max_(tokens_max) {}

  bool Run() {
    while (at_ < text_.size()) {
      const CodePoint c = At(text_, at_);
      if (IsSpace(c.value)) {
        at_ += c.bytes;
        blank_ = true;
        continue;
      }
      if (tokens_.size() >= tokens_max_) return false;
      Next(c);
      blank_ = false;
    }
    return true;
  }
  std::vector<Token> Take() { return std::move(tokens_); }

 private:
  void Emit(TokenKind kind, size_t begin, size_t end, std::string word) {
    const bool glued = !blank_ && !tokens_.empty();
    tokens_.push_back({std::string(text_.substr(begin, end - begin)), std::move(word), kind, begin, end, glued});
  }

  void Next(CodePoint c) {
    if (IsDigit(text_[at_])) {
      const size_t length = DateLength(text_, at_);
      if (length > 0) return Take(TokenKind::kDate, length);
      const size_t number = NumberLength(text_, at_);
      const bool address = at_ + number < text_.size() && text_[at_ + number] == '@';  // 99@example.com
      if (!address && !WordFollows(text_, at_ + number)) return Take(TokenKind::kNumber, number);
    }
    if (Quoted(c)) return;
    if (IsWordChar(c.value)) return Word();
    if (c.value == '\'' && Digits(text_, at_ + 1) == 2 && !WordFollows(text_, at_ + 3))
      return Take(TokenKind::kWord, 3);
    if (c.value == 0xfffd) return Emit(TokenKind::kSymbol, at_, at_ + c.bytes, "\xef\xbf\xbd"), void(at_ += c.bytes);
    if (c.value == '_') {  // Parts words as a hyphen does.
      at_ += c.bytes;
      return;
    }
    const std::string_view two = text_.substr(at_, 2);
    if (two == "<=" || two == ">=" || two == "!=" || two == "<>") return Take(TokenKind::kSymbol, 2);
    Take(TokenKind::kSymbol, c.bytes);
  }

  void Take(TokenKind kind, size_t bytes) {
    Emit(kind, at_, at_ + bytes, Fold(text_.substr(at_, bytes)));
    at_ += bytes;
  }

  bool Quoted(CodePoint open) {
    const utf8proc_int32_t close = ClosingQuote(open.value);
    if (close == 0 || (!blank_ && !tokens_.empty() && open.value == '\'')) return false;
    for (size_t p = at_ + open.bytes; p < text_.size();) {
      const CodePoint c = At(text_, p);
      // An apostrophe closes only where no word goes on: 'O'Hare'.
      if (c.value == close && p > at_ + open.bytes && (close != '\'' || !WordFollows(text_, p + c.bytes))) {
        const std::string_view inner = text_.substr(at_ + open.bytes, p - at_ - open.bytes);
        Emit(TokenKind::kQuoted, at_, p + c.bytes, Fold(inner));
        tokens_.back().text = std::string(inner);
        at_ = p + c.bytes;
        return true;
      }
      p += c.bytes;
    }
    return false;
  }

  void Word() {
    const size_t begin = at_;
    size_t p = at_;
    while (p < text_.size()) {
      const CodePoint c = At(text_, p);
      const bool joins = c.value == '.' || c.value == '@';
      if (IsWordChar(c.value)) p += c.bytes;
      else if (joins && p > begin && WordFollows(text_, p + 1)) p += c.bytes;  // 2.5m, u.s, ann@example.org
      else break;
    }
    std::string word = Fold(text_.substr(begin, p - begin));
    if (p < text_.size() && IsApostrophe(At(text_, p).value) && Apostrophe(begin, p, word)) return;
    if (p < text_.size() && text_[p] == '.' && word.find('.') != std::string::npos &&
        word.find('@') == std::string::npos && word.size() <= 5) {
      ++p;  // "U.S."
    }
    if (word.size() <= 5 && word.find('@') == std::string::npos && !IsDigit(word[0])) std::erase(word, '.');
    Emit(TokenKind::kWord, begin, p, std::move(word));
    at_ = p;
  }

  /// What follows an apostrophe at `p`: a contraction, a possessive or the rest of a name.
  bool Apostrophe(size_t begin, size_t p, const std::string& word) {
    const size_t rest = p + At(text_, p).bytes;
    size_t q = rest;
    while (q < text_.size() && IsWordChar(At(text_, q).value)) q += At(text_, q).bytes;
    const std::string suffix = Fold(text_.substr(rest, q - rest));
    if (suffix == "t" && word.size() > 2 && word.ends_with("n")) {
      std::string base = word == "won" ? "will" : word == "can" ? "can" : word.substr(0, word.size() - 1);
      Emit(TokenKind::kWord, begin, p, std::move(base));
      Emit(TokenKind::kWord, p, q, "not");
    } else if (suffix.empty()) {  // customers'
      Emit(TokenKind::kWord, begin, p, word);
    } else if (suffix.size() > 2 && word.size() <= 2) {  // O'Hare
      Emit(TokenKind::kWord, begin, q, word + suffix);
      const size_t s = q < text_.size() && IsApostrophe(At(text_, q).value) ? q + At(text_, q).bytes : q;
      const bool possessive =
          s > q && s < text_.size() && (text_[s] == 's' || text_[s] == 'S') && !WordFollows(text_, s + 1);
      if (possessive) q = s + 1;  // "O'Brien's"
    } else {
      Emit(TokenKind::kWord, begin, p, word);
      for (const Contraction& contraction : kContractions) {
        if (suffix != contraction.suffix) continue;
        const std::string_view full = suffix == "s" && TakesIs(word) ? "is" : contraction.word;
        if (!full.empty()) Emit(TokenKind::kWord, p, q, std::string(full));
        at_ = q;
        return true;
      }
      at_ = rest;
      return true;
    }
    at_ = q;
    return true;
  }

  std::string_view text_;
  size_t tokens_max_;
  size_t at_ = 0;
  bool blank_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::string Fold(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = At(text, at);
    if (c.value == 0xfffd && c.bytes == 1) valid += '?';
    else if (c.value == 0) valid += ' ';
    else valid.append(text.substr(at, c.bytes));
    at += c.bytes;
  }
  utf8proc_uint8_t* mapped = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_NULLTERM | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                                      UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.c_str()), 0, &mapped, options);
  if (length < 0 || mapped == nullptr) return valid;
  const std::string_view folded(reinterpret_cast<const char*>(mapped), static_cast<size_t>(length));
  std::string result;
  for (const char c : folded) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) result += c;
    else if (!result.empty() && result.back() != ' ') result += ' ';
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  std::free(mapped);
  return result;
}

Result<std::vector<Token>> Tokenize(std::string_view question) {
  if (question.size() > kQuestionBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "the question is too long: {} bytes, at most {}", question.size(),
                     kQuestionBytesMax);
  }
  Cutter cutter(question, kQuestionTokensMax);
  if (!cutter.Run()) {
    return MakeError(ErrorCode::kInvalidArgument, "the question has too many words: at most {}", kQuestionTokensMax);
  }
  return cutter.Take();
}

std::vector<Token> TokenizeName(std::string_view name) {
  Cutter cutter(name, 64);
  cutter.Run();
  return cutter.Take();
}

std::string JoinWords(std::span<const Token> tokens) {
  std::string joined;
  for (const Token& token : tokens) {
    if (!joined.empty()) joined += ' ';
    joined += token.word;
  }
  return joined;
}

}  // namespace neurolake::ask
