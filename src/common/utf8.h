#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace neurolake {

/// U+FFFD, which stands for bytes that are no character.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Bytes of the well-formed UTF-8 character that `text` (not empty) begins with; 0 when there is none.
/// Source: RFC 3629, section 4.
size_t Utf8Length(std::string_view text);

/// Appends the Unicode scalar value `point` (no surrogate, at most U+10FFFF).
void AppendUtf8(std::string& text, uint32_t point);

}  // namespace neurolake
