#include "common/untrusted_text.h"

#include <fmt/format.h>

#include <cstdint>

namespace neurolake {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Bytes of the valid UTF-8 sequence that `text` begins with; 0 when there is none. Source: RFC 3629, section 4.
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  const auto continues = [&](size_t at) { return at < text.size() && (byte(at) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool too_large = first == 0xF4 && byte(1) > 0x8F;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

std::string Escaped(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const std::string_view sequence = length == 0 ? kReplacement : text.substr(0, length);
    const char first = sequence[0];
    switch (first) {
      case '"': quoted += "\\\""; break;
      case '\\': quoted += "\\\\"; break;
      case '\n': quoted += "\\n"; break;
      case '\r': quoted += "\\r"; break;
      case '\t': quoted += "\\t"; break;
      default: {
        const bool control = static_cast<uint8_t>(first) < 0x20 || first == 0x7F;
        if (control || first == '<' || first == '>' || first == '&') {
          quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(first));
        } else if (sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9") {
          quoted += sequence == "\xE2\x80\xA8" ? "\\u2028" : "\\u2029";
        } else {
          quoted += sequence;
        }
      }
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return quoted += '"';
}

}  // namespace

std::string UntrustedText::QuotedJson() const { return Escaped(text_); }

std::string UntrustedText::Quoted(std::string_view source) const {
  return fmt::format("<untrusted source={}>{}</untrusted>", Escaped(source), Escaped(text_));
}

}  // namespace neurolake
