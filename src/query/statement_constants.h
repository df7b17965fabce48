#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::query {

/// A statement's text parted from the constants in it, which may be somebody's data.
struct ConstantSplit {
  std::string text;                    ///< With '?' in their place, and without comments.
  std::vector<std::string> constants;  ///< In order, as they were written.
};

/// Strings, whatever their quotes, and numbers. Of a text that cannot be cut into tokens what is behind the last one
/// counts as a constant too. Never fails. Pure.
ConstantSplit SplitConstants(std::string_view sql);

}  // namespace neurolake::query
