#include "semantic/internal/yaml_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>

namespace neurolake::semantic {

namespace {

/// What YAML does not take raw, or takes for the end of a line: C1 controls, line and paragraph separators, the byte
/// order mark and the two noncharacters. `bytes` is how many there are at the beginning; 0: none.
char32_t Refused(std::string_view text, size_t& bytes) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  bytes = 0;
  if (at(0) == 0xc2 && at(1) >= 0x80 && at(1) <= 0x9f) return bytes = 2, char32_t(at(1));
  if (at(0) == 0xe2 && at(1) == 0x80 && (at(2) == 0xa8 || at(2) == 0xa9))
    return bytes = 3, char32_t(0x2000 + (at(2) - 0x80));
  if (at(0) == 0xef && at(1) == 0xbb && at(2) == 0xbf) return bytes = 3, char32_t(0xfeff);
  if (at(0) == 0xef && at(1) == 0xbf && at(2) >= 0xbe) return bytes = 3, char32_t(0xffc0 + (at(2) - 0x80));
  return 0;
}

}  // namespace

std::string QuotedYaml(std::string_view text) {
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    size_t bytes = 0;
    const char32_t refused = Refused(text.substr(i), bytes);
    if (bytes > 0) {
      quoted += fmt::format("\\u{:04x}", uint32_t(refused));
      i += bytes - 1;
    } else if (c == '"' || c == '\\') {
      quoted += std::string("\\") + c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string NameYaml(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  const bool fits = !name.empty() && name != "null" && std::ranges::all_of(name, is_plain);
  return fits ? std::string(name) : QuotedYaml(name);
}

std::string ListYaml(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(QuotedYaml(text));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

}  // namespace neurolake::semantic
