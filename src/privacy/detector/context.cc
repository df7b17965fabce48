#include "privacy/detector/context.h"

#include <algorithm>

#include "privacy/detector/gazetteer.h"
#include "privacy/detector/patterns.h"

namespace neurolake::privacy {
namespace {

constexpr size_t kBytesBefore = 60;
constexpr size_t kBytesAfter = 30;
/// Words up to this long have to stand as they are: "ip" is no beginning of "ipsum".
constexpr size_t kWholeWordBytes = 4;

bool IsLetterByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<uint8_t>(c) & 0x80) != 0;
}

bool Has(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !IsLetterByte(text[at - 1]) || (static_cast<uint8_t>(word.front()) & 0x80) != 0;
    const size_t end = at + word.size();
    const bool ends = end == text.size() || !IsLetterByte(text[end]) ||
                      (text[end] == 's' && (end + 1 == text.size() || !IsLetterByte(text[end + 1])));
    if (begins && (ends || word.size() > kWholeWordBytes || (static_cast<uint8_t>(word.front()) & 0x80) != 0))
      return true;
  }
  return false;
}

}  // namespace

std::string_view ContextWordIn(std::string_view folded, Entity entity) {
  for (const std::string_view word : ContextWords(entity)) {
    if (Has(folded, word)) return word;
  }
  return {};
}

std::string ContextOf(std::string_view text, size_t begin, size_t end) {
  const size_t from = begin > kBytesBefore ? begin - kBytesBefore : 0;
  std::string folded;
  FoldInto(text.substr(from, begin - from), folded);
  folded += '\n';
  std::string_view after = text.substr(end, kBytesAfter);
  after = after.substr(0, after.find('\n'));
  FoldInto(after, folded);
  return folded;
}

std::string WordsOfName(std::string_view column) {
  std::string words = " ", joined;
  char before = ' ';
  for (const char c : column) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool was_lower = (before >= 'a' && before <= 'z') || (before >= '0' && before <= '9');
    if (upper && was_lower) words += ' ';
    if (c == '_' || c == '-' || c == '.' || c == ' ') {
      words += ' ';
    } else {
      FoldInto(std::string_view(&c, 1), words);
      FoldInto(std::string_view(&c, 1), joined);
    }
    before = c;
  }
  return words + " " + joined;
}

}  // namespace neurolake::privacy
