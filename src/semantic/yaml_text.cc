#include "semantic/internal/yaml_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>

namespace neurolake::semantic {

std::string QuotedYaml(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': quoted += "\\\""; break;
      case '\\': quoted += "\\\\"; break;
      case '\n': quoted += "\\n"; break;
      case '\t': quoted += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
          quoted += c;
        }
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
