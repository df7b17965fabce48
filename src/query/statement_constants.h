#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "query/front_parser_tokens.h"

namespace neurolake::query {

/// A statement's text parted from the constants in it, which may be somebody's data.
struct ConstantSplit {
  std::string text;                    ///< With '?' in their place, and without comments.
  std::vector<std::string> constants;  ///< In order, as they were written.
};

/// Strings, whatever their quotes, numbers, and names in quotes that no plain name could be: people write
/// `WHERE email = "ann@example.org"`, and mean a string. Of a text that cannot be cut into tokens what is behind the
/// last one counts as a constant too. Never fails. Pure.
ConstantSplit SplitConstants(std::string_view sql);

/// Whether a token of `sql` is such a constant.
bool IsConstantToken(std::string_view sql, const Token& token);

}  // namespace neurolake::query
