#include "semantic/internal/fields.h"

#include <algorithm>
#include <charconv>

namespace neurolake::semantic {
namespace {

std::string Join(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

}  // namespace

Fields::Fields(const YamlNode& node, std::string what) : node_(node), what_(std::move(what)) {
  if (node.kind != YamlNode::Kind::kMap) Wrong(node.line, what_ + " is a map of members");
}

void Fields::Wrong(uint32_t line, const std::string& message) {
  if (!wrong_) wrong_ = WrongAt(line, message).error();
}

const YamlNode* Fields::Take(std::string_view name) {
  asked_.emplace_back(name);
  const YamlNode* found = node_.Find(name);
  return found == nullptr || found->IsNull() ? nullptr : found;
}

std::string Fields::Text(std::string_view name, std::string fallback) {
  const YamlNode* node = Take(name);
  if (node == nullptr) return fallback;
  if (node->kind != YamlNode::Kind::kScalar) {
    Wrong(node->line, fmt::format("{}: {} is a text", what_, name));
    return fallback;
  }
  if (node->scalar.find('\0') != std::string::npos) {
    Wrong(node->line, fmt::format("{}: {} has the character 0", what_, name));
    return fallback;
  }
  return node->scalar;
}

std::string Fields::Required(std::string_view name) {
  std::string text = Text(name);
  if (text.empty()) Wrong(node_.line, fmt::format("{} needs {}", what_, name));
  return text;
}

bool Fields::Flag(std::string_view name, bool fallback) {
  const YamlNode* node = Take(name);
  if (node == nullptr) return fallback;
  if (node->scalar == "true") return true;
  if (node->scalar != "false") Wrong(node->line, fmt::format("{}: {} is true or false", what_, name));
  return false;
}

int64_t Fields::Whole(std::string_view name, int64_t fallback, int64_t least, int64_t most) {
  const YamlNode* node = Take(name);
  if (node == nullptr) return fallback;
  int64_t value = 0;
  const char* end = node->scalar.data() + node->scalar.size();
  const auto read = std::from_chars(node->scalar.data(), end, value);
  if (node->scalar.empty() || read.ec != std::errc() || read.ptr != end || value < least || value > most) {
    Wrong(node->line, fmt::format("{}: {} is a whole number from {} to {}", what_, name, least, most));
    return fallback;
  }
  return value;
}

double Fields::Number(std::string_view name, double fallback, double least, double most) {
  const YamlNode* node = Take(name);
  if (node == nullptr) return fallback;
  double value = 0;
  const char* end = node->scalar.data() + node->scalar.size();
  const auto read = std::from_chars(node->scalar.data(), end, value);
  if (node->scalar.empty() || read.ec != std::errc() || read.ptr != end || !(value >= least && value <= most)) {
    Wrong(node->line, fmt::format("{}: {} is a number from {} to {}", what_, name, least, most));
    return fallback;
  }
  return value;
}

std::vector<std::string> Fields::Texts(std::string_view name) {
  const YamlNode* node = Take(name);
  std::vector<std::string> texts;
  if (node == nullptr) return texts;
  if (node->kind == YamlNode::Kind::kScalar) return {node->scalar};
  for (const YamlNode& item : node->items) {
    if (item.kind == YamlNode::Kind::kScalar && !item.scalar.empty()) texts.push_back(item.scalar);
    if (item.kind != YamlNode::Kind::kScalar) Wrong(item.line, fmt::format("{}: {} is a list of texts", what_, name));
  }
  if (node->kind == YamlNode::Kind::kMap) Wrong(node->line, fmt::format("{}: {} is a list of texts", what_, name));
  return texts;
}

std::vector<const YamlNode*> Fields::Maps(std::string_view name) {
  const YamlNode* node = Take(name);
  std::vector<const YamlNode*> maps;
  if (node == nullptr) return maps;
  if (node->kind != YamlNode::Kind::kSequence) {
    Wrong(node->line, fmt::format("{}: {} is a list, each item beginning with \"- \"", what_, name));
  }
  for (const YamlNode& item : node->items) maps.push_back(&item);
  return maps;
}

const YamlNode* Fields::Map(std::string_view name) {
  const YamlNode* node = Take(name);
  if (node != nullptr && node->kind != YamlNode::Kind::kMap) {
    Wrong(node->line, fmt::format("{}: {} is a map of members", what_, name));
    return nullptr;
  }
  return node;
}

std::optional<size_t> Fields::Choice(std::string_view name, std::initializer_list<std::string_view> choices) {
  const YamlNode* node = Take(name);
  if (node == nullptr) return std::nullopt;
  const auto found = std::ranges::find(choices, std::string_view(node->scalar));
  if (found == choices.end()) {
    Wrong(node->line, fmt::format("{}: {} is one of {}", what_, name, fmt::join(choices, ", ")));
    return std::nullopt;
  }
  return size_t(found - choices.begin());
}

Result<void> Fields::Done() {
  for (const auto& [name, value] : node_.members) {
    if (std::ranges::find(asked_, name) == asked_.end()) {
      Wrong(value.line, fmt::format("{} has no member {}; it has {}", what_, name, Join(asked_)));
    }
  }
  if (wrong_) return std::unexpected(*wrong_);
  return {};
}

}  // namespace neurolake::semantic
