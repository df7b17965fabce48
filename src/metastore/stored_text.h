#pragma once
#include <string>
#include <string_view>

namespace neurolake::metastore {

/// Whether every store keeps `text` as it is: valid UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL.
/// PostgreSQL refuses anything else, so SQLite does here too. O(n).
bool IsStorableText(std::string_view text);

/// `text` with each byte that breaks the rule replaced by U+FFFD: for evidence that must be kept whatever it holds.
std::string MakeStorable(std::string_view text);

}  // namespace neurolake::metastore
