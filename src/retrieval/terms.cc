#include "retrieval/terms.h"

#include <algorithm>
#include <iterator>

#include "common/text.h"

namespace neurolake::retrieval {
namespace {

constexpr size_t kTermBytesMax = 128;
constexpr std::string_view kHeldTogetherBy[] = {
    "a",    "an",   "and",   "are",   "as",  "at",    "be",    "by",   "can",  "did",  "do",  "does", "for",
    "from", "had",  "has",   "have",  "how", "i",     "in",    "is",   "it",   "its",  "me",  "my",   "of",
    "on",   "or",   "our",   "that",  "the", "their", "them",  "they", "this", "to",   "was", "we",   "were",
    "what", "when", "where", "which", "who", "whom",  "whose", "why",  "will", "with", "you", "your"};

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHigh(char c) { return static_cast<uint8_t>(c) >= 0x80; }
bool IsWord(char c) { return IsLower(c) || IsUpper(c) || IsDigit(c) || IsHigh(c) || c == '_'; }

/// From U+2E80 to U+FFFF, and the planes above the first: Han, kana, Hangul and symbols. Three or four bytes.
size_t WideCharacter(std::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 0;
  if (length == 0 || text.size() < length) return 0;
  if (length == 4 || first > 0xE2) return length;
  return first == 0xE2 && static_cast<uint8_t>(text[1]) >= 0xBA ? length : 0;
}

/// Bytes of general punctuation (U+2000 to U+207F: dashes, curly quotes, the ellipsis) or a no-break space at the
/// front.
size_t Punctuation(std::string_view text) {
  const auto byte = [&](size_t at) { return at < text.size() ? static_cast<uint8_t>(text[at]) : uint8_t{0}; };
  if (byte(0) == 0xE2 && (byte(1) == 0x80 || byte(1) == 0x81) && text.size() > 2) return 3;
  return byte(0) == 0xC2 && byte(1) == 0xA0 ? 2 : 0;
}

/// An unbroken run of word characters, with dots between names kept inside.
size_t RunLength(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (IsHigh(text[at]) && (WideCharacter(rest) > 0 || Punctuation(rest) > 0)) break;
    const bool inner_dot =
        text[at] == '.' && at > 0 && at + 1 < text.size() && IsWord(text[at + 1]) && text[at - 1] != '.';
    if (!IsWord(text[at]) && !inner_dot) break;
    ++at;
  }
  return at;
}

/// Whether one name (no dots) is written as identifiers are and words are not.
bool IsIdentifier(std::string_view name) {
  bool digit = false;
  bool letter = false;
  bool hump = false;
  bool upper_only = true;
  for (size_t at = 0; at < name.size(); ++at) {
    if (name[at] == '_') return name.size() > 1;
    digit |= IsDigit(name[at]);
    letter |= IsLower(name[at]) || IsUpper(name[at]) || IsHigh(name[at]);
    upper_only &= IsUpper(name[at]);
    hump |= at > 0 && IsUpper(name[at]) && IsLower(name[at - 1]);
    hump |= at > 1 && IsLower(name[at]) && IsUpper(name[at - 1]) && IsUpper(name[at - 2]);
  }
  return (digit && letter) || hump || (upper_only && name.size() > 1);
}

void Add(std::vector<std::string>& terms, std::string term) {
  if (term.empty()) return;
  if (term.size() > kTermBytesMax) term.resize(kTermBytesMax);
  terms.push_back(std::move(term));
}

/// custEmail_v2 → cust, email, v2; HTTPServer → http, server.
void AddParts(std::vector<std::string>& terms, std::string_view name) {
  size_t begin = 0;
  const auto cut = [&](size_t end) {
    if (end > begin) Add(terms, LowerAscii(name.substr(begin, end - begin)));
  };
  for (size_t at = 0; at < name.size(); ++at) {
    if (name[at] == '_') {
      cut(at);
      begin = at + 1;
    } else if (at > begin && IsUpper(name[at])) {
      const bool after_lower = IsLower(name[at - 1]) || IsDigit(name[at - 1]);
      const bool before_lower = IsUpper(name[at - 1]) && at + 1 < name.size() && IsLower(name[at + 1]);
      if (!after_lower && !before_lower) continue;
      cut(at);
      begin = at;
    }
  }
  cut(name.size());
}

void AddRun(std::vector<std::string>& terms, std::string_view run) {
  const std::vector<std::string> names = Split(run, '.');
  if (names.size() > 1) Add(terms, std::string(run));
  for (const std::string& name : names) {
    if (!IsIdentifier(name)) {
      Add(terms, LowerAscii(name));
      continue;
    }
    std::vector<std::string> parts;
    AddParts(parts, name);
    Add(terms, name);
    for (std::string& part : parts) {
      if (part != name) terms.push_back(std::move(part));
    }
  }
}

/// Calls `plain(text)` for what is no run, and `run(text)` for each run.
template <typename Plain, typename Run>
void Walk(std::string_view text, Plain plain, Run run) {
  while (!text.empty()) {
    size_t length = RunLength(text);
    if (length > 0) {
      run(text.substr(0, length));
    } else {
      length = std::max({WideCharacter(text), Punctuation(text), size_t{1}});
      plain(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
}

}  // namespace

std::vector<std::string> TermsOf(std::string_view text) {
  std::vector<std::string> terms;
  Walk(
      text,
      [&](std::string_view plain) {
        if (WideCharacter(plain) > 0) Add(terms, std::string(plain));
      },
      [&](std::string_view run) { AddRun(terms, run); });
  return terms;
}

std::vector<std::string> QuestionTermsOf(std::string_view text) {
  std::vector<std::string> terms = TermsOf(text);
  std::vector<std::string> telling;
  std::ranges::copy_if(terms, std::back_inserter(telling), [](const std::string& term) {
    return std::ranges::find(kHeldTogetherBy, term) == std::end(kHeldTogetherBy);
  });
  return telling.empty() ? terms : telling;
}

std::string WithoutIdentifiers(std::string_view text) {
  std::string rest;
  bool any_word = false;
  Walk(
      text,
      [&](std::string_view plain) {
        rest += plain;
        any_word |= WideCharacter(plain) > 0;
      },
      [&](std::string_view run) {
        const std::vector<std::string> names = Split(run, '.');
        // Capitals alone may be a word that matters to the meaning (GDP, EUR), so they stay.
        const auto noise = [](const std::string& name) {
          return IsIdentifier(name) && !std::ranges::all_of(name, [](char c) { return IsUpper(c); });
        };
        if (names.size() > 1 || noise(names[0])) return;
        rest += run;
        any_word = true;
      });
  return any_word ? rest : std::string(text);
}

}  // namespace neurolake::retrieval
