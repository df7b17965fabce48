#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace neurolake::privacy {

/// A run of letters and digits.
struct Token {
  size_t begin, end;
  bool has_digit, has_letter;
};

/// The next stretch of `text` from `from` on in which an identifier with digits may stand: tokens that one separator
/// joins, at least one of them with a digit; `tokens` is what it consists of. False if there is none. Prose without
/// digits is passed over at some hundred MB/s: nothing is looked at but whether a byte is a digit.
bool NextTokens(std::string_view text, size_t& from, std::vector<Token>& tokens);

}  // namespace neurolake::privacy
