#pragma once
#include <string>
#include <vector>

#include "common/text.h"

namespace neurolake::plan {

/// A mask of a field inside of a STRUCT has the way to it in PolicyColumn: in `name` the names from the column on, in
/// `physical` what the table's files call each, with this between them. No name has it.
inline constexpr char kFieldSeparator = '\x01';

/// What a mask's expression calls the field that it masks, and what the files are said to call it, as no column's.
inline constexpr const char* kMaskedValue = "value";
inline constexpr const char* kMaskedValuePhysical = "\x01value";

inline std::vector<std::string> FieldPath(const std::string& text) { return Split(text, kFieldSeparator); }

/// For people: "address.street".
inline std::string ShownPath(std::string text) {
  for (char& c : text) c = c == kFieldSeparator ? '.' : c;
  return text;
}

}  // namespace neurolake::plan
