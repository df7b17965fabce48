#include <array>
#include <cstring>

#include "arrow/text_format.h"

namespace neurolake::arrow {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr std::array<bool, 256> MakePlainTable() {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x80; ++c) plain[static_cast<size_t>(c)] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = MakePlainTable();

// True when none of the eight bytes needs an escape or belongs to a multi-byte character.
bool AllPlain(const char* text) {
  uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = 0x8080808080808080;
  // The usual "has a byte less than n" and "has a zero byte" tests (Bit Twiddling Hacks); exact once no high bit is
  // set.
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  const uint64_t found = word | (word - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes);
  return (found & kHigh) == 0;
}

// Length of the valid UTF-8 character at the start of `text`, or 0 (RFC 3629: no surrogates, no overlong forms).
size_t CharacterLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  size_t length = 0;
  unsigned char second_least = 0x80;
  unsigned char second_most = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) second_least = 0xA0;
    if (lead == 0xED) second_most = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) second_least = 0x90;
    if (lead == 0xF4) second_most = 0x8F;
  } else {
    return 0;
  }
  if (text.size() < length || at(1) < second_least || at(1) > second_most) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

void AppendEscaped(unsigned char c, std::string& out) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  size_t begin = 0;  // Start of the run that can be copied as it is.
  size_t i = 0;
  while (i < text.size()) {
    if (i + 8 <= text.size() && AllPlain(text.data() + i)) {
      i += 8;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (kPlain[c] || c == 0x7F) {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      if (const size_t length = CharacterLength(text.substr(i)); length > 0) {
        i += length;
        continue;
      }
    }
    out.append(text, begin, i - begin);
    if (c >= 0x80) {
      out += kReplacement;
    } else {
      AppendEscaped(c, out);
    }
    begin = ++i;
  }
  out.append(text, begin, text.size() - begin);
  out.push_back('"');
}

}  // namespace neurolake::arrow
