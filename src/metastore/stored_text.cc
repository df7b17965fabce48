#include "metastore/stored_text.h"

namespace neurolake::metastore {
namespace {

// Length of the well-formed UTF-8 character at the start of `text`, 0 when there is none. Source: RFC 3629, section 4.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [&](size_t i, unsigned low, unsigned high) { return byte(i) >= low && byte(i) <= high; };
  const unsigned first = byte(0);
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

// Offset of the first byte that cannot be stored, or the length.
size_t StorablePrefix(std::string_view text) {
  size_t offset = 0;
  while (offset < text.size()) {
    const auto first = static_cast<unsigned char>(text[offset]);
    if (first != 0 && first < 0x80) {  // The common case, without a call.
      ++offset;
      continue;
    }
    const size_t length = CharacterLength(text.substr(offset));
    if (length == 0) break;
    offset += length;
  }
  return offset;
}

}  // namespace

bool IsStorableText(std::string_view text) { return StorablePrefix(text) == text.size(); }

std::string MakeStorable(std::string_view text) {
  std::string stored;
  stored.reserve(text.size());
  while (!text.empty()) {
    const size_t good = StorablePrefix(text);
    stored += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    stored += "\xEF\xBF\xBD";
    text.remove_prefix(1);
  }
  return stored;
}

}  // namespace neurolake::metastore
