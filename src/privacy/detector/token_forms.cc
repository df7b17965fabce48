#include "privacy/detector/internal/token_forms.h"

#include <algorithm>

#include "common/check.h"
#include "privacy/detector/internal/number_tokens.h"

namespace neurolake::privacy {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) { return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }

/// Whether a word may begin or end here. A number that goes on behind a dot, a hyphen or a slash is part of something
/// longer: a version, a UUID, a decimal, an order number.
bool StandsFree(std::string_view text, size_t begin, size_t end) {
  // Groups of digits with more groups beside them are a part of a longer number.
  if (text.substr(begin, end - begin).find(' ') != std::string_view::npos) {
    if (IsDigit(text[begin]) && begin > 1 && text[begin - 1] == ' ' && IsDigit(text[begin - 2])) return false;
    if (IsDigit(text[end - 1]) && end + 1 < text.size() && text[end] == ' ' && IsDigit(text[end + 1])) return false;
  }
  const auto joins = [](char c) { return c == '.' || c == '-' || c == '/' || c == ':' || c == '+'; };
  if (begin > 0) {
    const char before = text[begin - 1];
    if (IsWord(before) || (static_cast<uint8_t>(before) & 0x80) != 0) return false;
    if (IsDigit(text[begin]) && begin > 1 && joins(before) && before != '+' && IsDigit(text[begin - 2])) return false;
    if (before == '-' && begin > 1 && IsWord(text[begin - 2]) && IsDigit(text[begin])) return false;
    if (before == '/' && begin > 1 && text[begin - 2] == '/') return false;
  }
  if (end < text.size()) {
    const char after = text[end];
    if (IsWord(after) || (static_cast<uint8_t>(after) & 0x80) != 0) return false;
    if (end + 1 < text.size() && joins(after) && IsDigit(text[end - 1]) && IsDigit(text[end + 1])) return false;
    if (after == '-' && end + 1 < text.size() && IsWord(text[end + 1])) return false;
  }
  return true;
}

}  // namespace

bool TokenFormIndex::Form::Matches(std::string_view text) const {
  if (!row.empty()) return IsOfRow(row, text);
  return regex->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

Result<void> TokenFormIndex::Add(const Pattern& pattern) {
  for (Form& form : forms_) {
    // Many identifiers are nine digits: one form for all of them.
    if (form.any_case == pattern.any_case && form.regex->pattern() == pattern.regex) {
      form.patterns.push_back(&pattern);
      return {};
    }
  }
  re2::RE2::Options options(re2::RE2::Latin1);
  options.set_case_sensitive(!pattern.any_case);
  options.set_never_capture(true);
  options.set_log_errors(false);
  Form form{std::make_unique<re2::RE2>(pattern.regex, options), pattern.any_case, {&pattern}, {}};
  if (!form.regex->ok()) {
    return MakeError(ErrorCode::kInternal, "a pattern of the detector does not compile: {} ({})", pattern.regex,
                     form.regex->error());
  }
  const size_t number = forms_.size();
  NL_CHECK(number < kFormsMax);
  const PatternShape shape = ShapeOf(pattern.regex, pattern.any_case);
  NL_CHECK(shape.least > 0 && shape.most <= kBytesMax);
  for (size_t length = shape.least; length <= shape.most; ++length) by_length_[length].set(number);
  for (size_t kinds = 0; kinds < kByteKinds; ++kinds) {
    by_kinds_[kinds].set(number, (shape.required & ~kinds) == 0 && (kinds & ~static_cast<size_t>(shape.allowed)) == 0);
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    by_first_[byte].set(number, shape.first.test(byte));
    by_last_[byte].set(number, shape.last.test(byte));
  }
  form.row = shape.row;
  forms_.push_back(std::move(form));
  return {};
}

void TokenFormIndex::Judge(std::string_view text, size_t begin, size_t end, uint8_t kinds, bool with_failed,
                           std::vector<PatternMatch>& matches) const {
  const auto possible = by_length_[end - begin] & by_kinds_[kinds] & by_first_[static_cast<uint8_t>(text[begin])] &
                        by_last_[static_cast<uint8_t>(text[end - 1])];
  if (possible.none() || !StandsFree(text, begin, end)) return;
  const std::string_view piece = text.substr(begin, end - begin);
  for (size_t number = possible._Find_first(); number < kFormsMax; number = possible._Find_next(number)) {
    const Form& form = forms_[number];
    if (!form.Matches(piece)) continue;
    for (const Pattern* pattern : form.patterns) {
      const bool passed = pattern->check == nullptr || pattern->check(piece);
      if (passed || with_failed) matches.push_back({pattern, begin, end, passed});
    }
  }
}

void TokenFormIndex::Scan(std::string_view text, bool with_failed, std::vector<PatternMatch>& matches) const {
  std::vector<Token> tokens;
  for (size_t from = 0; NextTokens(text, from, tokens);) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const size_t first_match = matches.size();
      // A telephone number may begin with what is no letter or digit.
      const char before = tokens[i].begin > 0 ? text[tokens[i].begin - 1] : ' ';
      const size_t wider = before == '+' || before == '(' ? tokens[i].begin - 1 : tokens[i].begin;
      const uint8_t wider_kinds = ByteKind('+');
      bool has_digit = false;
      uint8_t kinds = 0;
      for (size_t j = i; j < tokens.size() && tokens[j].end - wider <= kBytesMax; ++j) {
        for (size_t at = j > i ? tokens[j - 1].end : tokens[j].begin; at < tokens[j].begin; ++at)
          kinds |= ByteKind(text[at]);
        if (tokens[j].has_letter) kinds |= ByteKind('a');
        has_digit = has_digit || tokens[j].has_digit;
        if (!has_digit) continue;
        Judge(text, tokens[i].begin, tokens[j].end, kinds, with_failed, matches);
        if (wider != tokens[i].begin) Judge(text, wider, tokens[j].end, kinds | wider_kinds, with_failed, matches);
      }
      if (matches.size() - first_match < 2) continue;
      // Of each pattern that begins here the longest that passed, else the longest.
      const auto mine = matches.begin() + static_cast<std::ptrdiff_t>(first_match);
      std::sort(mine, matches.end(), [](const PatternMatch& a, const PatternMatch& b) {
        return std::tie(a.pattern, a.begin, b.passed, b.end) < std::tie(b.pattern, b.begin, a.passed, a.end);
      });
      matches.erase(std::unique(mine, matches.end(),
                                [](const PatternMatch& a, const PatternMatch& b) {
                                  return a.pattern == b.pattern && a.begin == b.begin;
                                }),
                    matches.end());
    }
  }
}

}  // namespace neurolake::privacy
