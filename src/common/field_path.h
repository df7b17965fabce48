#pragma once
#include <string>
#include <vector>

#include "common/text.h"

namespace neurolake {

/// The way to a field inside of a column, in one text: the names from the column on, or what the table's files call
/// each, with this between them; "element" inside of a list, "key" and "value" inside of a map. No name has it. A
/// column alone is a way of one.
inline constexpr char kFieldSeparator = '\x01';

inline std::vector<std::string> FieldPath(const std::string& text) { return Split(text, kFieldSeparator); }

/// Whether `path` leads into a column.
inline bool IsFieldPath(const std::string& path) { return path.find(kFieldSeparator) != std::string::npos; }

/// For people: "address.street".
inline std::string ShownPath(std::string text) {
  for (char& c : text) c = c == kFieldSeparator ? '.' : c;
  return text;
}

}  // namespace neurolake
