#pragma once
#include <re2/re2.h>

#include <array>
#include <bitset>
#include <memory>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "privacy/detector/internal/pattern_shape.h"
#include "privacy/detector/pattern_scanner.h"

namespace neurolake::privacy {

/// The forms that stand between word boundaries, sorted by what can be told of a text without reading it.
class TokenFormIndex {
 public:
  /// Errors: kInternal if RE2 does not compile the pattern.
  Result<void> Add(const Pattern& pattern);

  /// Adds to `matches` what stands in `text`; see PatternScanner::ScanForms.
  void Scan(std::string_view text, bool with_failed, std::vector<PatternMatch>& matches) const;

 private:
  static constexpr size_t kFormsMax = 256;
  static constexpr size_t kBytesMax = 96;  ///< No form is longer.
  struct Form {
    std::unique_ptr<re2::RE2> regex;
    bool any_case;
    std::vector<const Pattern*> patterns;
    std::vector<PatternShape::Part> row;  ///< Spares RE2 where it is not empty.

    bool Matches(std::string_view text) const;
  };

  void Judge(std::string_view text, size_t begin, size_t end, uint8_t kinds, bool with_failed,
             std::vector<PatternMatch>& matches) const;

  std::vector<Form> forms_;
  std::array<std::bitset<kFormsMax>, kBytesMax + 1> by_length_;
  std::array<std::bitset<kFormsMax>, 256> by_first_, by_last_;
  std::array<std::bitset<kFormsMax>, kByteKinds> by_kinds_;
};

}  // namespace neurolake::privacy
