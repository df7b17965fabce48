#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace neurolake::semantic {

/// A document as a tree; scalars are text, whatever YAML would make of them.
struct YamlNode {
  enum class Kind : uint8_t { kScalar, kSequence, kMap };
  Kind kind = Kind::kScalar;
  uint32_t line = 1;
  std::string scalar = {};
  bool is_quoted = false;
  std::vector<YamlNode> items = {};
  std::vector<std::pair<std::string, YamlNode>> members = {};

  /// Null if there is none, or it is no map.
  const YamlNode* Find(std::string_view name) const;
  /// `~`, `null` or nothing.
  bool IsNull() const;
};

/// One YAML document. Refused: aliases and anchors (a few lines could stand for gigabytes), tags, members twice, keys
/// that are no text, a second document, more than 32 levels, 100,000 nodes or 1 MiB. Errors: kSyntaxError with the
/// line; kPayloadTooLarge. Safe on hostile text.
Result<YamlNode> ParseYaml(std::string_view text);

/// `kInvalidArgument`, "<message> (line 12)", detail "line".
std::unexpected<Error> WrongAt(uint32_t line, const std::string& message);

}  // namespace neurolake::semantic
