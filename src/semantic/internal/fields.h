#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "semantic/internal/yaml.h"

namespace neurolake::semantic {

/// The members of one map, read by name. The first thing that is wrong is kept, and reading goes on with defaults: so a
/// reader is a list of members, and `Done` says what was wrong.
class Fields {
 public:
  /// `what` names the map in errors: "a measure".
  Fields(const YamlNode& node, std::string what);

  std::string Text(std::string_view name, std::string fallback = "");
  std::string Required(std::string_view name);
  bool Flag(std::string_view name, bool fallback = false);
  int64_t Whole(std::string_view name, int64_t fallback, int64_t least, int64_t most);
  double Number(std::string_view name, double fallback, double least, double most);
  /// A list of texts, or one text for a list of one.
  std::vector<std::string> Texts(std::string_view name);
  /// The maps of a list; empty if it is not there.
  std::vector<const YamlNode*> Maps(std::string_view name);
  const YamlNode* Map(std::string_view name);
  /// Position in `choices`; nothing if the member is not there.
  std::optional<size_t> Choice(std::string_view name, std::initializer_list<std::string_view> choices);

  uint32_t line() const { return node_.line; }
  void Wrong(uint32_t line, const std::string& message);
  /// Errors: kInvalidArgument for the first wrong member, or one that nobody asked for.
  Result<void> Done();

 private:
  const YamlNode* Take(std::string_view name);

  const YamlNode& node_;
  std::string what_;
  std::vector<std::string> asked_;
  std::optional<Error> wrong_;
};

}  // namespace neurolake::semantic
