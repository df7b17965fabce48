#pragma once
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace neurolake::privacy {

/// Kinds of bytes that tell forms apart at a glance, as bits; digits have none.
inline uint8_t ByteKind(char c) {
  switch (c) {
    case ' ': return 1;
    case '.': return 2;
    case '-': return 4;
    case ':': return 8;
    case '/': return 16;
    default: break;
  }
  const char lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'z') return 32;
  return c >= '0' && c <= '9' ? 0 : 64;
}
inline constexpr size_t kByteKinds = 128;  ///< Sets of them.

/// What all texts of a regular expression have in common: how long they are and which bytes they begin and end with.
struct PatternShape {
  size_t least = 0, most = 0;  ///< Bytes.
  std::bitset<256> first, last;
  /// Kinds of bytes beside digits (ByteKind) that every text of it has, and that any may have.
  uint8_t required = 0, allowed = 0;
  /// Where the expression is a row of byte classes, each repeated between two bounds: that row. Such a form needs no
  /// automaton. Empty for those with groups or alternatives.
  struct Part {
    std::bitset<256> bytes;
    size_t least, most;
  };
  std::vector<Part> row;
  bool simple = true;  ///< Whether `row` says all.
};

/// Whether `text` as a whole is of the form of `row`.
bool IsOfRow(std::span<const PatternShape::Part> row, std::string_view text);

/// For the part of the syntax that the pattern lists use: classes, groups, alternatives, bounded repetition, "\d",
/// "\s",
/// "\xNN". An unbounded repetition counts as 64.
PatternShape ShapeOf(std::string_view regex, bool any_case);

}  // namespace neurolake::privacy
