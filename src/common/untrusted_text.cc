#include "common/untrusted_text.h"

#include <fmt/format.h>

#include <cstdint>

#include "common/utf8.h"

namespace neurolake {
namespace {

std::string Escaped(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const std::string_view sequence = length == 0 ? kReplacementCharacter : text.substr(0, length);
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
