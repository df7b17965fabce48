#include <array>
#include <cstring>

#include "arrow/text_format.h"
#include "common/utf8.h"

namespace neurolake::arrow {
namespace {

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
      if (const size_t length = Utf8Length(text.substr(i)); length > 0) {
        i += length;
        continue;
      }
    }
    out.append(text, begin, i - begin);
    if (c >= 0x80) {
      out += kReplacementCharacter;
    } else {
      AppendEscaped(c, out);
    }
    begin = ++i;
  }
  out.append(text, begin, text.size() - begin);
  out.push_back('"');
}

}  // namespace neurolake::arrow
