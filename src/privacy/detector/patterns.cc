#include "privacy/detector/patterns.h"

#include <vector>

#include "privacy/detector/internal/pattern_lists.h"

namespace neurolake::privacy {

std::span<const Pattern> Patterns() {
  static const std::vector<Pattern> kAll = [] {
    std::vector<Pattern> all;
    for (const auto& list : {GlobalPatterns(), EuropeanPatterns(), OtherPatterns(), SecretPatterns()}) {
      all.insert(all.end(), list.begin(), list.end());
    }
    return all;
  }();
  return kAll;
}

}  // namespace neurolake::privacy
