#include "privacy/detector/gazetteer.h"

#include <array>
#include <bit>

// The file that scripts/build_gazetteer.py wrote, as it is: a string literal of 1 MB takes the compiler seconds.
asm(".section .rodata\n"
    ".global nl_gazetteer_begin\n.global nl_gazetteer_end\n"
    "nl_gazetteer_begin:\n.incbin \"" NL_GAZETTEER_FILE
    "\"\nnl_gazetteer_end:\n"
    ".byte 0\n.previous\n");
extern "C" const char nl_gazetteer_begin[], nl_gazetteer_end[];

namespace neurolake::privacy {
namespace {

/// FNV-1a; names are few enough for 64 bits never to meet by chance.
uint64_t HashOf(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash | 1;
}

/// U+00C0 to U+017F, each as its plain letter.
constexpr std::array<std::string_view, 192> kPlain = {
    "a", "a", "a", "a", "a", "a", "ae", "c", "e",  "e",  "e", "e", "i", "i", "i",  "i",  "d",  "n", "o",  "o", "o", "o",
    "o", "",  "o", "u", "u", "u", "u",  "y", "th", "ss", "a", "a", "a", "a", "a",  "a",  "ae", "c", "e",  "e", "e", "e",
    "i", "i", "i", "i", "d", "n", "o",  "o", "o",  "o",  "o", "",  "o", "u", "u",  "u",  "u",  "y", "th", "y", "a", "a",
    "a", "a", "a", "a", "c", "c", "c",  "c", "c",  "c",  "c", "c", "d", "d", "d",  "d",  "e",  "e", "e",  "e", "e", "e",
    "e", "e", "e", "e", "g", "g", "g",  "g", "g",  "g",  "g", "g", "h", "h", "h",  "h",  "i",  "i", "i",  "i", "i", "i",
    "i", "i", "i", "i", "i", "i", "j",  "j", "k",  "k",  "k", "l", "l", "l", "l",  "l",  "l",  "l", "l",  "l", "l", "n",
    "n", "n", "n", "n", "n", "n", "n",  "n", "o",  "o",  "o", "o", "o", "o", "oe", "oe", "r",  "r", "r",  "r", "r", "r",
    "s", "s", "s", "s", "s", "s", "s",  "s", "t",  "t",  "t", "t", "t", "t", "u",  "u",  "u",  "u", "u",  "u", "u", "u",
    "u", "u", "u", "u", "w", "w", "y",  "y", "y",  "z",  "z", "z", "z", "z", "z",  "s"};

struct Point {
  char32_t code = 0;
  size_t length = 1;
};

/// The code point at `at`; a byte that is not UTF-8 is a code point of no letter.
Point Decode(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(at);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || at + length > text.size()) return {0, 1};
  char32_t code = first & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {0, 1};
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  return {code, length};
}

bool IsLetter(char32_t code) {
  if (code < 0x80) return (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z');
  return (code >= 0xC0 && code != 0xD7 && code != 0xF7 && code < 0x2000) || (code >= 0x3040 && code < 0xFB00);
}

bool IsCapital(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z';
  if (code >= 0xC0 && code <= 0xDE) return code != 0xD7;
  if (code >= 0x100 && code <= 0x17F) {
    // Pairs of capital and small; from U+0139 and U+0179 on the capitals are odd.
    const bool odd = (code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17E);
    return (code % 2 == 1) == odd;
  }
  return (code >= 0x386 && code <= 0x3AB && code != 0x390) || (code >= 0x400 && code <= 0x42F);
}

void Append(char32_t code, std::string& text) {
  text += static_cast<char>(0xC0 | code >> 6);
  text += static_cast<char>(0x80 | (code & 0x3F));
}

/// Greek and Cyrillic, as str.lower() of Python has them: the script that writes the file uses it.
char32_t LowerOf(char32_t code) {
  if (code == 0x386) return 0x3AC;
  if (code >= 0x388 && code <= 0x38A) return code + 37;
  if (code == 0x38C) return 0x3CC;
  if (code == 0x38E || code == 0x38F) return code + 63;
  if (code >= 0x391 && code <= 0x3AB) return code + 32;
  if (code >= 0x400 && code <= 0x40F) return code + 80;
  if (code >= 0x410 && code <= 0x42F) return code + 32;
  if (code >= 0x460 && code <= 0x52F && code % 2 == 0) return code + 1;
  return code;
}

uint8_t KindOf(char flag) {
  switch (flag) {
    case 'g': return kGivenName;
    case 's': return kSurname;
    case 'c': return kTown;
    case 'C': return kLargeCity;
    case 'n': return kCountry;
    case 'o': return kCompany;
    case 'd': return kGroup;
    default: return 0;
  }
}

}  // namespace

void FoldInto(std::string_view text, std::string& folded) {
  for (size_t at = 0; at < text.size();) {
    const Point point = Decode(text, at);
    if (point.code >= 'A' && point.code <= 'Z') {
      folded += static_cast<char>(point.code + 32);
    } else if (point.code >= 0xC0 && point.code <= 0x17F) {
      folded += kPlain[point.code - 0xC0];
    } else if (point.code >= 0x370 && point.code <= 0x52F) {
      Append(LowerOf(point.code), folded);
    } else if (point.code == 0x2019) {
      folded += '\'';
    } else {
      folded += text.substr(at, point.length);
    }
    at += point.length;
  }
}

const Gazetteer& Gazetteer::Get() {
  static const Gazetteer kGazetteer;
  return kGazetteer;
}

Gazetteer::Gazetteer() {
  const std::string_view file(nl_gazetteer_begin, static_cast<size_t>(nl_gazetteer_end - nl_gazetteer_begin));
  slots_.resize(std::bit_ceil(file.size() / 6 + 2));
  for (size_t from = 0; from < file.size();) {
    const size_t end = file.find('\n', from);
    const std::string_view line = file.substr(from, end - from);
    const size_t tab = line.find('\t');
    uint8_t kinds = 0;
    for (const char flag : line.substr(0, tab)) kinds |= KindOf(flag);
    const uint64_t hash = HashOf(line.substr(tab + 1));
    size_t slot = hash & (slots_.size() - 1);
    while (slots_[slot].hash != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = {hash, kinds};
    ++size_;
    from = end + 1;
  }
}

uint8_t Gazetteer::KindsOf(std::string_view folded) const {
  const uint64_t hash = HashOf(folded);
  for (size_t slot = hash & (slots_.size() - 1); slots_[slot].hash != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].hash == hash) return slots_[slot].kinds;
  }
  return 0;
}

std::vector<Word> Words(std::string_view text) {
  std::vector<Word> words;
  for (size_t at = 0; at < text.size();) {
    Point point = Decode(text, at);
    if (!IsLetter(point.code)) {
      at += point.length;
      continue;
    }
    Word word{at, at, IsCapital(point.code), true};
    size_t letters = 0;
    while (at < text.size()) {
      point = Decode(text, at);
      if (IsLetter(point.code)) {
        word.all_caps = word.all_caps && IsCapital(point.code);
        ++letters;
      } else {
        const bool joins = point.code == '\'' || point.code == '-' || point.code == 0x2019;
        if (!joins || at + point.length >= text.size() || !IsLetter(Decode(text, at + point.length).code)) break;
      }
      at += point.length;
    }
    word.end = at;
    word.all_caps = word.all_caps && letters >= 2;
    // Part of an identifier, a file name, an address: no word of prose.
    const auto touches = [&](size_t i) {
      return i < text.size() && (text[i] == '_' || text[i] == '@' || (text[i] >= '0' && text[i] <= '9'));
    };
    if (!touches(word.begin - 1) && !touches(word.end)) words.push_back(word);
  }
  return words;
}

}  // namespace neurolake::privacy
