#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::semantic {

/// A YAML scalar in double quotes: one form for all texts, which no reader takes for something else.
std::string QuotedYaml(std::string_view text);
/// The text without quotes where it is letters, digits, `_` and `.`, and no reader takes it for nothing.
std::string NameYaml(std::string_view name);
/// `["a", "b"]`.
std::string ListYaml(const std::vector<std::string>& texts);

}  // namespace neurolake::semantic
