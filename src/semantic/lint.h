#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "semantic/model.h"

namespace neurolake::semantic {

struct LintFinding {
  enum class Severity : uint8_t { kNote, kWarning };
  Severity severity = Severity::kWarning;
  std::string rule;    ///< "ambiguous-word", "unreachable-entity", "no-default-time", "fan-out", "several-ways", …
  std::string member;  ///< What it is about: `entity.dimension`, a join, a metric.
  std::string text;    ///< What is wrong and what would help.
  uint32_t line = 0;
};

/// What a valid model may still be misunderstood by, in the order of its lines. Pure; source: docs/semantic-layer.md,
/// "Lint".
std::vector<LintFinding> LintModel(const SemanticModel& model);

}  // namespace neurolake::semantic
